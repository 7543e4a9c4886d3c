# Everything happens in .venv; a second run of a target reuses what stands.
PYTHON ?= python3
VENV := .venv
VLLM := .venv-vllm
TRAINING := .venv-training
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
COMPANIONS := training integrations/langchain integrations/gateway

.PHONY: demo test test-faults test-training test-vllm checks unit bench bench-training table clean

demo: $(VENV)/.core  ## choose the best of N on the problems that ship with the package
	@$(BIN)/bestofn demo

test: checks unit  ## checks, then all tests

checks: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(VENV)/.dev
	$(BIN)/pytest

test-faults: $(VENV)/.dev  ## ten times as many runs under kills, twenty times the fuzzing
	BESTOFN_FAULTS=10 BESTOFN_FUZZ=20 $(BIN)/pytest tests/bestofn/sandbox -k "faults or fuzz"

test-training: $(TRAINING)/.installed  ## what needs torch: losses, bi-level training
	$(TRAINING)/bin/python -m mypy --config-file= --strict -p bestofn_training
	OMP_NUM_THREADS=1 $(TRAINING)/bin/python -m pytest tests/training

test-vllm: $(VLLM)/.installed  ## sampling and judging through a real vLLM on the CPU
	$(VLLM)/bin/python -m pytest tests/vllm

bench: $(VENV)/.dev  ## speed of grading, of model calls, and what tournaments need
	$(BIN)/python tests/perf/bench_sandbox.py
	$(BIN)/python tests/perf/bench_grading.py
	$(BIN)/python tests/perf/bench_calls.py
	$(BIN)/python tests/perf/bench_tournaments.py
	$(BIN)/python tests/perf/bench_gateway.py
	$(MAKE) bench-training

bench-training: $(TRAINING)/.installed  ## what learning the weights costs beside plain training
	$(TRAINING)/bin/python tests/perf/bench_training.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# The stamps hold what was installed: a changed pyproject.toml installs again, nothing else does.
$(VENV)/.core: pyproject.toml | $(VENV)/bin/python
	$(PIP) install -e .
	@touch $@

$(VENV)/.dev: pyproject.toml $(COMPANIONS:%=%/pyproject.toml) | $(VENV)/bin/python
	$(PIP) install "pip>=25.1"
	$(PIP) install -e . $(COMPANIONS:%=-e ./%) --group dev --group integrations
	@touch $@ $(VENV)/.core

# Two gigabytes, with versions of its own: kept apart from $(VENV).
$(VLLM)/.installed: pyproject.toml $(addprefix tests/vllm/,install.sh requirements.txt overrides.txt)
	tests/vllm/install.sh $(VLLM) $(PYTHON)
	@touch $@

# torch with what fits it; betty-ml declares an older Python than it runs on.
$(TRAINING)/.installed: pyproject.toml training/pyproject.toml
	$(PYTHON) -m venv $(TRAINING)
	$(TRAINING)/bin/python -m pip install -q --disable-pip-version-check "pip>=25.1"
	$(TRAINING)/bin/python -m pip install -q --disable-pip-version-check -e . -e "./training[train]" \
		"torch==2.13.0" datasets --group dev
	$(TRAINING)/bin/python -m pip install -q --disable-pip-version-check --no-deps \
		--ignore-requires-python betty-ml==0.2.1
	@touch $@

clean:
	rm -rf $(VENV) $(TRAINING) $(VLLM) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
