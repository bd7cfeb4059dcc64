//! Exit codes, and errors for people.

use crate::observe::Failure;
use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Nothing to do, or done.
    Good,
    /// An error, in the declarations or on the way.
    Error,
    /// Something is not as declared.
    Changes,
    /// A question was answered with no.
    No,
    /// A question that nobody can answer from here.
    NotKnown,
    /// A person should look before it is merged.
    Critical,
    /// Somebody had seen enough: what a shell says of a command that Ctrl-C ended.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Good => 0,
            Exit::Error => 1,
            Exit::Changes | Exit::No => 2,
            Exit::Critical | Exit::NotKnown => 3,
            Exit::Interrupted => 130,
        })
    }
}

/// Prints an error with its causes, each once.
pub(super) fn report(error: &anyhow::Error) -> ExitCode {
    super::ui::talk(&format!("error: {error}"));
    for cause in error.chain().skip(1) {
        super::ui::talk(&format!("  caused by: {cause}"));
    }
    let failures = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<Failure>());
    for hint in failures.filter_map(|failure| failure.hint.as_ref()) {
        super::ui::talk(&format!("  {hint}"));
    }
    Exit::Error.into()
}
