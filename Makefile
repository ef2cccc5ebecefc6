# Two commands are all the set-up: `make run` and `make test`. Both are quick the second time.

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: install run test test-release lint bench lock clean

install: .venv/.installed

.venv/.installed: pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit("Moment Studio needs Python 3.11 or newer." if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

run: install
	$(BIN)/studio demo

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The browser's tests mostly wait for a page, the others mostly compute: side by side they take half as long.
test: lint
	@mkdir -p build
	@$(BIN)/python -m pytest tests/browser >build/browser.log 2>&1 & browser=$$!; \
	$(BIN)/python -m pytest --ignore=tests/browser; others=$$?; \
	wait $$browser; browser=$$?; cat build/browser.log; exit $$((others || browser))

test-release: install
	$(BIN)/python -m pytest -m 'release or not release'

bench: install
	$(BIN)/python -m tests.bench

# After a change of pyproject.toml: versions stay where they still fit. It needs uv, which needs no installing here.
lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --quiet \
		--no-emit-index-url --custom-compile-command 'make lock' --output-file requirements.lock
	$(BIN)/python -m tests.supply.licences

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info
