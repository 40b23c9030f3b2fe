# Two commands for a fresh clone: `make demo` and `make test`. Both need only Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test soak coverage bench clean

demo: $(VENV)/.installed
	@$(BIN)/python examples/demo.py

# One process more than the smallest machine has cores, for tests wait much of their time.
test: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 3

# The long versions of tests, and those that print or allocate much.
soak: $(VENV)/.installed-test
	$(BIN)/python -m pytest -m soak --timeout 1800

# Apart from `test`: measuring imports modules and slows processes that some tests look at.
coverage: $(VENV)/.installed-test
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest -n 3 --ignore tests/test_layers.py --ignore tests/test_readme.py --ignore tests/test_docs.py
	$(BIN)/coverage combine -q
	$(BIN)/coverage report --fail-under=90 --skip-covered

bench: $(VENV)/.installed-test
	failed=0; for name in overhead console dashboard viewer eta redis_store redis_news; do $(BIN)/python benchmarks/$$name.py || failed=1; done; exit $$failed

# A .venv that half exists, for example without ensurepip, is made anew.
$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "compmake needs Python 3.11 or newer; name one: make PYTHON=python3.12 demo"; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || \
		{ rm -rf $(VENV); echo "python3 -m venv failed; on Debian: apt install python3-venv"; exit 1; }

$(VENV)/.installed: $(VENV)/bin/pip pyproject.toml
	@echo "installing compmake into $(VENV) ..."
	@$(BIN)/pip install -q --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/pip install -q --disable-pip-version-check -e '.[test]'
	@touch $@

clean:
	rm -rf $(VENV) .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
