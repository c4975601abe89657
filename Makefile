# What the README's commands do, no more. Every target makes what it needs.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
OUT ?= demo
PHOTOS ?= photos.csv
ONLY ?= *
WEIGHTS ?= weights
RUNS = $(or $(FLANEUR_HOME),$(HOME)/flaneur)/runs
UNKNOWN ?=

.PHONY: demo test lint unit coverage model setup clean

demo: $(VENV)/base  ## draw toy cities, learn them, measure, answer; about two minutes
	$(BIN)/flaneur demo --out $(OUT)

test: setup no-cuda lint unit  ## what CI runs

setup: $(VENV)/dev  ## an environment to develop in

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/base: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,dev]'
	touch $@ $(VENV)/base

.PHONY: no-cuda
no-cuda: setup  ## a machine without a GPU must not be given gigabytes of CUDA
	@if ! command -v nvidia-smi >/dev/null 2>&1 && $(BIN)/python -m pip list --format=freeze 2>/dev/null | grep -i '^nvidia-'; then \
	echo 'A CUDA package was installed on a machine without a GPU. Mend constraints.txt.'; exit 1; fi

lint: setup
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: setup
	$(BIN)/python -m pytest -n 3 --dist worksteal

coverage: setup  ## which lines no test runs; takes two thirds longer
	$(BIN)/python -m pytest -n 3 --dist worksteal --cov --cov-report=term:skip-covered

model: setup  ## the bundled model, from photos and weights you have: make model PHOTOS=photos.csv ONLY='cities/*' WEIGHTS=FOLDER [UNKNOWN=DATASET]
	$(BIN)/flaneur import folder $(PHOTOS) --only '$(ONLY)' --name cities
	$(BIN)/flaneur dataset curate cities
	$(BIN)/flaneur dataset split cities
	$(BIN)/flaneur train recipes/best.toml --weights $(WEIGHTS)
	$(BIN)/flaneur train recipes/base.toml --weights $(RUNS)/best/member-1/weights.safetensors --output src/flaneur/bundled/base --replace
	$(BIN)/flaneur evaluate base cities --split test $(if $(UNKNOWN),--unknown $(UNKNOWN))

clean:
	rm -rf $(VENV) $(OUT) build dist .coverage .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
