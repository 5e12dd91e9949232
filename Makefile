# Two commands on a fresh machine with Python 3.11 to 3.13: make train, make test.
PYTHON ?= python3
VENV ?= .venv
EXTRAS ?= dev
# Tests run side by side: much of a test is Python on one core.
WORKERS ?= 3
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-$(EXTRAS)

.PHONY: train study test test-fast slow-test crash-test lint docs wheel-test \
    notebooks next-tensorflow \
    benchmark bench bench-quick bench-full clean

train: $(STAMP)
	$(BIN)/python -m wn_gan.train --flagfile=flags/quickstart.cfg

# The paper's question on the drawn faces: an hour on two cores.
study: $(STAMP)
	$(BIN)/python -m wn_gan.study --flagfile=flags/study_faces.cfg

test: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

# Tests that start no other process.
test-fast: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile \
	    -m "not slow and not process"

slow-test: $(STAMP)
	$(BIN)/python -m pytest -m slow

# Kills at 30 random moments, workers lost, memory to 5,000 steps. Bounded by
# its tests' own timeouts. CRASH_SEED=... repeats a series of moments.
crash-test: $(STAMP)
	$(BIN)/python -m pytest -s -m slow tests/test_crashes.py \
	    tests/test_stopping.py tests/test_memory.py tests/test_tuned_study.py

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The site, into build/site; needs EXTRAS=docs.
docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet \
	    --site-dir build/site

# Runs the notebooks and stores their outputs; needs EXTRAS=dev,docs.
notebooks: $(STAMP)
	$(BIN)/python docs/render_notebooks.py

# The wheel's tests, from another folder: only what was installed is there.
wheel-test: $(STAMP)
	.ci/wheel_test $(BIN)/python

# The quick tests on a release candidate of TensorFlow; outside CI.
next-tensorflow:
	.ci/next_tensorflow $(VENV)-next

# Beside PyTorch and tensorflow-addons; needs EXTRAS=bench. ADDONS is a Python
# with tensorflow-addons. Nothing else should run meanwhile.
bench bench-quick bench-full: $(STAMP)
	$(BIN)/python -m benchmarks.side_by_side \
	    $(or $(patsubst bench-%,%,$(filter bench-%,$@)),standard) \
	    $(if $(ADDONS),--addons=$(ADDONS))

benchmark: $(STAMP)
	$(BIN)/python benchmarks/train_step.py

$(STAMP): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[$(EXTRAS)]"
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
