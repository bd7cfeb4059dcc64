//! Whether people should be sent here, and in one line how keyfleet is. Pure: of what is on the board.

use crate::serve::board::{Known, SourceState, Standing};
use jiff::Timestamp;

/// The answer to `/readyz`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    pub ready: bool,
    pub text: String,
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub name: String,
    pub passed: bool,
    pub said: String,
}

impl Check {
    pub(super) fn passed(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            passed: true,
            said: "ok".to_owned(),
        }
    }

    pub(super) fn failed(name: &str, why: &str) -> Self {
        Self {
            name: name.to_owned(),
            passed: false,
            said: format!("failed: {why}"),
        }
    }

    pub(super) fn line(&self) -> String {
        let sign = if self.passed { '+' } else { '-' };
        format!("[{sign}]{} {}\n", self.name, self.said)
    }
}

/// What to say of all that is known.
pub fn readiness(known: &Known) -> Readiness {
    let checks = checks(known);
    let (ready, text) = match &known.standing {
        Standing::Stopping => (false, "not ready: stopping".to_owned()),
        Standing::Standby { .. } => (true, "standby".to_owned()),
        Standing::Starting => (false, starting(&known.source)),
        Standing::Active { .. } => active(known),
    };
    Readiness {
        ready,
        text,
        checks,
    }
}

fn starting(source: &SourceState) -> String {
    let what = if source.followed.is_none() {
        "nothing is followed yet"
    } else {
        "it is not known yet which process writes"
    };
    format!("starting: {what}")
}

fn active(known: &Known) -> (bool, String) {
    let source = known.source.as_ref();
    let Some(followed) = &source.followed else {
        return (false, starting(source));
    };
    let text = if source.failure.is_some() {
        let revision = &followed.revision;
        match source.fetched {
            Some(fetched) => format!(
                "git is down, serving the last revision {revision} since {}",
                moment(fetched)
            ),
            None => format!("git is down, serving the last revision {revision}"),
        }
    } else if let Some(names) = lacking(known) {
        format!("degraded: no token that is accepted for {names}")
    } else if all_are_down(known) {
        let successes = known
            .vaults
            .values()
            .filter_map(|vault| vault.passes.last_success);
        match successes.max() {
            Some(last) => format!(
                "degraded: no Vault answers, the last success was {}",
                moment(last)
            ),
            None => "degraded: no Vault answers, and none ever did".to_owned(),
        }
    } else {
        "ok".to_owned()
    };
    (true, text)
}

/// The Vaults for which keyfleet has no token.
fn lacking(known: &Known) -> Option<String> {
    let vaults = known.vaults.iter();
    let names: Vec<&str> = vaults
        .filter(|(_, vault)| vault.lacks_token())
        .map(|(name, _)| name.as_str())
        .collect();
    (!names.is_empty()).then(|| format!("vault {}", names.join(", ")))
}

fn all_are_down(known: &Known) -> bool {
    !known.vaults.is_empty()
        && known
            .vaults
            .values()
            .all(|vault| vault.is_up() == Some(false))
}

fn checks(known: &Known) -> Vec<Check> {
    let source = known.source.as_ref();
    let standing = match &known.standing {
        Standing::Starting => Check::failed("standing", "starting"),
        Standing::Stopping => Check::failed("standing", "stopping"),
        Standing::Active { .. } | Standing::Standby { .. } => Check::passed("standing"),
    };
    let revision = match &source.followed {
        Some(_) => Check::passed("revision"),
        None => Check::failed("revision", "nothing is followed yet"),
    };
    let git = match (&source.failure, source.fetched) {
        (Some(_), _) => Check::failed("git", "the last fetch failed"),
        (None, None) => Check::failed("git", "nothing was fetched yet"),
        (None, Some(_)) => Check::passed("git"),
    };
    let branch = match &source.held {
        Some(held) if held.is_rewritten => {
            let why = format!("it was rewritten, and {} is not followed", held.to);
            Check::failed("branch", &why)
        }
        Some(held) => {
            let why = format!("{} cannot be followed", held.to);
            Check::failed("branch", &why)
        }
        None => Check::passed("branch"),
    };
    let vaults = known.vaults.iter().filter_map(|(name, vault)| {
        let name = format!("vault/{name}");
        let is_up = vault.is_up()?;
        Some(if is_up {
            Check::passed(&name)
        } else if vault.lacks_token() {
            Check::failed(&name, "keyfleet has no token that it accepts")
        } else {
            Check::failed(&name, "it does not answer, or is sealed")
        })
    });
    [standing, revision, git, branch]
        .into_iter()
        .chain(vaults)
        .collect()
}

fn moment(at: Timestamp) -> String {
    format!("{at:.0}")
}
