//! The `keyfleet` command.

use std::process::ExitCode;
use tikv_jemallocator::Jemalloc;

/// Many threads allocate and free at once, in a process that lives for months: see docs/decisions/0010-allocator.md.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    // Before any thread: it settles where TLS of git finds its authorities.
    keyfleet::git::prepare();
    keyfleet::cli::run()
}
