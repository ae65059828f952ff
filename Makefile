# For a checkout: every target first installs and builds what is missing or out of date.

.DEFAULT_GOAL := help
# A target of a failed build must not be considered up to date.
.DELETE_ON_ERROR:

include make/Makefile

AQUASTREAM := bin/run.js

# The last files that npm ci and the build write, which are therefore newer than their sources.
INSTALLED := node_modules/.package-lock.json
BUILT := dist/cli/main.js

.PHONY: setup test lint bench

up-dev up-stage up-prod down logs status backup restore rotate test lint bench: setup

setup: $(BUILT) ## install and build, if necessary

test: ## run every test that this machine can run
	@npm --silent test

lint: ## check types, style, dead code, shell scripts
	@npm --silent run lint

bench: ## measure commands, starts, backups and restores
	@npm --silent run bench:cli
	@npm --silent run bench:up
	@npm --silent run bench:embedded
	@npm --silent run bench:db
	@npm --silent run bench:list
	@npm --silent run bench:container

$(INSTALLED): package-lock.json
	@npm ci --no-audit --no-fund --loglevel=error

# Directories are included, because their timestamp changes when a file is deleted.
SOURCES := $(shell find src stubs/src infra/stubs/openapi) scripts/build.js stubs/build.js stubs/openapi.js
$(BUILT): $(SOURCES) tsconfig.json package.json stubs/package.json $(INSTALLED)
	@npm --silent run build
