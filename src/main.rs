//! The `keyfleet` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before any thread: it settles where TLS of git finds its authorities.
    keyfleet::git::prepare();
    keyfleet::cli::run()
}
