# The front door. On a fresh machine every target sets up what it needs first.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Programs that come from PyPI (Node.js, where the machine has none) are found there.
export PATH := $(CURDIR)/$(BIN):$(PATH)

# The environment is built again when what it is made from has changed.
SUM := $(shell cat pyproject.toml constraints.txt | cksum | cut -d' ' -f1)
READY := $(VENV)/.ready-$(SUM)
READY_TEST := $(VENV)/.ready-test-$(SUM)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

COVERED := build/coverage
LINES := 90  # per cent of tsalab/ that the tests without the journeys must run
# A worker for each core: with more of them each only waits longer (measured). A file's tests
# stay together, and the files in their order: sorted by their number of tests, the browser's few
# and long ones would come last, and one worker would wait for the other.
WORKERS ?= $(shell nproc)
SPREAD := -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: help setup run lab check test coverage test-all mysql conformance bench bench-migration clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 17

setup: $(READY)  ## set up: system programs, .venv

$(READY): pyproject.toml constraints.txt
	.ci/system-packages
	.ci/environment $(PYTHON) $(VENV)
	$(PIP) install --constraint constraints.txt --editable .
	.ci/node $(BIN)
	rm -f $(VENV)/.ready-*
	touch $@

$(READY_TEST): $(READY)
	.ci/system-packages test
	$(PIP) install --constraint constraints.txt --editable '.[test]'
	touch $@

run: $(READY)  ## run the whole lab headless; a table of its 30 steps
	$(BIN)/tsalab run $(ARGS)

lab: $(READY)  ## open the lab in JupyterLab
	$(BIN)/tsalab lab $(ARGS)

check: $(READY_TEST)  ## ruff, mypy strict, notebooks clean
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python .ci/notebooks_clean.py notebooks/*.ipynb

test: check  ## check, then the tests
	$(BIN)/pytest -m "not slow" $(SPREAD) $(ARGS)

coverage: $(READY_TEST)  ## coverage by the tests, and apart by all journeys; 90 % or it fails
	$(call tests,unit,not journey and not slow,$(SPREAD))
	@echo; echo "Coverage of tsalab/ by the tests without the journeys:"
	$(BIN)/coverage report --data-file=$(COVERED)/unit --skip-covered --fail-under=$(strip $(LINES))
	$(call tests,journeys,journey,)
	@echo; echo "Coverage of tsalab/ by the journeys alone:"
	$(BIN)/coverage report --data-file=$(COVERED)/journeys | tail -n 1

test-all: check  ## coverage, and what takes long, with a MySQL where one can be fetched
	-.ci/mysql build/mysql
	$(MAKE) coverage
	$(BIN)/pytest -m "slow and not journey"

mysql:  ## fetch a MySQL server for the tests, Debian's, into build/mysql; installs nothing
	.ci/mysql build/mysql

conformance: $(READY_TEST)  ## the lab on a sandbox, every answer held against botocore's models
	$(BIN)/python -m tests.contract.conformance

bench: $(READY)  ## time of the sandbox and of the lab, beside their floor; build/bench.json
	.ci/system-packages bench
	$(BIN)/python tests/bench/bench.py $(ARGS)

bench-migration: $(READY)  ## a migration of 1 GB beside the tools that people use, and its floor; an hour
	.ci/system-packages bench
	$(BIN)/python tests/bench/bench.py --only migration --megabytes 1000 $(ARGS)

clean:  ## remove what can be made again, but .venv
	rm -rf build dist .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -not -path './.git/*' -prune -exec rm -rf {} +

# Every process that a test starts writes its own file of lines run; combined, they are one.
define tests
	@mkdir -p $(COVERED); rm -f $(COVERED)/$(1) $(COVERED)/$(1).*
	COVERAGE_FILE=$(CURDIR)/$(COVERED)/$(1) $(BIN)/coverage run -m pytest -m "$(2)" $(3) $(ARGS)
	COVERAGE_FILE=$(CURDIR)/$(COVERED)/$(1) $(BIN)/coverage combine --quiet
endef
