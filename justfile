# Short names for what `.ci/run` does, and for what it cannot do. `just` lists them.

default:
    @just --list

# The example fleet on real servers
quickstart:
    cargo run --example quickstart

# Every test; the first time, the servers are built
test:
    cargo test

# What compiling 100,000 mappings takes, beside git's own time; then the stages that only compute
bench:
    cargo bench --bench compile
    cargo bench --bench stages

# Format, and everything that the compiler and clippy can say
lint:
    cargo fmt
    cargo clippy --locked --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

# Licences, bans and sources
deny:
    cargo deny check licenses bans sources

# Known vulnerabilities; fetches the advisory database from GitHub
advisories:
    cargo deny check advisories

# What CI does, from a bare machine on
ci:
    bash .ci/run
