# Short names for what `.ci/run` does, and for what it cannot do. `just` lists them.

default:
    @just --list

# The story, on the embedded servers
demo:
    cargo run --release -- demo

# The static binary of the Dockerfile; wants musl-gcc (Debian: musl-tools)
static:
    rustup target add {{arch()}}-unknown-linux-musl
    cargo build --locked --release --target {{arch()}}-unknown-linux-musl --bin keyfleet

# Every test; the first time, the servers are built
test:
    cargo test

# The sandbox and the real servers, with ten times the generated sequences of an ordinary test run
contract:
    KEYFLEET_SEQUENCES=10000 cargo test --release --test sandbox_vault --test sandbox_kubernetes

# Whole passes over large fleets beside a raw client, compiling beside git's own time, and the stages that only compute
bench:
    cargo bench --bench passes
    cargo bench --bench compile
    cargo bench --bench review
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
