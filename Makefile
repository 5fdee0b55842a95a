# Everything a newcomer needs is here, with Python 3.11 or newer and make: `make run`, `make test`, `make bench`.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
TESTING := $(VENV)/.testing-installed
BENCHING := $(VENV)/.benching-installed
MUTATING := $(VENV)/.mutating-installed
AUDITING := $(VENV)/.auditing-installed
MANY ?= 250
SEED ?= 1
ALL := -n auto --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help run test coverage style types tests lint check bench evaluate mutants audit sbom lock clean

help:  ## say what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /  make \1\t/'

run: $(RUNTIME)  ## start the bot; without config.toml it serves the sample city on http://127.0.0.1:8080
	@$(BIN)/python -m bot run

test: style types tests  ## style, types and flows, then all tests

coverage: $(TESTING)  ## all tests, and which lines and branches they reach: takes twice the time of `make test`
	$(BIN)/python -m pytest $(ALL) --cov --cov-report=term --cov-report=xml:coverage.xml $(PYTEST)

style: $(TESTING)  ## say what is wrong with style and flows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m bot check

types: $(TESTING)  ## check the types
	$(BIN)/mypy

tests: $(TESTING)  ## all tests, and nothing else; PYTEST=tests/flows for a part
	$(BIN)/python -m pytest $(ALL) $(PYTEST)

lint: $(TESTING)  ## put the code in form, then say what is wrong with its style
	$(BIN)/ruff format .
	$(BIN)/ruff check .

check: lint types  ## all of `make test` but the tests
	$(BIN)/python -m bot check

bench: $(BENCHING)  ## time everything beside its peers, about an hour; NAMES=turns for a part
	$(BIN)/python -m tests.benchmarks $(NAMES)

evaluate: $(TESTING)  ## compare reading of free text with what people coded; NAMES=themes for a part, DATA=folder
	$(BIN)/python -m tests.evaluate $(if $(DATA),--data $(DATA)) $(NAMES)

mutants: $(MUTATING)  ## change the engine a little, 250 times, and count what the tests notice: about an hour
	$(BIN)/python -m tests.support.mutants --many $(MANY) --seed $(SEED)

audit: $(AUDITING)  ## ask whether weaknesses of any locked package are known; needs the network
	$(BIN)/python -m tests.support.audit

sbom: $(TESTING)  ## list what the bot is made of, with hashes and licences, in civicloop.cdx.json (CycloneDX)
	$(BIN)/python -m tests.support.sbom

lock: $(TESTING)  ## write the lock files anew from pyproject.toml
	$(BIN)/python -m tests.support.lock

clean:  ## remove what was made, but not ./data
	rm -rf $(VENV) civicloop.cdx.json mutants build dist *.egg-info .coverage* coverage.xml .evaluate .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "civicloop needs Python 3.11 or newer; this is `$(PYTHON) --version 2>&1`. Try: make run PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv"; exit 2; }

$(RUNTIME): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing civicloop into $(VENV) (once; about a minute)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(TESTING): requirements-test.lock $(RUNTIME)
	@echo "Installing what the tests need into $(VENV) (once)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements-test.lock
	@touch $@

$(BENCHING): requirements-bench.lock $(TESTING)
	@echo "Installing the peers of the benchmarks into $(VENV) (once)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements-bench.lock
	@touch $@

$(MUTATING): requirements-mutants.lock $(TESTING)
	@echo "Installing what changes the engine into $(VENV) (once)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements-mutants.lock
	@touch $@

$(AUDITING): requirements-audit.lock $(TESTING)
	@echo "Installing what audits into $(VENV)/audit (once)"
	@$(BIN)/python -m venv $(VENV)/audit
	@$(VENV)/audit/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements-audit.lock
	@touch $@
