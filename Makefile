# The commands of this project; `make help` lists them. Each one first brings in what it needs (tools/setup), says so
# beforehand, and can be interrupted and run again.
#
#   make run PORT=9000 ARGS='--storage /data/lake'       (the bundled recording has a lake of its own: --set source.demo_path=DIR)
SOURCE ?=
PORT ?=
BROKER ?=
POSTGRES ?=
ARGS ?=
PREFIX ?=
PROFILES ?=

binary := build/release/cryptostream
run_flags := $(if $(SOURCE),--source $(SOURCE)) $(if $(PORT),--port $(PORT)) $(if $(BROKER),--broker $(BROKER)) $(if $(POSTGRES),--postgres '$(POSTGRES)') $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help setup build run test test-long lint fmt docs bench web asan tsan install image up down clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo "  for run: SOURCE=coingecko|replay PORT=8000 BROKER=localhost:19092 POSTGRES=postgresql:///NAME ARGS='...'; for install: PREFIX=/opt/cryptostream"

setup: ## fetch what building needs (make run and make test do it themselves)
	@tools/setup run

build: setup ## make build/release/cryptostream
	@tools/build release cryptostream

run: build ## take prices, build the tables, serve the page on http://127.0.0.1:8000
	@exec $(binary) run $(run_flags)

test: ## all tests but the long ones, about 50 minutes from nothing on two cores
	@tools/setup test
	@WITH_TESTS=1 tools/build release
	@tools/test

test-long: ## the tests of make test and those that take longer
	@tools/setup long
	@WITH_TESTS=1 tools/build release
	@WITH_TESTS=1 tools/build fuzz fuzz_targets
	@tools/test --long

lint: ## clang-format, clang-tidy, licences and sources of what we depend on, the tidy test
	@tools/setup lint
	@tools/lint

fmt: ## format the C++ sources in place
	@tools/setup lint
	@tools/lint --format

docs: build ## write what pages take from the program: docs/settings.md, the columns of docs/tables.md
	@$(binary) config schema --json | python3 tools/settings_page.py > docs/settings.md.new
	@mv docs/settings.md.new docs/settings.md
	@tools/tables-doc

bench: ## measure against peers and limits, about two hours: ARGS='replay --runs 1'
	@tools/setup bench
	@WITH_TESTS=1 tools/build release cryptostream maintenance_bench consume_limit
	@tools/bench $(ARGS)

web: ## build the page alone, into web/dist
	@tools/setup run
	@tools/web

asan: ## unit tests under the address and undefined-behaviour sanitizers
	@tools/setup test
	@WITH_TESTS=1 tools/build asan
	@tools/test --build build/asan --suite unit

tsan: ## unit tests under the thread sanitizer
	@tools/setup test
	@WITH_TESTS=1 tools/build tsan
	@tools/test --build build/tsan --suite unit

install: build ## a tree that runs on its own: make install PREFIX=/opt/cryptostream
	@tools/install '$(PREFIX)'

image: ## the program as a container image, cryptostream:latest (needs Docker or Podman)
	@tools/infra image

up: ## broker, console, Spark and the program in containers: PROFILES='db observability'
	@PROFILES='$(PROFILES)' tools/infra up

down: ## end the containers of make up; tables and volumes stay
	@tools/infra down

clean: ## delete build/ and the page's packages; the cache of fetched libraries stays
	rm -rf build web/dist web/node_modules
