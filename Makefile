# demo and test set up what they need, then run; a second time they only run.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
MANIFEST := dbt/target/manifest.json
export DAGSTER_DISABLE_TELEMETRY := 1
export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export MLFLOW_DISABLE_TELEMETRY := true
export HF_HUB_DISABLE_TELEMETRY := 1

.PHONY: help setup manifest demo dev check test bench screenshots browser clean

help: ## what there is to make
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) manifest ## .venv with everything from constraints.txt

$(STAMP): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 14) else f"Python 3.11 to 3.13 is needed, this is {v[0]}.{v[1]}; name another with PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

manifest: $(MANIFEST) ## the dbt manifest that Dagster reads

$(MANIFEST): $(STAMP) $(shell find dbt -name '*.sql' -o -name '*.yml' 2>/dev/null | grep -v dbt/target)
	@DBT_TARGET_PATH=$(CURDIR)/dbt/target DBT_LOG_PATH=$(CURDIR)/dbt/target/logs $(BIN)/dbt --quiet parse --project-dir dbt --profiles-dir dbt
	@touch $@

demo: setup ## run the whole line on real posts and show the result
	@$(BIN)/interest demo

dev: setup ## Dagster UI and MLflow UI on 127.0.0.1
	@$(BIN)/interest dev

check: setup ## format, lint, types, dbt, definitions
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	INTEREST_CONFIG=interest_platform/demo/interest.yaml INTEREST_HOME=$(CURDIR)/.interest $(BIN)/dagster definitions validate -w workspace.yaml --log-level warning

test: check browser ## checks, then every test
	$(BIN)/pytest -q -n 2 --dist loadfile

browser: ## Debian's chromium for the browser test, where we may install it
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || echo "no chromium, and not root: the browser test will be skipped"

bench: setup ## figures of the demo, encoding, cleaning and concurrency beside rivals
	$(BIN)/python benchmarks/demo.py
	$(BIN)/python benchmarks/encoding.py
	$(BIN)/python benchmarks/cleaning.py
	$(BIN)/python benchmarks/concurrency.py

screenshots: setup browser ## the pictures of docs/images, from the demo's home
	INTEREST_HOME=$(CURDIR)/.interest $(BIN)/python tests/e2e/screens.py --partition 2002-09-23

clean: ## remove what was built (not the home)
	rm -rf .venv dbt/target
