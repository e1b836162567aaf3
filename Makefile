# The commands a newcomer needs. Each sets up what it needs by itself.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LUOSHI := $(BIN)/luoshi
# Two processes: the suite is built for two cores.
WORKERS ?= 2
# Some images forbid Python to keep what it compiled; every command here would then compile a thousand modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo serve test check bench setup setup-dev system lock reference screenshots clean help

help:            ## what can be made
	@grep -hE '^[a-z-]+: .*##|^[a-z-]+:  +##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 16

demo: setup      ## a fictional city from nothing to the board, served on localhost
	$(LUOSHI) demo

serve: setup     ## serve what is in var/ on localhost:8000
	$(LUOSHI) demo --serve-only

test: system setup-dev  ## everything: lint, types, imports, tests
	$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest -q -n $(WORKERS) --durations=15

check: setup-dev ## the quick half of test: lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -n $(WORKERS)
	PYTHONPATH=src $(BIN)/lint-imports

bench: setup-dev ## speed, side by side with peers and the floor; writes var/bench.json
	$(BIN)/python -m bench

setup: $(VENV)/.runtime  ## a virtual environment with what runs Luoshi

setup-dev: $(VENV)/.dev  ## the same with what tests it

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; v=sys.version_info; sys.exit(0 if v >= (3, 11) else f"Luoshi needs Python 3.11 or newer, this is {v.major}.{v.minor}. Use: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/.python
	@[ -e $(VENV)/.dev ] && [ ! $(VENV)/.dev -ot requirements.lock ] || $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Not compiled: the tests compile, once, what they really import, a small part of what is installed.
$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/.python
	$(BIN)/python -m pip install -q --no-compile --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install -q --no-compile --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.runtime

system:          ## the system packages the tests use (Chromium, PostgreSQL, CJK fonts)
	@tools/system-packages

lock: setup-dev  ## resolve the dependencies anew and pin them with hashes
	$(BIN)/uv pip compile -q pyproject.toml --group build --generate-hashes --universal --python-version 3.11 --no-header -o requirements.lock
	$(BIN)/uv pip compile -q pyproject.toml --group build --group dev --generate-hashes --universal --python-version 3.11 --no-header -o requirements-dev.lock

reference: setup-dev  ## write the generated pages of docs/reference and GLOSSARY.md
	$(BIN)/python tools/make_reference.py

screenshots: setup-dev ## take the screenshot of the README from the demonstration
	$(BIN)/python tools/take_screenshots.py

clean:           ## forget the virtual environment and all data in var/
	rm -rf $(VENV) var
