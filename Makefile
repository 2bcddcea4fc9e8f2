# Everything on one machine: `make demo` shows Khiên at work, `make test` proves it.
# Needed beforehand: git, make, a C compiler, Rust and Node. The rest is installed from Debian
# where that is allowed, or named loudly where it is not.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo build test check bench bench-detect fuzz fuzz-lock assets fmt clippy house deny clean

export CARGO_TARGET_DIR ?= $(CURDIR)/target
DEMO ?=

help:
	@echo 'make demo    builds what is missing and shows an invented province on http://127.0.0.1:8800'
	@echo '             (more flags: make demo DEMO="--listen 127.0.0.1:9000")'
	@echo 'make build   builds the assets and the release binary'
	@echo 'make test    every check and every test'
	@echo 'make bench   measures binary, memory and pages'
	@echo 'make bench-detect  measures detection beside the best peer (ROWS="match" for some rows)'
	@echo 'make fuzz    searches for inputs that break a reader (FUZZ_SECONDS=120 per target)'
	@echo 'make check   formatting, lints, the house rules and the licences only'

demo: assets
	cargo build --locked --profile demo -p khien
	exec "$$CARGO_TARGET_DIR/demo/khien" demo $(DEMO)

build: assets
	cargo build --locked --release -p khien
	@ls -l "$$CARGO_TARGET_DIR/release/khien"

# cargo test, not nextest: one process per test would start one PostgreSQL per test.
# The second round looks for code that asks the machine for its zone.
test: assets fmt fuzz-lock clippy
	@.ci/need soft chromium:chromium chromedriver:chromium-driver rsyslogd:rsyslog \
	  /usr/lib/postgresql:postgresql
	TZ=Pacific/Kiritimati cargo test --locked --workspace
	TZ=America/New_York cargo test --locked --workspace --lib
	@echo 'make test: every test passed'

# Prints what a hub costs; decides nothing.
bench: assets
	cargo build --locked --release -p khien
	cargo run --locked --release -p khien --example measure

# Detection beside its best peer, on one core.
ROWS ?=
bench-detect:
	@if command -v taskset >/dev/null; then pin='taskset -c 0'; else pin=''; fi; \
	  $$pin cargo bench --locked -p khien-detect --bench detect -- $(ROWS); \
	  if [ -z "$(ROWS)" ]; then for bench in indicators correlations; do \
	    $$pin cargo bench --locked -p khien-detect --bench $$bench; done; fi

# libFuzzer over every target of fuzz/, on stable Rust: what cargo-fuzz asks of a nightly compiler is
# only the sanitizers, and there is no unsafe code of ours for them to watch. The flags are its own.
# An input that breaks a target stays in fuzz/artifacts; mended, it belongs into fuzz/seeds.
FUZZ_SECONDS ?= 120
FUZZ_TARGETS ?= $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))
FUZZ_FLAGS := --cfg fuzzing -Cpasses=sancov-module $(addprefix -Cllvm-args=-sanitizer-coverage-, \
  level=4 inline-8bit-counters pc-table trace-compares)
fuzz: export RUSTFLAGS := $(FUZZ_FLAGS)
fuzz:
	@.ci/need hard c++:g++
	host=$$(rustc -vV | sed -n 's/^host: //p'); \
	cargo build --locked --release --manifest-path fuzz/Cargo.toml --target "$$host"; \
	for target in $(FUZZ_TARGETS); do \
	  mkdir -p "fuzz/corpus/$$target" fuzz/artifacts; \
	  "$$CARGO_TARGET_DIR/$$host/release/$$target" -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
	    -rss_limit_mb=1024 -max_len=12288 -print_final_stats=1 \
	    -artifact_prefix="fuzz/artifacts/$$target-" "fuzz/corpus/$$target" \
	    $$(ls -d "fuzz/seeds/$$target" "crates/event/src/$$target/testdata" 2>/dev/null); \
	done

check: assets fmt fuzz-lock clippy house deny

fmt:
	cargo fmt --all --check

# The fuzz targets are a workspace of their own, whose lock no other build looks at.
fuzz-lock:
	cargo metadata --locked --format-version 1 --manifest-path fuzz/Cargo.toml >/dev/null

clippy: assets
	cargo clippy --locked --workspace --all-targets -- -D warnings

house: assets
	cargo test --locked -p khien --test house

# Licences, bans and sources; the tool is large, so that it is used where it is and not fetched.
# Advisories want a database from the network: `cargo deny check advisories` where there is one.
deny:
	@if command -v cargo-deny >/dev/null; then cargo deny --locked check licenses bans sources; \
	  else echo 'SKIPPED: cargo-deny is not installed (cargo install cargo-deny)' >&2; fi

assets: web/dist/manifest.json

web/dist/manifest.json: web/node_modules/.package-lock.json web/build.mjs $(shell find web/src -type f)
	cd web && node build.mjs

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	@.ci/need hard cc:build-essential node:nodejs npm:npm cargo:-
	cd web && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

clean:
	rm -rf web/dist web/node_modules
	cargo clean
