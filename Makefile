# Two commands on a fresh machine with Python 3.11 to 3.13: make train, make test.
PYTHON ?= python3
VENV ?= .venv
EXTRAS ?= dev
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-$(EXTRAS)

.PHONY: train test slow-test lint wheel-test benchmark clean

train: $(STAMP)
	$(BIN)/python -m wn_gan.train --flagfile=flags/quickstart.cfg

test: $(STAMP)
	$(BIN)/python -m pytest

slow-test: $(STAMP)
	$(BIN)/python -m pytest -m slow

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The wheel's tests, from another folder: only what was installed is there.
wheel-test: $(STAMP)
	.ci/wheel_test $(BIN)/python

benchmark: $(STAMP)
	$(BIN)/python benchmarks/train_step.py

$(STAMP): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[$(EXTRAS)]"
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
