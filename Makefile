# One word per habit; `make` alone lists them. Every recipe works from a clean clone: what is missing is built into
# $MCP_CACHE (default ~/.cache/mcp-platform) and kept there.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export MCP_CACHE ?= $(HOME)/.cache/mcp-platform
export CARGO_TARGET_DIR ?= $(MCP_CACHE)/target
export GOFLAGS ?= -mod=readonly -buildvcs=false
export GOTOOLCHAIN ?= local

step := scripts/step
# Every test, lint and tool is built from the same selection of crates and features, `cargo test`'s: cargo compiles each
# dependency once, not once per selection. With an integration test come the programs of its crate, in
# $CARGO_TARGET_DIR/debug. What is released has no such feature; images/build is what builds it.
rust := --locked --features mcp-server/dev,mcp-server/failpoints
python = "$$(scripts/venv e2e/requirements.txt)/bin/python"
oracles_python = "$$(scripts/venv simulator/oracles/requirements.txt)/bin/python"
browser_python = "$$(scripts/venv browser/requirements.txt)/bin/python"
cargo_deny := $(MCP_CACHE)/tools/bin/cargo-deny
tools := $(MCP_CACHE)/testbed/bin

##@ Try it
.PHONY: demo demo-down
demo: ## A cluster, one client, one appointment booked over WhatsApp; DEMO_CLUSTER=current uses your KUBECONFIG
	@scripts/packages
	@if [ "$${DEMO_CLUSTER:-}" != current ]; then $(step) "the test bed's programs (half an hour when nothing is built yet)" testbed/testbed build; fi
	@$(step) "images" images/build
	@$(step) "the demo" $(python) e2e/demo.py

demo-down: ## Remove everything that `make demo` made
	@$(python) e2e/demo.py down

DEV ?= examples/barbershop.yaml
.PHONY: dev
dev: ## Try a business by hand: a page like the customer's phone, no credentials, no cluster; DEV=file
	@scripts/packages base
	@cargo run $(rust) --bin mcp-server -- dev $(DEV)

##@ Check it
.PHONY: test test-long test-set-up test-programs test-suites test-rust test-chaos test-go test-oracles test-browser test-e2e fuzz
.PHONY: check lint deps edges generated charts bench
test: ## Everything with assertions: unit tests, both databases, oracles, end to end on a node
	@$(step) "make test" $(MAKE) --no-print-directory test-set-up test-programs test-suites test-e2e

test-set-up:
	@$(step) "set-up: packages, Python environment, the test bed's programs" bash -c 'scripts/packages && scripts/packages postgres && scripts/packages browser && scripts/venv e2e/requirements.txt && scripts/venv simulator/oracles/requirements.txt && scripts/venv tenant/oracle/requirements.txt && scripts/venv browser/requirements.txt && testbed/testbed build --tests'

# Once for all: what follows finds them built.
test-programs:
	@$(step) "the tests and the programs they use" cargo test $(rust) --no-run

# Most suites wait more than they compute: the images for the end-to-end tests are built meanwhile.
test-suites:
	@scripts/beside $(MAKE) images -- $(MAKE) test-rust test-go test-oracles test-browser

test-rust: ## Rust tests of all crates, with a PostgreSQL of their own (or the one MCP_TEST_POSTGRES names)
	@$(step) "the Rust tests, two programs at a time" scripts/postgres run -- scripts/suites $(rust)

test-go: ## Go tests of the test bed
	@$(step) "go vet and go test of the test bed" bash -c 'cd testbed && go vet ./... && go test ./...'

test-oracles: ## Answers of other programs: slots and dates in Python, the vendors' own clients against the simulator
	@$(step) "free slots and wishes, decided in Rust and again in Python" tenant/oracle/run
	@$(step) "the simulator's binary" cargo test $(rust) --no-run --test vendors
	@SIMULATOR_BIN="$(CARGO_TARGET_DIR)/debug/mcp-simulator" $(step) "the vendors' clients against the simulator" $(oracles_python) -m pytest -q simulator/oracles

test-browser: ## The page of `make dev` in headless Chromium; screenshots in SCREENSHOTS
	@scripts/packages browser
	@$(step) "the server with its page" cargo test $(rust) --no-run --test tenant
	@MCP_SERVER_BIN="$(CARGO_TARGET_DIR)/debug/mcp-server" SCREENSHOTS="$${SCREENSHOTS:-$(MCP_CACHE)/screenshots}" $(step) "the chat page in a browser" $(browser_python) -m pytest -q browser

test-chaos: ## The server ends at every step while messages pour in (part of test-rust; CHAOS_SCALE times 440); outages, a full disk, clocks
	@$(step) "answered once, wherever the process ends and whatever is away" scripts/postgres run -- cargo test $(rust) --test chaos -- --nocapture

test-e2e: images ## End to end on a node of its own, or the cluster of MCP_TEST_KUBECONFIG; E2E="-k booking" picks
	@$(step) "end to end" $(python) -m pytest e2e $(E2E)

test-long: export CHAOS_SCALE ?= 23
test-long: export CONTRACT_SCALE ?= 10
test-long: export FAILURES ?= all
test-long: export FUZZ_SECONDS ?= 120
test-long: export ORACLE_CASES ?= 100000
test-long: export MINUTE_CASES ?= 1000
test-long: ## Both databases, the oracles and the fuzzed readers with at least ten times the counts of `make test`, failures at every write
	@$(step) "make test-long" $(MAKE) --no-print-directory test-set-up test-rust test-oracles

fuzz: export FUZZ_SECONDS ?= 300
fuzz: export FUZZ_SEED ?= $(shell date +%s)
fuzz: ## Arbitrary profiles and requests for FUZZ_SECONDS (300) a target, from FUZZ_SEED (the time)
	@$(step) "fuzz, seed $(FUZZ_SEED)" cargo test --locked --release --package mcp-tenant --test fuzz_profile --test fuzz_time -- --nocapture

check: ## What must hold before a commit: formatting, lints, dependencies, generated files, the chart
	@$(step) "make check" $(MAKE) --no-print-directory lint edges deps generated charts

# The second time as it is released, without features; the test is there for the selection of `cargo test`.
lint:
	@$(step) "formatting" bash -c 'cargo fmt --all --check && unformatted=$$(gofmt -l testbed) && if [ -n "$$unformatted" ]; then echo "gofmt: $$unformatted"; exit 1; fi'
	@$(step) "clippy, warnings are errors" bash -c 'cargo clippy $(rust) --all-targets -- -D warnings && cargo clippy --locked --lib --bins --test starters -- -D warnings'

edges:
	@$(step) "who may depend on whom" bash -c 'scripts/edges.py && scripts/edges.py --self-test'

deps: $(cargo_deny)
	@$(step) "licences, bans and sources of dependencies" $(cargo_deny) --locked check bans licenses sources

$(cargo_deny):
	@$(step) "cargo-deny (built once)" cargo install --quiet --locked --root $(MCP_CACHE)/tools cargo-deny@0.20.2

generated:
	@$(step) "crds/generated is what the operator prints" bash -c 'cargo test --quiet $(rust) --no-run --test cluster && "$(CARGO_TARGET_DIR)/debug/mcp-operator" crd | diff -u crds/generated/mcpclients.yaml -'

charts:
	@$(step) "helm and promtool (built once)" testbed/testbed build helm promtool
	@$(step) "helm lint" $(tools)/helm lint --strict charts/mcp-platform
	@$(step) "alerts, and what makes each of them fire" bash -c '$(tools)/promtool check rules --lint=all --lint-fatal charts/mcp-platform/files/alerts.yaml && $(tools)/promtool test rules charts/tests/alerts.yaml'

bench: export IMAGE_PROFILE ?= dist
bench: images ## Measure what is released against floors and targets; BENCH_ONLY=acks,turns picks, BENCH_CLUSTER=no; writes bench.json (BENCH_OUT)
	@$(step) "programs that measure one part" images/cargo --package mcp-store-sqlite --example commit_floor --package mcp-tenant --example bench_slots --package mcp-store-contract --example bench_store
	@$(step) "benchmarks" scripts/postgres run -- $(python) e2e/bench.py

##@ Build it
.PHONY: images crds fmt
images: ## Static programs and their images into $MCP_CACHE/images
	@scripts/packages
	@$(step) "images" images/build

crds: ## Print the CRDs into crds/generated
	@mkdir -p crds/generated
	@cargo run --quiet $(rust:--locked=) --bin mcp-operator -- crd > crds/generated/mcpclients.yaml.new
	@mv crds/generated/mcpclients.yaml.new crds/generated/mcpclients.yaml
	@cp crds/generated/mcpclients.yaml charts/mcp-platform/files/mcpclients.yaml

fmt: ## Format Rust and Go
	@cargo fmt --all
	@gofmt -w $$(find testbed -name '*.go')

##@ Clusters
.PHONY: testbed-up testbed-down testbed-status
testbed-up: ## A real node for hand work, named hand; then: export KUBECONFIG=$(testbed/testbed kubeconfig --name hand)
	@scripts/packages
	@testbed/testbed up --size node --name hand

testbed-down: ## End every test bed of this machine
	@testbed/testbed down --all

testbed-status: ## Which test beds run
	@testbed/testbed status

.PHONY: help
help:
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
