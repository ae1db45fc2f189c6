# One environment in .venv for everything; a step that is done is not done again.
# TORCH_INDEX=URL takes torch from another package index, for instance one with CPU builds.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
TORCH := torch==2.13.0
TESTS ?= tests
# More than the cores of a small machine: much of a test's time is waiting for processes that it has started.
WORKERS ?= 3

# The newest Python that the package promises.
NEWEST ?= 3.14

# Where `make dist` puts what it makes.
DIST ?= dist

IMAGE ?= $(shell sed -n 's/^DEFAULT_IMAGE = "\(.*\)"/\1/p' pod_image/contract/common_settings.py)

.PHONY: demo quick test test-browser test-image test-gpu gpu trainers mutants check exports pictures bench image image-size newest pins dist clean docs

demo: $(VENV)/.demo
	$(BIN)/launcher demo --headless

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(TESTS)

# For everyday work: what is slow (tests/slow.txt) is not even loaded; no browser, no image, no real training.
# A test that takes more than six seconds of the processor, twice what the dearest of them does, fails here.
quick: $(VENV)/.dev
	LAUNCHER_QUICK=6 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow" $(TESTS)

# Every page and the whole way in Chromium; here a skip is a failure.
test-browser: $(VENV)/.dev $(VENV)/.axe
	LAUNCHER_BROWSER=required $(BIN)/python -m pytest tests/browser

# The Dockerfile's own steps in a bare Debian, and a voice trained in it; needs root, apt-get and Python 3.11.
test-image: $(VENV)/.dev
	$(BIN)/python -m pytest tests/image

# On a machine with a GPU, with the Python given (PYTHON=...) and nothing installed; under four minutes on one card.
test-gpu:
	$(PYTHON) -m pytest -p no:cacheprovider -rs -s tests/gpu

# A GPU for a while: all that it can tell, in one go and printed as it comes; the bench also where a test fails.
gpu:
	$(MAKE) test-gpu; tests=$$?; $(PYTHON) -m tests.bench.gpu --json && exit $$tests

# Trainers of others with their real packages, each in an environment of its own that is fetched now. Takes long.
trainers: $(VENV)/.dev
	LAUNCHER_TRAINERS=yes $(BIN)/python -m pytest -p no:cacheprovider -rs -s tests/trainers

# SkyPilot and dstack read what is exported for them, each in a throw-away environment
exports: $(VENV)/.dev
	$(BIN)/python -m tests.bench.exports

# The pictures in the docs whose pages have changed since; a moving one of the terminal too.
pictures: $(VENV)/.bench
	$(BIN)/python -m tests.browser.pictures --write

# Our trainer beside the reference on this processor; on a GPU: python -m tests.bench.gpu --json
bench: $(VENV)/.bench
	$(BIN)/python -m tests.bench.trainer

# Each promise taken out of the code once, in a copy: the tests that hold it have to fail. About half an hour.
mutants: $(VENV)/.dev
	$(BIN)/python -m tests.mutants

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m launcher.forms.docs --check
	$(BIN)/python -m launcher.cli.documents.docs --check
	$(BIN)/python -m launcher.serve.docs --check
	$(BIN)/python -m launcher.ui.pages.help.docs --check
	$(BIN)/python -m tests.promises --check

# The newest Python, without having it: types as it reads them, and wheels for it of all that an install takes.
newest: $(VENV)/.dev
	$(BIN)/mypy --python-version $(NEWEST)
	$(BIN)/python -m pip install --quiet --dry-run --ignore-installed --python-version $(NEWEST) \
	  --only-binary :all: --target build/newest '.[mcp,notify,study]'

docs: $(VENV)/.dev
	$(BIN)/python -m launcher.forms.docs --write
	$(BIN)/python -m launcher.cli.documents.docs --write
	$(BIN)/python -m launcher.serve.docs --write
	$(BIN)/python -m launcher.ui.pages.help.docs --write
	$(BIN)/python -m tests.promises --write

# The labels come from the code. `make image IMAGE=me/pod-image:test`, then `docker push` it.
image:
	docker build --platform linux/amd64 --tag $(IMAGE) \
	  --build-arg VERSION=$(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' launcher/__init__.py) \
	  --build-arg CONTRACT=$(shell sed -n 's/^CONTRACT_VERSION = \([0-9]*\).*/\1/p' pod_image/contract/__init__.py) .

# After a change of pod_image/requirements*.txt, on Linux with Python 3.11: the hash of each wheel, as the index gives it.
pins: $(VENV)/.dev
	$(BIN)/python -m tests.image.hashes --write

# The source archive and the wheel made of it, each read once more; with hatchling alone, at the version that is pinned.
dist: $(VENV)/.dist
	rm -rf $(DIST)
	$(BIN)/python -m tests.release.packages $(DIST)

image-size: $(VENV)/.dev
	$(BIN)/python -m tests.image.sizes

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/.torch:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) $(TORCH)
	@touch $@

$(VENV)/.demo: $(VENV)/.torch pyproject.toml
	$(PIP) install -e '.[demo]'
	@touch $@

$(VENV)/.bench: $(VENV)/.dev pyproject.toml
	$(PIP) install -e '.[bench]'
	@touch $@

# Holds all that .demo and .dist do, and so counts for them.
$(VENV)/.dev: $(VENV)/.torch pyproject.toml
	$(PIP) install -e '.[dev]'
	@touch $(VENV)/.demo $(VENV)/.dist $@

$(VENV)/.dist: .ci/requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes --only-binary=:all: -r .ci/requirements.txt
	@touch $@

# npm has the newest accessibility rules; where it is absent, the copy that the extra dev brings is used.
$(VENV)/.axe: $(VENV)/.dev tests/browser/package-lock.json
	if command -v npm >/dev/null; then cd tests/browser && npm ci --silent --no-audit --no-fund; fi
	@touch $@
