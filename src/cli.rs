//! The command line: parses, calls the pipeline, prints, and chooses the exit code.
//!
//! Data goes to stdout, talk to stderr. Every verb is a file of its own.

mod apply;
mod common;
mod demo;
mod drift;
mod explain;
mod failure;
mod interruption;
mod outputs;
mod plan;
mod plan_file;
mod playground;
mod review;
mod sandbox;
mod serve;
mod status;
mod ui;
mod validate;

use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;
use std::time::Duration;

/// Keeps Vault and a fleet of Kubernetes clusters equal to a git repository.
///
/// Reads cluster onboarding specs and ExternalSecret declarations from REPO, compares them with what Vault and the
/// clusters hold, and makes the fewest changes that close the difference.
#[derive(Debug, Parser)]
#[command(name = "keyfleet", version, max_term_width = 100)]
struct Arguments {
    /// Say more about what happens, on stderr (can be repeated)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Check a repository offline: every error, with its line and what to do
    Validate(validate::Validate),
    /// Show what would change and why; exit 0 nothing, 2 changes, 1 error
    Plan(plan::Plan),
    /// Show what would change, ask, and make it so
    Apply(apply::Apply),
    /// Say what a pull request means for access; exit 0 good, 3 critical, 1 error
    Review(review::Review),
    /// Report what was changed by hand; exit 0 nothing, 2 findings, 1 error
    Drift(drift::Drift),
    /// Say who can read a path, what a cluster can read, or where a Secret comes from
    Explain(explain::Explain),
    /// Say how Vaults, clusters and every Secret are
    Status(status::Status),
    /// Follow a repository: keep everything equal to it, and say what is not
    Serve(serve::Serve),
    /// Watch the whole story on an embedded Vault and two embedded clusters, in ten seconds
    Demo(demo::Demo),
    /// Start an embedded Vault and embedded clusters on loopback, to play with
    Sandbox(sandbox::Sandbox),
    /// Print a completion script for a shell
    Completions { shell: clap_complete::Shell },
}

/// How long a thread for work that waits stays for more of it. Two hundred clusters that connect at once are some ninety
/// of them, each with a stack and a store of free memory: the service has no use for them until its next pass.
const IDLE_THREAD: Duration = Duration::from_millis(500);

/// Runs the command line and gives its exit code.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(refused) => return shown(&refused),
    };
    // The service logs as its settings say.
    if !matches!(arguments.verb, Verb::Serve(_)) {
        ui::start_logging(arguments.verbose);
    }
    crate::backends::install_crypto();
    // A thousand clusters are as many connections and more. Where the machine grants too few, the one that fails says so.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_keep_alive(IDLE_THREAD)
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return failure::report(&anyhow::Error::new(error).context("failed to start"));
        }
    };
    let result = runtime.block_on(async {
        match arguments.verb {
            Verb::Validate(verb) => verb.run().await,
            Verb::Plan(verb) => verb.run().await,
            Verb::Apply(verb) => verb.run().await,
            Verb::Review(verb) => verb.run().await,
            Verb::Drift(verb) => verb.run().await,
            Verb::Explain(verb) => verb.run().await,
            Verb::Status(verb) => verb.run().await,
            Verb::Serve(verb) => verb.run(arguments.verbose).await,
            Verb::Demo(verb) => verb.run().await,
            Verb::Sandbox(verb) => verb.run().await,
            Verb::Completions { shell } => {
                ui::data(&completions(shell));
                Ok(failure::Exit::Good)
            }
        }
    });
    // A git fetch that was given up on may still sit in a thread of its own; nobody waits for it.
    runtime.shutdown_background();
    match result.and_then(|exit| ui::all_printed().map(|()| exit)) {
        Ok(exit) => exit.into(),
        Err(error) => failure::report(&error),
    }
}

/// Made as a whole: what clap writes to a place that takes no more panics.
fn completions(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "keyfleet", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Help is what was asked for. Anything else is an error, by our own exit code: clap's is the one that means changes.
fn shown(refused: &clap::Error) -> ExitCode {
    let printed = refused.print();
    if refused.use_stderr() {
        return failure::Exit::Error.into();
    }
    ui::keep_lost(printed);
    match ui::all_printed() {
        Ok(()) => failure::Exit::Good.into(),
        Err(error) => failure::report(&error),
    }
}
