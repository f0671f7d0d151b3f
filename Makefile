# Turnpike. `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/.run: requirements.lock
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

$(VENV)/.dev: requirements-dev.lock
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@ $(VENV)/.run

demo: $(VENV)/.run ## Set up, build, seed and run the demo at http://localhost:3000
	@exec $(BIN)/python -m app demo

run: $(VENV)/.run ## Migrate, build and serve what the environment configures
	$(BIN)/python -m app migrate
	$(BIN)/python -m app build
	@exec $(BIN)/python -m app serve

worker: $(VENV)/.run ## Run only the jobs
	@exec $(BIN)/python -m app worker

browser: $(VENV)/.dev ## Install the Chromium that the tests drive, where there is none
	@$(BIN)/python -m tests.e2e.browser

test: $(VENV)/.dev browser ## Set up and run every check and test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/pyright
	$(BIN)/python -m tests

fix: $(VENV)/.dev ## Format and mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint: $(VENV)/.dev ## Style and imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: $(VENV)/.dev ## Static types
	$(BIN)/pyright

migration: $(VENV)/.dev ## Write a revision from the models: make migration m="what changes"
	$(BIN)/alembic revision --autogenerate -m "$(m)"

lock: $(VENV)/.dev ## Lock the dependencies anew: names and hashes, no addresses
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header -q pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header -q --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

bench: $(VENV)/.dev ## Run the benchmarks and print their table
	$(BIN)/python -m benchmarks

pictures: $(VENV)/.dev browser ## Photograph every page of a demo into pictures/
	$(BIN)/python -m tests.pictures

clean: ## Remove what was built (not the data)
	rm -rf .web .pytest_cache .ruff_cache .hypothesis .schemathesis

.PHONY: help demo run worker browser test fix lint types migration lock bench pictures clean
