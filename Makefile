# Two commands are all the set-up: `make run` and `make test`. What they do is in make.py, which needs no make.

PYTHON ?= python3

.PHONY: install run test test-release lint format bench lock lock-js clean

install run test test-release lint format bench lock lock-js clean:
	@$(PYTHON) make.py $@
