# What people do with Passerby. `make` alone lists it.
#
# `make run` needs a Rust toolchain and nothing else. `make test` installs what else it needs, and says what.
# `make check` is all that continuous integration does.

.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := /bin/bash

# One folder for everything that cargo builds, and one program that all suites test.
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
export PASSERBY_BIN ?= $(TARGET)/debug/passerby
# The runner of the WebSocket conformance cases; .ci/setup puts it there.
export KOSOKU ?= $(abspath .venv)/bin/kosoku
# The oldest Rust that builds this, as Cargo.toml states it.
RUST := $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

.PHONY: help setup run build release test unit test-faults soak cluster doctest browser conformance lint fmt doc bench bench-smoke load deploy-check check clean need-cargo

help: ## List what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: release ## Build the server and run it
	@echo
	@echo "Open http://$${PASSERBY__HTTP__LISTEN:-127.0.0.1:8080} in two windows to chat. Ctrl-C ends the server."
	@echo
	@cargo run --release --quiet -p passerby -- serve

setup: need-cargo ## Install what the tests need, and say what
	@.ci/setup

# All that the suites need, at once: built one by one, each would bring other features of the same libraries.
build: need-cargo
	cargo build --workspace --all-targets

release: need-cargo
	cargo build --release -p passerby

# The suite with the most tests is the last, so that its summary closes the output.
test: setup build doctest browser conformance bench-smoke unit ## Run all tests, installing what they need

unit: build ## Run the Rust tests alone
	@if cargo nextest --version >/dev/null 2>&1; then \
		echo "cargo nextest run --workspace"; cargo nextest run --workspace; \
	else \
		echo "cargo test --workspace --all-targets    (cargo-nextest is not installed)"; \
		cargo test --workspace --lib --bins --tests --examples; \
	fi

doctest: need-cargo ## Run the examples in the documentation of the code
	cargo test --quiet --doc --workspace

# What is measured is what would be run: release builds.
test-faults soak: export PASSERBY_BIN = $(TARGET)/release/passerby

test-faults: setup release ## Run all fault tests, and note what they measure in docs/reliability.md
	@command -v faketime >/dev/null || .ci/setup faults
	rm -rf $(TARGET)/faults
	@status=0; PASSERBY_FAULTS_TABLE=$(TARGET)/faults PASSERBY_FAULTS_USERS=$${PASSERBY_FAULTS_USERS:-300} \
		cargo test --workspace --test faults -- --include-ignored --nocapture --test-threads 1 --skip soak:: \
		|| status=$$?; \
	tests/faults-table.sh $(TARGET)/faults; exit $$status

soak: setup release ## Run two faults at once, then all faults for a night
	PASSERBY_FAULTS_TABLE=$(TARGET)/soak PASSERBY_FAULTS_USERS=$${PASSERBY_FAULTS_USERS:-300} \
		cargo test --workspace --test faults -- --include-ignored --nocapture --test-threads 1 soak::
	tests/faults-table.sh $(TARGET)/soak

cluster: release ## Run three nodes and a Redis of their own on this machine
	@deploy/local-cluster.sh $(TARGET)/release/passerby

browser: build ## Run the browser tests alone, after make setup
	cd tests/browser && npm test

conformance: build ## Run the WebSocket conformance cases alone, after make setup
	tests/websocket-conformance.sh

lint: need-cargo ## Check format, lints, documentation and, after make setup, spelling
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
	@if [ -x .venv/bin/typos ]; then \
		echo "typos"; .venv/bin/typos --config .config/typos.toml --format brief; \
	else \
		echo "The spelling check is left out; make setup installs it."; \
	fi

fmt: need-cargo ## Format the code
	cargo fmt --all

doc: need-cargo ## Build the documentation of the code
	cargo doc --workspace --no-deps
	@echo "Open $(TARGET)/doc/passerby_application/index.html"

bench: need-cargo ## Run the benchmarks
	cargo bench --workspace

bench-smoke: setup ## Run a little of each benchmark, to see that they still do
	cargo test --quiet --workspace --bench '*'

deploy-check: need-cargo ## Check what is in deploy/, installing what that needs
	@.ci/setup deploy
	@.ci/deploy-check

load: need-cargo ## Put load on a node of this machine, for half a minute
	cargo build --release -p passerby -p passerby-load
	@echo
	@bin/passerby-load/short-run.sh $(TARGET)/release $(TARGET)/load

check: setup lint deploy-check test ## Do all that continuous integration does

clean: need-cargo ## Remove everything that was built or installed here
	cargo clean
	rm -rf .venv tests/browser/node_modules

# Says in words what to do when there is no Rust, or one too old for cargo itself to say something helpful.
need-cargo:
	@version=$$(cargo --version 2>/dev/null | cut -d ' ' -f 2); \
	if [ -z "$$version" ]; then \
		echo "Passerby is built with Rust, and there is no cargo on this machine." >&2; \
	elif [ "$$(printf '%s\n' $(RUST) "$$version" | sort -V | head -n 1)" != "$(RUST)" ]; then \
		echo "Passerby needs Rust $(RUST) or newer, and this machine has $$version." >&2; \
	else \
		exit 0; \
	fi; \
	echo "Get Rust from https://rustup.rs; on Linux and macOS:" >&2; \
	echo "    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh" >&2; \
	echo "Then open a new shell and run this again." >&2; \
	exit 1
