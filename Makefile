# `make serve` and `make test` are all a newcomer needs; each sets up whatever is missing.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
MODULES := $(VENV)/node_modules
NODE := $(BIN)/node
ADDRESS ?= 127.0.0.1:8000
LESSON ?=
QUICK ?=
SHARD ?=
COVERAGE ?=
# One more than there are processors, since a test often waits for a program that it started.
JOBS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )))

# Keep the user's own packages (pip install --user) out of a build.
export PYTHONNOUSERSITE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The README mentions that Material's support ends in 2027; builds need not repeat it.
export NO_MKDOCS_2_WARNING := 1
# Container images often disable compiled files, and then every process compiles all it imports.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE

.PHONY: serve site prepare offline takeaway branch notebooks markdown pdf figures test check lint format lock outdated release-notes clean distclean help

serve: $(READY)  ## build what is stale, then serve with live reload
	$(BIN)/mkdocs serve --dev-addr $(ADDRESS)

site: $(READY)  ## write the finished site to site/
	$(BIN)/python -m slidingwindows site

prepare: $(READY)  ## execute what is stale, draw what is stale; SHARD=2/5 for one machine's part
	$(BIN)/python -m slidingwindows prepare $(if $(SHARD),--shard $(SHARD))

offline: site  ## pack the site as dist/sliding-windows-offline.zip, which works from a folder
	$(BIN)/python -m slidingwindows offline

takeaway: site  ## pack the executed notebooks with the package as dist/sliding-windows-course.zip
	$(BIN)/python -m slidingwindows takeaway

branch: site  ## write the files of the notebooks branch to dist/notebooks; needs repo_url
	$(BIN)/python -m slidingwindows.site.cloud

notebooks: branch  ## push the executed notebooks to a branch, for Colab and Binder; needs repo_url
	scripts/push_notebooks.sh dist/notebooks

markdown: $(READY)  ## write the prepared course as plain Markdown to dist/markdown, for other generators
	$(BIN)/python -m slidingwindows markdown

pdf: site  ## print the course as dist/sliding-windows-course.pdf
	@PYTHON=$(BIN)/python scripts/browser.sh
	$(BIN)/python -m slidingwindows pdf

figures: $(READY)  ## draw the figures again; LESSON=name for one lesson only
	$(BIN)/python -m slidingwindows figures $(LESSON)

test: $(READY)  ## set up a browser, then run every test; QUICK=1 for two minutes, COVERAGE=1 measures
	@$(if $(QUICK),true,PYTHON=$(BIN)/python scripts/browser.sh)
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(if $(QUICK),--quick) $(if $(COVERAGE),-p covering --cov --cov-report=) $(ARGS)

check: $(READY) lint  ## lint and spelling, then a strict build whose links, HTML and weights are checked
	$(BIN)/python -m slidingwindows site --check

lint: $(READY)
	$(BIN)/ruff check scripts tests lessons
	$(BIN)/ruff format --check scripts tests
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/mypy
	$(NODE) $(MODULES)/@biomejs/biome/bin/biome check
	$(BIN)/python -m slidingwindows.site.assets
	$(NODE) $(MODULES)/typescript/bin/tsc
	$(NODE) $(MODULES)/typescript/bin/tsc --project tsconfig.strict.json
	$(BIN)/codespell assets docs lessons scripts tests *.md *.yml *.toml

format: $(READY)  ## format Python and JavaScript
	$(BIN)/ruff format scripts tests
	$(NODE) $(MODULES)/@biomejs/biome/bin/biome check --write

lock:  ## write requirements.lock from pyproject.toml; ARGS=--upgrade takes the newest versions
	@PYTHON="$(PYTHON)" scripts/lock.sh $(ARGS)

outdated:  ## list the locked versions that are behind the newest
	@PYTHON="$(PYTHON)" scripts/lock.sh --outdated

release-notes: $(READY)  ## print this version's section of CHANGELOG.md; VERSION=0.1.0 for another
	@$(BIN)/python scripts/release_notes.py $(VERSION)

clean:  ## delete all build output, but keep the virtual environment
	rm -rf site dist .cache build .pytest_cache .hypothesis .ruff_cache
	find lessons scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean  ## delete the virtual environment as well
	rm -rf $(VENV) scripts/*.egg-info

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

# The stamp is made last, so an interrupted setup is simply run again.
$(READY): requirements.lock requirements-torch.txt pyproject.toml package.json package-lock.json \
    scripts/setup.sh scripts/torch.sh scripts/node.sh
	@PYTHON="$(PYTHON)" scripts/setup.sh $(VENV)
	@touch $@
