# mlz: secure multi-account SageMaker MLOps platforms on AWS, as code. `make help` lists the targets.

PYTHON ?= python3
VENV := .venv
MLZ := $(VENV)/bin/mlz

# The variables of the reference; each may also stand in mlz.yaml (package.bucket, region).
CFN_BUCKET_NAME ?=
DEPLOYMENT_REGION ?=
SITE := $(if $(CFN_BUCKET_NAME),--bucket $(CFN_BUCKET_NAME)) $(if $(DEPLOYMENT_REGION),--region $(DEPLOYMENT_REGION))
ARGS ?=
SEEDS ?= 10000
FIRST_SEED ?= 0

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-model test chaos lint generate package deploy-core deploy-env deploy-targets golden seed-definition lock bench style types clean access-oracle access access-mutants scan audit

help: ## This list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A package that brings AWS's Guard rules along; of its code and of what that needs, nothing is installed or run.
GUARD_RULES := tests/guard/requirements.txt

$(VENV)/ready: requirements.lock pyproject.toml $(GUARD_RULES)
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version) if sys.version_info < (3, 11) else 0'
	@echo "making $(VENV) from requirements.lock: one to three minutes, once" >&2
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(GUARD_RULES)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(VENV)/ready ## Make .venv with everything that the other targets need

demo: setup ## The whole main job on the embedded AWS: no account needed
	$(MLZ) demo $(ARGS)

demo-model: setup ## The life of a model on the embedded AWS: project, approval, accounts, roll-back
	$(MLZ) demo model $(ARGS)

test: setup style types ## All tests
	$(VENV)/bin/python -m pytest -n auto --dist loadfile $(ARGS)

chaos: setup ## Life cycles with faults, crashes and rivals against the simulator: SEEDS=10000
	SEEDS=$(SEEDS) FIRST_SEED=$(FIRST_SEED) $(VENV)/bin/python -m pytest -n auto tests/chaos $(ARGS)

style: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check --quiet .

types: setup
	$(VENV)/bin/mypy

generate: setup ## Write build/REGION/*.yaml; no AWS call
	$(MLZ) generate $(SITE) $(ARGS)

lint: setup ## The gate: cfn-lint over every emitted template
	$(MLZ) lint $(SITE) $(ARGS)

package: setup ## Generate, lint and publish to S3: CFN_BUCKET_NAME=… DEPLOYMENT_REGION=…
	$(MLZ) package $(SITE) $(ARGS)

deploy-core: setup ## Deploy the core stack
	$(MLZ) deploy core $(SITE) $(ARGS)

deploy-env: setup ## Deploy the environment, then converge the staging and prod accounts
	$(MLZ) deploy env $(SITE) $(ARGS)
	$(MLZ) deploy targets $(SITE) $(ARGS)

deploy-targets: setup ## Converge the staging and prod accounts only
	$(MLZ) deploy targets $(SITE) $(ARGS)

access: setup ## Who can do what: rewrite docs/access-matrix.md and docs/controls.md, show what changed, hold every expectation
	$(MLZ) access matrix --config mlz.example.yaml > docs/access-matrix.md
	$(VENV)/bin/python -m tests.access.controls > docs/controls.md
	git --no-pager diff --exit-code --stat -- docs/access-matrix.md docs/controls.md
	$(MLZ) access test --config mlz.example.yaml tests/access/*.yaml

access-mutants: setup ## Take every condition and every Deny out of the policies, one at a time: does an expectation notice?
	$(VENV)/bin/python -m tests.access.mutants

CHECKOV ?= checkov
GUARD ?=
scan: setup ## checkov over every emitted template, where it is installed: CHECKOV=path/to/checkov; GUARD=a folder of Guard rules
	@command -v $(CHECKOV) >/dev/null || { echo "checkov is not installed: pipx install checkov" >&2; exit 2; }
	$(MLZ) generate $(SITE) $(ARGS)
	$(CHECKOV) --framework cloudformation --compact --quiet --directory build
	$(if $(GUARD),$(MLZ) lint --quick --rules $(GUARD) $(SITE) $(ARGS))

AUDIT ?= pip-audit
audit: setup ## Known vulnerabilities of the locked packages, where pip-audit is installed: AUDIT=path/to/pip-audit
	@command -v $(AUDIT) >/dev/null || { echo "pip-audit is not installed: pipx install pip-audit" >&2; exit 2; }
	$(AUDIT) --disable-pip --requirement requirements.lock

golden: setup ## Rewrite the golden templates, and show what changed
	$(VENV)/bin/python -m tests.golden.rewrite
	$(VENV)/bin/python -m tests.templates.sequence
	git --no-pager diff --stat -- tests/golden docs/model-lifecycle.md

SEED_CODE := templates/sources/seed/model-build-train
seed-definition: setup ## Rewrite tests/seed/definition.json with the seed code's SageMaker SDK (700 MB)
	$(PYTHON) -m venv .cache/seed-sdk
	.cache/seed-sdk/bin/python -m pip install --quiet --disable-pip-version-check -r $(SEED_CODE)/requirements.txt
	SEED_PYTHON=$(CURDIR)/.cache/seed-sdk/bin/python $(VENV)/bin/python -m tests.seed.definition
	git --no-pager diff --stat -- tests/seed

lock: setup ## Renew requirements.lock from pyproject.toml (needs uv)
	uv pip compile --quiet --all-extras --generate-hashes --no-header --universal --python-version 3.11 \
	  --output-file requirements.lock pyproject.toml

MINISTACK := .cache/ministack
access-oracle: setup ## The policy evaluator against two others, live (needs node)
	cd tests/access_oracle && npm ci --silent --no-audit --no-fund
	$(PYTHON) -m venv $(MINISTACK)
	$(MINISTACK)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r tests/access_oracle/ministack.txt
	MINISTACK_PYTHON=$(CURDIR)/$(MINISTACK)/bin/python $(VENV)/bin/python -m tests.access_oracle.compare $(ARGS)

bench: setup ## Measure this machine: generate, lint, package, start-up, sandbox
	$(VENV)/bin/python -m bench

clean: ## Remove build output and the virtual environment
	rm -rf build/*/ .cache $(VENV)
