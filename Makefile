# Two commands are all the set-up: `make run` and `make test`. Both are quick the second time.

PYTHON ?= python3
BIN := .venv/bin
NODE := $(BIN)/python -m tests.node
JS := assets/web/js tests/js eslint.config.js tsconfig.json package.json
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: install run test test-release lint format bench lock lock-js clean

install: .venv/.installed

.venv/.installed: pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit("Moment Studio needs Python 3.11 or newer." if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

run: install
	$(BIN)/studio demo

lint: install node_modules/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	for system in linux darwin win32; do $(BIN)/mypy --platform $$system --cache-dir .mypy_cache/$$system || exit 1; done
	$(BIN)/lint-imports
	$(NODE) tsc
	$(NODE) eslint assets/web/js tests/js eslint.config.js
	$(NODE) prettier --check --log-level warn $(JS)

# What checks the browser's modules; the product needs none of it.
node_modules/.installed: package.json package-lock.json .venv/.installed
	$(NODE) install
	@touch $@

format: install node_modules/.installed
	$(BIN)/ruff format .
	$(NODE) prettier --write --log-level warn $(JS)

# The browser's tests mostly wait for a page, the others mostly compute: side by side they take half as long.
test: lint
	@$(BIN)/python -m tests.setup_browser
	@mkdir -p build
	@$(BIN)/python -m pytest tests/browser >build/browser.log 2>&1 & browser=$$!; \
	$(BIN)/python -m pytest --ignore=tests/browser; others=$$?; \
	wait $$browser; browser=$$?; cat build/browser.log; exit $$((others || browser))

test-release: install
	@$(BIN)/python -m tests.setup_browser
	$(BIN)/python -m pytest -m 'release or not release'

bench: install
	$(BIN)/python -m tests.bench

# After a change of pyproject.toml: versions stay where they still fit. It needs uv, which needs no installing here.
lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --quiet \
		--no-emit-index-url --custom-compile-command 'make lock' --output-file requirements.lock
	$(BIN)/python -m tests.supply.licences

# After a change of package.json.
lock-js: install
	$(NODE) lock

clean:
	rm -rf .venv node_modules build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info
