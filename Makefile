# Every target sets itself up: it needs Python 3.11 or later, and nothing else.

PYTHON ?= $(firstword $(shell command -v python3.11 python3.12 python3.13 python3))
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ARGS ?=
# Tests run in so many processes at once, each with servers of its own; those that need the machine follow alone.
TEST_PROCESSES ?= 2

.PHONY: setup demo test faults lint bench screenshots adapter lock clean

setup: $(READY)

$(READY): pyproject.toml deploy/requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint deploy/requirements.lock --editable '.[dev]'
	touch $@

# Weeks of a simulated shop through the whole pipeline. JSON=1 ends with a line of JSON, KEEP=1 leaves the servers up.
demo: setup
	$(BIN)/footfall demo $(if $(JSON),--json) $(if $(KEEP),--keep) $(ARGS)

# All tests but those that measure; those of faults on a short schedule, and on Apache Kafka where there is one.
test: setup
	$(BIN)/python -m pytest -m 'not bench and not alone' -n $(TEST_PROCESSES) --dist loadfile $(ARGS)
	$(BIN)/python -m pytest -m 'not bench and alone' $$(grep -rlw mark.alone tests) $(ARGS)

# The long schedule: dozens of kills and outages, on each broker.
faults: setup
	$(BIN)/python -m pytest tests/faults --faults-long $(ARGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Speed against a plain Faust agent, growth with the number of shoppers, latency, counting segments.
bench: setup
	$(BIN)/footfall bench pipeline $(ARGS)
	$(BIN)/footfall bench growth
	$(BIN)/footfall bench latency
	$(BIN)/footfall bench segments
	$(BIN)/python -m pytest -m bench

# The adapter of the text model that ships, trained anew from the sentences in models/text/data.
adapter: setup
	$(BIN)/footfall text train --data shipped --lora --name footfall-minilm --out models/text/adapter $(ARGS)

# Pictures of the console, of a simulated shop, in deploy/screenshots. Needs Chromium.
screenshots: setup
	$(BIN)/python -m deploy.screenshots

# Resolve all dependencies anew, in one go.
lock:
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check '.[dev]'
	{ echo "# Made by \`make lock\`: what one resolution of pyproject.toml gave, to be used as constraints."; \
	  build/lock/bin/python -m pip freeze --exclude footfall | sed 's/+cpu$$//'; } > deploy/requirements.lock

clean:
	rm -rf $(VENV) build *.egg-info
