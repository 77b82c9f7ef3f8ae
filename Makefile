# One entry point for people and CI. `make` prints this help.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The pins below are for CPython 3.11: other versions would need other hashes.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
PY := $(VENV)/bin/python
DBT := $(VENV)/bin/dbt
STAMP := $(VENV)/.installed
LOCKS := requirements.txt requirements-dev.txt
SHELL_SCRIPTS := .ci/run $(wildcard deploy/*.sh)
# Two processes share the tests as tests/conftest.py says, in the order of their folders.
IN_PARALLEL := -n 2 --dist loadscope --no-loadscope-reorder
# Further arguments for pytest: make test PYTEST_ARGS="-k lease"
PYTEST_ARGS ?=
AUDIT_ARGS ?=
DEMO_ARGS ?=

export DBT_PROFILES_DIR ?= profiles
export DBT_SEND_ANONYMOUS_USAGE_STATS ?= false

.PHONY: help
help: ## Print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(STAMP) ## Create .venv from the pinned, hashed requirements

$(STAMP): $(LOCKS)
	@test -n "$(PYTHON)" || { echo "Python 3.11 is needed, and no python3 was found" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; v[:2] == (3, 11) or sys.exit("Python 3.11 is needed; $(PYTHON) is %d.%d (make PYTHON=... names another)" % v[:2])'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@# uv installs in a tenth of pip's time; where it cannot, pip installs the same pins. Compiled,
	@# since where PYTHONDONTWRITEBYTECODE is set every start would compile two thousand modules.
	@test -x $(VENV)/bin/uv || { awk '/^[^ ]/ {wanted = /^uv==/} wanted' requirements-dev.txt > $(VENV)/uv.txt \
	    && $(PY) -m pip install --quiet --no-deps --require-hashes -r $(VENV)/uv.txt; } \
	    || echo "uv is not to be had here; going on with pip"
	@$(VENV)/bin/uv pip sync --quiet --compile-bytecode --require-hashes --python $(PY) $(LOCKS) \
	    || $(PY) -m pip install --quiet --require-hashes $(addprefix -r ,$(LOCKS))
	@# DuckDB loads its extensions from the home directory: this copies the installed one there.
	@$(PY) -c 'import duckdb_extensions; duckdb_extensions.import_extension("spatial")' > /dev/null
	@touch $@

.PHONY: demo
demo: $(STAMP) ## The main job on made-up data: build, push, nothing to do, a day's changes, two answers of staff
	@# On Ctrl-C it says itself that it has ended.
	@$(PY) -m sandbox.demo $(DEMO_ARGS) || test $$? = 130

.PHONY: lint
lint: $(STAMP) ## Style and types of Python, SQL and shell
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/sqlfluff lint --processes 2 --disable-progress-bar models tests/sql 2> /dev/null
	@$(VENV)/bin/shellcheck $(SHELL_SCRIPTS)
	@$(PY) -m pytest -q tests/analyzer/test_repository.py

.PHONY: audit
audit: $(STAMP) ## Known weaknesses of the pins; asks PyPI (AUDIT_ARGS="-s osv": OSV)
	@$(VENV)/bin/pip-audit --strict --disable-pip --require-hashes $(AUDIT_ARGS) $(addprefix -r ,$(LOCKS))

.PHONY: analyze
analyze: $(STAMP) ## Google's own analyser over all SQL, for any shape of the source
	@$(PY) -m pytest -q tests/analyzer --deselect tests/analyzer/test_dbt_units.py $(PYTEST_ARGS)

.PHONY: test
test: $(STAMP) ## All tests: Python, dbt's unit tests, properties, end to end
	@$(PY) -m pytest $(IN_PARALLEL) $(PYTEST_ARGS)

.PHONY: test-quick
test-quick: $(STAMP) ## The pusher and the simulator alone, without dbt
	@$(PY) -m pytest -q tests/pusher tests/simulator tests/analyzer/test_repository.py $(PYTEST_ARGS)

.PHONY: build
build: $(STAMP) ## dbt build, where the environment says
	@$(DBT) build

.PHONY: push
push: $(STAMP) ## python -m pusher, where the environment says
	@$(PY) -m pusher

.PHONY: chaos
chaos: $(STAMP) ## Kills, faults and generated values at full length: an hour
	@CHAOS=full HYPOTHESIS_PROFILE=long $(PY) -m pytest tests/chaos tests/e2e tests/properties $(PYTEST_ARGS)

.PHONY: bench
bench: $(STAMP) ## Time, memory and requests, by size (hours; BENCH=quick: minutes)
	@$(PY) -m bench

.PHONY: stack
stack: $(STAMP) ## Keep a local BigQuery and HubSpot running, with sample data
	@$(PY) -m sandbox.stack

# Older pips want a pin by the plain name, and one by each name with extras: `extras` writes both.
.PHONY: lock
lock: ## Compile requirements*.in into requirements*.txt (pins stay unless dropped from them)
	@extras() { awk 'function out(plain) { plain = block; if (sub(/^[^ =]*\[[^]]*\]/, name, plain) \
	    && !seen[name]++) printf "%s", plain; printf "%s", block; block = "" } \
	    /^[a-z]/ { out(); name = $$1; sub(/[[=].*/, "", name) } { block = block $$0 "\n" } END { out() }' "$$1"; }; \
	compile() { $(VENV)/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-annotate \
	    --no-strip-extras --no-header --no-emit-index-url --no-emit-find-links "$$@"; \
	    extras "$${@: -1}" > $(VENV)/lock.txt; cp $(VENV)/lock.txt "$${@: -1}"; }; \
	compile requirements.in -o requirements.txt; \
	compile requirements-dev.in -c requirements.txt $$(awk -F '[[=]' '/^[a-z]/ {print "--no-emit-package", $$1}' \
	    requirements.txt | sort -u) -o requirements-dev.txt

.PHONY: clean
clean: ## Remove caches and build output (not .venv)
	@rm -rf target logs .pytest_cache .mypy_cache .ruff_cache .hypothesis .local
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
