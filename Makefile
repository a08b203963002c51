# make up     everything from nothing: environment, PostgreSQL, nine databases, proof
# make test   every check there is: format, types, layers, tests, documents

VENV  ?= .venv
BIN    = $(VENV)/bin
TREUM ?= examples/treum/freehold.yaml
# a third worker fills two cores while the others wait for their servers
WORKERS ?= 3
TESTS ?= tests

.PHONY: help environment dev up down prove test check pytest soak lint format bench docs clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

environment:
	@./scripts/environment $(VENV)

dev:
	@./scripts/environment $(VENV) --dev

up: environment ## start PostgreSQL, create the nine services of TREUM, prove them isolated
	@$(BIN)/freehold up -f $(TREUM)

down: environment ## stop PostgreSQL; the data stays
	@$(BIN)/freehold down -f $(TREUM)

prove: environment ## attack the running platform again
	@$(BIN)/freehold prove -f $(TREUM)

test: lint pytest ## all checks and all tests
	@$(BIN)/python tests/check_skips.py .pytest-output tests/skips.txt

lint: dev ## format, style, types, layers, and documents that are current
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m freehold.cli.documentation --check docs

# the whole output is kept for tests/check_skips.py; the status is that of pytest, not of tee
pytest: dev
	@set -o pipefail; $(BIN)/pytest -n $(WORKERS) --dist loadgroup -q $(TESTS) 2>&1 | tee .pytest-output

soak: dev ## property tests, crash sweeps and mutations in full: hours, not minutes
	@FREEHOLD_SOAK=1 $(BIN)/pytest -n $(WORKERS) -q $(TESTS)

format: dev ## rewrite the sources in the one style
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: dev ## measure against named peers, write bench/RESULTS.md; BENCH="core" or names for some
	@$(BIN)/python -m bench $(BENCH)

docs: dev ## rewrite the generated pages under docs/
	@$(BIN)/python -m freehold.cli.documentation docs

clean: ## remove the environment and caches; never data
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .pytest-output .import_linter_cache .hypothesis

SHELL := /bin/bash
