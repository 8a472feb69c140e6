# make sweep: the main job on a generated MASS look-alike.  make test: the suite.  make lint: ruff and mypy.
# make install: staging in an environment of its own, and its size.  make bench: every speed, side by side.
PYTHON ?= python3
VENV   ?= .venv
WORK   ?= work
BIN    := $(VENV)/bin
# An allocator that keeps its pages, huge ones: large activations are not page-faulted at every use.
export MALLOC_MMAP_THRESHOLD_ = 8589934592
export MALLOC_TRIM_THRESHOLD_ = 17179869184
export MALLOC_TOP_PAD_ = 268435456
export GLIBC_TUNABLES = glibc.malloc.hugetlb=1

.PHONY: sweep test lint install bench clean

sweep: $(VENV)/ready
	$(BIN)/python -m datasets.synthetic $(WORK)/recordings --subjects 12 --pages 72
	$(BIN)/python -m orchestration.sweep --plan smoke --recordings $(WORK)/recordings --storage $(WORK)/storage
	$(BIN)/python -m orchestration.pull --storage $(WORK)/storage --out $(WORK)/best
	$(BIN)/python -m orchestration.report --storage $(WORK)/storage --out $(WORK)/report \
	  --note "The recordings are drawn by datasets.synthetic: no score here says anything about sleep."
	$(BIN)/python -m orchestration.export $(WORK)/best/W-N-R/best --out $(WORK)/model \
	  --trained-on "Nights drawn by datasets.synthetic: it knows nothing of sleep."
	$(BIN)/python -m orchestration.stage $(WORK)/recordings/SS1_EDF --model $(WORK)/model --out $(WORK)/staged

test: $(VENV)/ready
	$(BIN)/python -m pytest

lint: $(VENV)/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

install: $(VENV)/ready
	$(BIN)/python -m benchmarks.install

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

$(VENV)/ready-to-measure: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	touch $@

bench: $(VENV)/ready-to-measure
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(WORK) $(VENV)
