//! The version of a plugin that a mount is asked to run: there is the one that is built in, and no other.

use crate::sandbox::vault::Flavour;
use crate::sandbox::vault::call::Refusal;
use crate::sandbox::vault::mounts::running_version;

/// What was asked for, if it is not what runs anyway.
#[derive(Debug, Default)]
pub(super) struct Version(Option<String>);

impl Version {
    pub(super) fn of(
        asked: &str,
        table: &str,
        kind: &str,
        flavour: Flavour,
    ) -> Result<Self, Refusal> {
        let version = normal(asked).ok_or_else(|| {
            let malformed = match flavour {
                Flavour::OpenBao => "malformed",
                Flavour::HashiCorp => "Malformed",
            };
            let error = format!(
                "version {asked:?} is not a valid semantic version: {malformed} version: {asked}"
            );
            Refusal::invalid(error)
        })?;
        let runs = version == running_version(table, kind, flavour);
        Ok(Self((!runs).then_some(version)))
    }

    /// Engines of the server itself are in no catalog.
    pub(super) fn check_built_in(&self, table: &str, kind: &str) -> Result<(), Refusal> {
        let (what, kind) = match (table, kind) {
            ("", "kv" | "generic") => ("secrets", "kv"),
            ("", "cubbyhole" | "identity" | "system") => ("secrets", kind),
            ("auth/", "token") => ("auth", kind),
            _ => return Ok(()),
        };
        match self.0 {
            Some(_) => Err(Refusal::invalid(format!(
                "cannot select non-builtin version of {what} plugin {kind}"
            ))),
            None => Ok(()),
        }
    }

    pub(super) fn check_catalog(&self, kind: &str) -> Result<(), Refusal> {
        match &self.0 {
            Some(version) => Err(Refusal::invalid(format!(
                "plugin not found in the catalog: {kind}, version={version}"
            ))),
            None => Ok(()),
        }
    }
}

/// A version with its three numbers: `v1.0.0` for `1`.
fn normal(asked: &str) -> Option<String> {
    let bare = asked.strip_prefix('v').unwrap_or(asked);
    let end = bare.find(['-', '+']).unwrap_or(bare.len());
    let (numbers, rest) = bare.split_at(end);
    let numbers: Option<Vec<u64>> = numbers.split('.').map(|part| part.parse().ok()).collect();
    let mut numbers = numbers?;
    while numbers.len() < 3 {
        numbers.push(0);
    }
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    Some(format!("v{}{rest}", numbers.join(".")))
}
