# `make demo` and `make test` are all that a fresh clone needs.
PYTHON ?= python3
# The server that the round trip is tested with.
LABEL_STUDIO := 1.23.2
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

.venv-demo/.ready: pyproject.toml constraints.txt $(shell find ie_model -type f -not -name '*.pyc')
	rm -rf build/lib build/bdist.*
	$(PYTHON) -m venv .venv-demo
	.venv-demo/bin/pip install --quiet --disable-pip-version-check -c constraints.txt .
	touch $@

# torch comes first: a plain "torch" would draw in the CUDA packages.
.venv-test/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-test
	.venv-test/bin/pip install --quiet --disable-pip-version-check -c constraints.txt torch
	.venv-test/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: .venv-demo/.ready ## extract the departures from the seed articles with the packaged model
	@mkdir -p build
	.venv-demo/bin/ie-model extract seeds --html build/demo.html
	@.venv-demo/bin/ie-model extract seeds --format jsonl --output build/demo.jsonl
	@echo "wrote build/demo.jsonl (every span and departure) and build/demo.html (open it in a browser)"

# A process a core, each with one thread: more would only wait for each other.
test: .venv-test/.ready ## run the test suite
	OMP_NUM_THREADS=1 .venv-test/bin/python -m pytest -n auto

test-ray: .venv-test/.ready ## install ray (240 MB) beside the rest, and run what needs it
	.venv-test/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[ray]'
	.venv-test/bin/python -m pytest -m ray

test-browser: .venv-test/.ready ## test the page in Chromium (Debian: apt-get install chromium)
	.venv-test/bin/python -m pytest -m browser tests/browser

serve: .venv-test/.ready ## the HTTP server and its page at http://127.0.0.1:8080, with the seeds as examples
	.venv-test/bin/ie-model serve --examples seeds

# Modules that users import; tests/docs checks that all they hold has a docstring.
API_MODULES = document extractor errors exports render server serving.settings inputs money dates script

docs: .venv-test/.ready ## write the API reference from the docstrings to build/docs
	.venv-test/bin/python -m pdoc --docformat google -o build/docs $(addprefix ie_model.,$(API_MODULES))
	@echo "wrote build/docs/index.html"

.venv-label-studio/.ready: Makefile
	$(PYTHON) -m venv .venv-label-studio
	.venv-label-studio/bin/pip install --quiet --disable-pip-version-check 'label-studio==$(LABEL_STUDIO)'
	touch $@

test-label-studio: .venv-test/.ready .venv-label-studio/.ready ## the annotation round trip against a real Label Studio; with Chromium, its browser too
	.venv-test/bin/python -m pytest -m label_studio tests/label_studio

lint: .venv-test/.ready ## ruff and mypy
	.venv-test/bin/ruff check .
	.venv-test/bin/ruff format --check .
	.venv-test/bin/mypy

clean: ## remove the environments and build outputs
	rm -rf .venv-demo .venv-test .venv-label-studio build dist

.PHONY: help demo test test-ray test-browser test-label-studio serve docs lint clean
