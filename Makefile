# Everything starts here. Needs python 3.11, make and git; the rest is installed below.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3.11
TOOLS := .tools
UV := $(TOOLS)/bin/uv
UV_VERSION := 0.13.9
RUN := $(UV) run --no-sync
DEMO_HOME ?= data/demo
BEGUN := $(shell date +%s)
CORES := $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
export UV_PROJECT_ENVIRONMENT := .venv
# Once here and not in every process: not everybody lets Python keep what it compiled.
export UV_COMPILE_BYTECODE := 1
export PYTHONHASHSEED := 0

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "Python 3.11 is needed ($(PYTHON) is another version): set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(TOOLS) || { rm -rf $(TOOLS); echo "This Python cannot make environments: on Debian, apt-get install python3-venv"; exit 1; }
	@$(TOOLS)/bin/pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"

.venv/.installed: $(UV) pyproject.toml uv.lock
	@echo "Installing the locked environment (.venv)…"
	@$(UV) sync --frozen --quiet --python $(PYTHON)
	@touch $@

.PHONY: setup
setup: .venv/.installed ## install the locked environment

dashboards/.venv/.installed: $(UV) dashboards/pyproject.toml dashboards/uv.lock dashboards/superset/patches/country_map.py dashboards/maps/regions.geojson
	@echo "Installing Superset (dashboards/.venv)…"
	@UV_PROJECT_ENVIRONMENT=.venv $(abspath $(UV)) sync --directory dashboards --frozen --quiet --python $(PYTHON)
	@dashboards/.venv/bin/python -m dashboards.superset.patches.country_map 2>/dev/null || { \
	    UV_PROJECT_ENVIRONMENT=.venv $(abspath $(UV)) sync --directory dashboards --frozen --quiet --reinstall-package apache-superset; \
	    dashboards/.venv/bin/python -m dashboards.superset.patches.country_map; }
	@touch $@

.PHONY: setup-superset
setup-superset: dashboards/.venv/.installed ## install Superset in an environment of its own

.venv/.spark: .venv/.installed
	@echo "Installing Spark into the locked environment (.venv)…"
	@$(UV) sync --frozen --quiet --python $(PYTHON) --group spark
	@touch $@

.PHONY: setup-spark
setup-spark: .venv/.spark ## install Spark, the second engine of the models (Java 17: make system)

.PHONY: system
system: ## what tests and the dashboards' letters need from the operating system: a browser, its driver, Java
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || { \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        echo "Installing chromium and chromium-driver…"; \
	        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver fonts-dejavu-core >/dev/null; \
	    else \
	        echo "A browser is needed: sudo apt-get install chromium chromium-driver"; exit 1; \
	    fi; }
	@command -v java >/dev/null || { \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        echo "Installing Java for Spark…"; \
	        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless >/dev/null; \
	    else \
	        echo "Spark needs Java 17: sudo apt-get install openjdk-17-jre-headless"; exit 1; \
	    fi; }

.PHONY: demo
demo: setup $(if $(filter spark,$(ENGINE)),setup-spark) ## the main job end to end on demonstration data, without a server (ENGINE=spark)
	@$(RUN) mvd --home $(DEMO_HOME) demo --run $(if $(ENGINE),--engine $(ENGINE))

# The data in MVD_HOME or ./data; while there is none, the demonstration.
UP_HOME = $(or $(MVD_HOME),$(if $(wildcard data/ledger.sqlite),data,$(DEMO_HOME)))

.PHONY: up
up: setup setup-superset ## Airflow, the portal and the dashboards on this machine (MVD_HOME, ./data or the demonstration)
	@if [ "$(UP_HOME)" = "$(DEMO_HOME)" ] && [ ! -e "$(DEMO_HOME)/current" ]; then $(RUN) mvd --home $(DEMO_HOME) demo --run; fi
	@$(RUN) mvd --home $(UP_HOME) up
	@echo "make up: $$(( $$(date +%s) - $(BEGUN) )) s in all, with what had to be installed first."

.PHONY: down
down: setup ## end everything that `make up` started
	@$(RUN) mvd --home $(UP_HOME) down

.PHONY: status
status: setup ## what runs where; succeeds only when all of it is healthy
	@$(RUN) mvd --home $(UP_HOME) health

.PHONY: secrets
secrets: ## the secrets of docker-compose.yml, each in a file of deploy/secrets; keeps those there are
	@sh deploy/make-secrets.sh

.PHONY: compose-trial
compose-trial: setup ## docker-compose.yml for real: build, use, kill, compare (needs a Docker engine, 15 minutes)
	@$(RUN) python -m tests.tools.compose_trial

# The slowest first: they run side by side, as many as there are processors.
CHECKS := check-types check-models check-style check-layers
SIDE_BY_SIDE = @$(MAKE) --jobs $(CORES) --no-print-directory

.PHONY: lint
lint: setup ## ruff, mypy, import contract, sqlfluff, dbt-bouncer, dashboards
	$(SIDE_BY_SIDE) $(CHECKS)

.PHONY: $(CHECKS)
check-types:
	$(RUN) mypy
check-models:
	$(RUN) python -m tests.tools.lint_dbt
check-style:
	$(RUN) ruff check .
	$(RUN) ruff format --check .
check-layers:
	$(RUN) lint-imports

.PHONY: staging
staging: setup ## write dbt's sources and staging models from warehouse/build/schemas.py
	@$(RUN) python -m tests.tools.staging

.PHONY: validate-dashboards
validate-dashboards: setup ## dashboard, chart, dataset, column of the marts: checked without a server
	@$(RUN) python -m tests.tools.lint_dbt --dashboards

# In the order of the files, so that the long ones (dashboards, Airflow) do not come last; a file
# stays in one process. Two processes more than processors: those two mostly wait for their servers.
.PHONY: unit
unit: setup setup-superset setup-spark system
	$(RUN) pytest --numprocesses $$(($(CORES) + 2)) --dist loadfile --no-loadscope-reorder

.PHONY: test
test: setup setup-spark ## everything that must pass before a change lands
	$(SIDE_BY_SIDE) $(CHECKS) setup-superset system
	@$(MAKE) --no-print-directory unit

.PHONY: test-fast
test-fast: setup ## tests without servers, browsers and dbt: what to run while writing
	$(RUN) pytest -m "not slow" --numprocesses $(CORES) --dist loadfile

.PHONY: bench
bench: setup ## measured ratios, written to bench/results and docs/performance.md (QUICK=1, FULL=1)
	$(RUN) python -m bench $(if $(QUICK),--quick,)$(if $(FULL),--full,)

.PHONY: clean
clean: ## remove the environment and demonstration data
	rm -rf .venv $(TOOLS) $(DEMO_HOME)
