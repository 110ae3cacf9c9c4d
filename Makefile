# Everything a developer does. `make help` lists it.

SHELL := bash
.SHELLFLAGS := -o pipefail -ec
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# The releases that `make test` runs against, and those that `make test-all` adds.
RELEASES := 4.50.3 4.57.6 5.23.0
MORE_RELEASES := 4.53.3 5.5.0 5.5.1 5.17.0
# What whole runs by TRL's trainer use; the order is that of the path, and datasets comes last.
TRL := transformers-5.23.0 trl-1.16.0 datasets
JOBS ?= 2
empty :=
# Has torch for the GPU at hand, transformers, accelerate, peft and nvidia-ml-py; no venv of ours.
GPU_PYTHON ?= python3
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Models are tiny: more threads only fight for the same cores. Nothing is downloaded.
TEST_ENV := OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
PYTEST := $(TEST_ENV) $(BIN)/python -m pytest -q
PARALLEL := $(MAKE) --no-print-directory --keep-going --jobs=$(JOBS)
# Says which of the parallel test runs a line is from.
named = 2>&1 | sed -u 's/^/$(1): /'
# What needs no torch: ruff, mypy, import contracts and the plain tests. uv where it is installed.
CHECK := .venv-check
DOCS := .venv-docs
UV := $(shell command -v uv)

.DEFAULT_GOAL := help
.PHONY: help check check-style check-types check-safety check-tests venv environments lint \
        test test-all test-plain test-core test-slow test-ranks live-trl ranks unsloth \
        evidence gates release-check confusion releases atlas drift advise-proof upstream fuzz demo real bench gpu \
        notebooks translations docs site-check \
        new-rule test-rule mutants index schemas golden clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

check: $(CHECK)/.stamp  ## ruff, types, contracts, bandit, pip-audit and plain tests, without torch
	@$(PARALLEL) check-tests check-types check-safety check-style

check-style:
	$(CHECK)/bin/ruff check .
	$(CHECK)/bin/ruff format --check .
	$(CHECK)/bin/lint-imports --no-cache

check-types:
	$(CHECK)/bin/mypy

check-safety:
	$(CHECK)/bin/bandit --quiet --configfile pyproject.toml --recursive gemma_compat
	$(CHECK)/bin/python -m tools.audit

check-tests:
	$(TEST_ENV) $(CHECK)/bin/python -m pytest -q --numprocesses $(JOBS) -m "not slow and not long" \
	    --ignore=tests/live --ignore=tests/distributed --ignore=tests/unsloth

$(CHECK)/.stamp: requirements/check.txt requirements/core.txt requirements/security.txt pyproject.toml
ifdef UV
	$(UV) venv --quiet --clear --python $(PYTHON) $(CHECK)
	$(UV) pip install --quiet --python $(CHECK)/bin/python -r requirements/check.txt -r requirements/security.txt --editable .
else
	$(PYTHON) -m venv --clear $(CHECK)
	$(CHECK)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements/check.txt -r requirements/security.txt --editable .
endif
	@touch $@

venv: $(VENV)/.stamp  ## the virtual environment .venv; PYTHON=... TORCH_INDEX=URL

# Torch first and alone: any other build of it pulls gigabytes. Then nothing may replace it.
$(VENV)/.torch: requirements/torch.txt
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP) $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -r requirements/torch.txt
	@touch $@

$(VENV)/.stamp: $(VENV)/.torch requirements/dev.txt requirements/core.txt pyproject.toml
	$(PIP) -r requirements/dev.txt
	$(PIP) --constraint requirements/torch.txt --editable .
	@touch $@

environments: venv  ## the releases of transformers that tests run against, in .environments
	$(BIN)/python -m tools.environments $(RELEASES)

lint: venv  ## ruff, mypy and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: lint environments  ## lint, plain tests, and live tests on three releases of transformers
	@echo "plain tests, and live tests on transformers $(RELEASES): $(JOBS) at a time"
	@$(PARALLEL) test-plain $(RELEASES:%=live-%) test-ranks test-unsloth

test-plain: venv
	$(PYTEST) --ignore=tests/live $(call named,plain)

live-%: venv
	@$(BIN)/python -m tools.environments $* >/dev/null
	PYTHONPATH=$(CURDIR)/.environments/transformers-$* $(PYTEST) -p no:cacheprovider tests/live tests/preflight tests/preflight_audit \
	    $(call named,$*)

# Launchers with two processes; transformers of the newest release.
RANKS = PYTHONPATH=$(CURDIR)/.environments/transformers-5.23.0 $(PYTEST) -p no:cacheprovider

test-ranks: venv
	@$(BIN)/python -m tools.environments 5.23.0 >/dev/null
	$(RANKS) tests/distributed $(call named,ranks)

ranks: venv  ## every launcher with two processes, on the CPU: patched alike, stopped together
	@$(BIN)/python -m tools.environments 5.23.0 >/dev/null
	$(RANKS) -m "slow or not slow" tests/distributed

test-unsloth: venv
	UNSLOTH_RUNS=cpu $(PYTEST) -p no:cacheprovider tests/unsloth $(call named,unsloth)

unsloth: venv  ## real Unsloth: its CPU backend, its GPU code path, its stack of March 2025
	UNSLOTH_RUNS=all $(PYTEST) -p no:cacheprovider tests/unsloth

gates: venv  ## the action's steps, pre-commit and the image's steps, installing for real; linters, schemas
	$(PIP) -r requirements/gates.txt
	PATH="$(CURDIR)/$(BIN):$$PATH" $(PYTEST) -m "slow or not slow" tests/gates tests/test_release.py

release-check:  ## what would be released: reproducible, complete, installable; in .venv-release
	$(PYTHON) -m venv --clear .venv-release
	.venv-release/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	    -r requirements/release.txt
	.venv-release/bin/python -m tools.release_check

fuzz: venv  ## configs, arguments, versions, node files and logs at random; CASES= SEED=
	$(BIN)/python -m tests.fuzz.run --cases $(or $(CASES),1000000) $(if $(SEED),--seed $(SEED)) \
	    --processes $(JOBS)

test-all: test test-slow ranks live-trl test-core fuzz  ## the slower rest: more releases, slow tests, other Pythons
	@$(PARALLEL) $(MORE_RELEASES:%=live-%)
	$(TEST_ENV) $(BIN)/python -m tests.confusion --drawn --again

# Exit status 5 of pytest says that nothing was collected: no test is slow on that release.
test-slow: venv environments
	for release in $(RELEASES); do \
	    PYTHONPATH=$(CURDIR)/.environments/transformers-$$release $(PYTEST) -m slow --ignore=tests/distributed || [ $$? = 5 ] || exit 1; \
	done

live-trl: venv  ## whole runs by a Trainer and by TRL's, patched and right
	@$(BIN)/python -m tools.environments $(TRL:transformers-%=%) >/dev/null
	PYTHONPATH=$(subst $(empty) ,:,$(TRL:%=$(CURDIR)/.environments/%)) \
	    $(PYTEST) -p no:cacheprovider -m "slow or not slow" tests/live/test_real_runs.py

test-core: venv  ## plain tests without torch, on every Python from 3.10 on that is here
	$(TEST_ENV) $(BIN)/python -m tools.core_tests

evidence: venv  ## run what was not run yet on real releases; RULE= PACKAGE= VERSION= ARGS=
	$(TEST_ENV) $(BIN)/python -m tests.evidence.machine $(if $(RULE),--rule $(RULE)) \
	    $(if $(PACKAGE),--package $(PACKAGE)) $(if $(VERSION),--version $(VERSION)) $(ARGS)

confusion: venv  ## what is said of every Gemma in every cell against what is; RELEASES="..." ARGS=
	$(TEST_ENV) $(BIN)/python -m tests.confusion $(if $(filter command line,$(origin RELEASES)),$(RELEASES)) $(ARGS)

atlas: venv  ## the release atlas, from the released wheels; PACKAGES= some of them
	$(BIN)/python -m tools.atlas $(PACKAGES)

drift: venv  ## what a new release changed of what rules rest on; PACKAGE= VERSION= RUN=1
	$(TEST_ENV) $(BIN)/python -m tools.atlas.drift $(if $(PACKAGE),--package $(PACKAGE)) \
	    $(if $(VERSION),--version $(VERSION)) $(if $(RUN),--run)

releases: venv  ## what was published, and its pins, from the package index
	$(BIN)/python -m tools.releases

advise-proof: venv  ## install what advise says, and train tiny models on it; QUESTION=
	$(TEST_ENV) $(BIN)/python -m tests.advise.prove $(if $(QUESTION),"$(QUESTION)")

upstream: venv  ## Gemma tests of transformers, PEFT and TRL, plain, patched, reverted; DIR=PATH
	$(TEST_ENV) $(BIN)/python -m tools.upstream $(DIR)

demo:  ## the failures and their cures, in a virtual environment of its own; REAL=1 on real weights
	PYTHON="$(PYTHON)" TORCH_INDEX="$(TORCH_INDEX)" REAL="$(REAL)" demo/run.sh

real: venv  ## the published Gemma 3 270M broken, cured and trained on the CPU, with figures
	$(PIP) -r requirements/figures.txt
	$(TEST_ENV) $(BIN)/python -m benchmarks.real run
	$(BIN)/python -m benchmarks.real render

bench: venv  ## what it costs, as ratios
	@$(BIN)/python -m tools.environments 5.23.0 >/dev/null
	PYTHONPATH=$(CURDIR)/.environments/transformers-5.23.0 $(TEST_ENV) $(BIN)/python benchmarks/run.py

gpu:  ## what only a GPU shows, into gpu.json; GPU_PYTHON= (with torch), ARGS=
	$(GPU_PYTHON) -m benchmarks.gpu run --out gpu.json $(ARGS)
	$(GPU_PYTHON) -m benchmarks.gpu render gpu.json

counts: venv  ## the counted figures and the picture in README and docs
	$(BIN)/python -m tools.counts
	$(BIN)/python -m tools.picture

translations: venv  ## new sentences into the catalogues of gemma_compat/locale; ARGS=--missing lists what is not translated
	$(BIN)/python -m tools.translations $(ARGS)

notebooks: venv  ## execute the example notebooks on tiny models; NAME= one of them
	$(BIN)/python -m tools.notebooks $(NAME)

docs: $(DOCS)/.stamp  ## the documentation, in site/; its links and spelling are checked. No torch
	$(DOCS)/bin/python -m tools.supports_docs
	$(DOCS)/bin/python -m tools.rules_docs
	$(DOCS)/bin/codespell README.md CONTRIBUTING.md docs/*.md docs/*/*.md examples/*.py gemma_compat
	$(DOCS)/bin/python -m tools.site

site-check: docs  ## the built site in headless Chromium (a package of the system): SHOTS=FOLDER keeps pictures
	$(DOCS)/bin/python -m tools.site.browser $(if $(SHOTS),--shots $(SHOTS))

$(DOCS)/.stamp: requirements/docs.txt
	$(PYTHON) -m venv --clear $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/docs.txt
	@touch $@

new-rule:  ## skeletons of a rule and its proof; CODE= FAMILY= NAME= KIND=python|markdown
	@$(PYTHON) -m tools.new_rule "$(CODE)" "$(FAMILY)" "$(NAME)" "$(KIND)"

mutants: venv  ## faults planted in the engine, the ledger and rules; TARGET= MUTANTS= (of each)
	$(PIP) -r requirements/mutants.txt
	$(TEST_ENV) $(BIN)/python -m tools.mutants --jobs $(JOBS) $(if $(TARGET),--target $(TARGET)) \
	    $(if $(MUTANTS),--mutants $(MUTANTS)) $(if $(CURES),--cures)

test-rule: venv  ## one rule: its own tests and the contract; RULE=
	@$(TEST_ENV) $(BIN)/python -m tools.test_rule "$(RULE)"

index: venv  ## what the rules' files state and what explain looks for, into their index.json
	@$(BIN)/python -m tools.rule_index
	@$(BIN)/python -m tools.explain_index

schemas: venv  ## the JSON Schemas of what each command prints, in docs/schema
	@$(BIN)/python -m tools.schemas

golden: venv  ## what each rule says, written anew beside its proof; git shows what changed
	@$(TEST_ENV) $(BIN)/python -m tests.rules.golden

clean:  ## remove everything that was built
	rm -rf $(VENV) .venv-release $(CHECK) $(DOCS) .environments .demo build dist site .mypy_cache .pytest_cache \
	    .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
