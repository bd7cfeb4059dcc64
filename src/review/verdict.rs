//! What the answers of the servers come to, and who may know it.
//!
//! To everyone is told what follows from the repository, and what there is where somebody could read it by the base already. All
//! else is left open, with the same words whatever there is: see "What the answers tell" in docs/review.md.

use super::may_read::{MayRead, Roles};
use super::proof::{Answer, Audience, Proof, Question, Verdict, gathered};
use super::questions::{Naming, Questions, Reading};
use crate::desire::SecretId;
use crate::insight::ReadPolicies;
use crate::mark::Owner;
use crate::names::{ClusterName, InstallationName, VaultName};
use crate::observe::live::LiveMeta;
use crate::observe::outline::{Fields, Outline};
use crate::observe::{Failure, FailureClass, KvReference, KvVersion, Observed};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the servers answered.
#[derive(Debug, Default)]
pub struct Seen {
    pub paths: BTreeMap<VaultName, BTreeMap<KvReference, Observed<Outline>>>,
    pub policies: BTreeMap<VaultName, ReadPolicies>,
    /// By the clusters as the base calls them.
    pub secrets: BTreeMap<ClusterName, BTreeMap<SecretId, Observed<Arc<LiveMeta>>>>,
}

impl Questions<'_> {
    /// Every question with what came of it.
    pub fn decide(&self, audience: Audience, seen: &Seen) -> Proof {
        let roles = Roles::of(self.head, &seen.policies);
        let readings = self.readings.iter().map(|reading| {
            let verdict = self.of_reading(reading, audience, &roles, seen);
            answer_to_reading(reading, verdict)
        });
        let namings = self.namings.iter().map(|naming| {
            let verdict = of_naming(naming, audience, &self.head.installation, seen);
            answer_to_naming(naming, verdict)
        });
        let answers = readings.chain(namings).collect();
        Proof {
            audience,
            answers: gathered(answers, &super::owns(self.base, self.head)),
            left_out: self.left_out,
        }
    }

    fn of_reading(
        &self,
        reading: &Reading<'_>,
        audience: Audience,
        roles: &Roles<'_>,
        seen: &Seen,
    ) -> Verdict {
        let (vault, from) = (&reading.cell.vault, &reading.assignment.from);
        let paths = seen.paths.get(vault);
        of_path(&Facts {
            may: roles.may_read(vault, reading.login, &from.api_path()),
            is_told: reading.is_told(audience),
            is_named: self.is_named(vault),
            property: reading.property(),
            seen: paths.and_then(|paths| paths.get(from)),
            audience,
        })
    }
}

fn answer_to_reading(reading: &Reading<'_>, verdict: Verdict) -> Answer {
    Answer {
        verdict,
        question: Question::Readable {
            vault: reading.cell.vault.to_string(),
            path: reading.assignment.from.api_path(),
            property: reading.property().map(str::to_owned),
            role: format!("{}/{}", reading.login.mount, reading.login.role),
        },
        clusters: BTreeSet::from([reading.cell.cluster.to_string()]),
        place: Some(reading.assignment.place.clone()),
    }
}

fn answer_to_naming(naming: &Naming<'_>, verdict: Verdict) -> Answer {
    Answer {
        verdict,
        question: Question::NameIsFree {
            secret: naming.secret.id.to_string(),
        },
        clusters: BTreeSet::from([naming.cell.cluster.to_string()]),
        place: Some(naming.secret.place.clone()),
    }
}

/// All that a verdict on a path hangs on.
struct Facts<'a> {
    may: MayRead,
    /// Whether this audience may know what there is.
    is_told: bool,
    /// Whether the Vault is where the base says.
    is_named: bool,
    property: Option<&'a str>,
    /// `None`: not asked.
    seen: Option<&'a Observed<Outline>>,
    audience: Audience,
}

fn of_path(facts: &Facts<'_>) -> Verdict {
    // This follows from the repository alone.
    if facts.may == MayRead::No {
        return Verdict::refuted("the role may not read this path after the change");
    }
    if !facts.is_told {
        return Verdict::open(
            "not told to everyone: before this change nobody could read it so; `--live=me` asks for whoever holds the token",
        );
    }
    if !facts.is_named {
        return Verdict::open(
            "the change itself says where this Vault is: no token is sent there before it is merged",
        );
    }
    let outline = match facts.seen {
        None => return Verdict::open("it was not asked"),
        Some(Observed::Unknown(failure)) => {
            return Verdict::open(failed(failure, "Vault", facts.audience));
        }
        Some(Observed::Absent) => return Verdict::refuted("there is no secret at this path"),
        Some(Observed::Present(outline)) => outline,
    };
    if let Some(KvVersion { number, gone: true }) = outline.version {
        return Verdict::refuted(match number {
            0 => "no version of it was ever written".to_owned(),
            _ => "its newest version is deleted or destroyed".to_owned(),
        });
    }
    let lacking = facts
        .property
        .and_then(|property| lacking(property, &outline.fields, facts.audience));
    match (lacking, &facts.may) {
        (Some(verdict), _) => verdict,
        (None, MayRead::NotKnown { why }) => Verdict::open(why.clone()),
        (None, _) => Verdict::Proven {
            version: told_version(outline, facts.audience),
        },
    }
}

/// How often a secret was written is nothing for everyone.
fn told_version(outline: &Outline, audience: Audience) -> Option<u64> {
    let version = outline.version.filter(|_| audience == Audience::Holder);
    version.map(|version| version.number)
}

/// Why a property is not proven. Which others there are is told to nobody.
fn lacking(property: &str, fields: &Fields, audience: Audience) -> Option<Verdict> {
    match fields {
        Fields::Named(names) => match names.hold(property) {
            Some(true) => None,
            Some(false) => Some(Verdict::refuted("the secret has no such property")),
            None => Some(Verdict::open(
                "the property lies within a value, and values are not read for a review",
            )),
        },
        Fields::NotShown => Some(Verdict::open(
            "the secret is there; which properties it has does not show without its value",
        )),
        Fields::Unread(failure) => Some(Verdict::open(format!(
            "the secret is there; its properties: {}",
            failed(failure, "Vault", audience)
        ))),
    }
}

/// Why a server gave no answer. Its own words, and what a token lacks, are for whoever holds the token.
fn failed(failure: &Failure, server: &str, audience: Audience) -> String {
    if audience == Audience::Holder {
        let hint = failure.hint.as_ref();
        let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
        return format!("{failure}{hint}");
    }
    match failure.class {
        FailureClass::Forbidden | FailureClass::Unauthenticated => {
            format!("{server} does not let the token of this review see it")
        }
        FailureClass::Sealed => format!("{server} is sealed"),
        _ => format!("{server} gave no answer"),
    }
}

fn of_naming(
    naming: &Naming<'_>,
    audience: Audience,
    installation: &InstallationName,
    seen: &Seen,
) -> Verdict {
    if audience == Audience::Everyone {
        return Verdict::open(
            "not told to everyone: which Secrets a cluster has; `--live=me` asks for whoever holds the credentials",
        );
    }
    let Some(server) = naming.server() else {
        return Verdict::open(
            "the change itself says where this cluster is: it is not asked before it is merged",
        );
    };
    let secrets = seen.secrets.get(&server.cluster);
    match secrets.and_then(|secrets| secrets.get(&naming.secret.id)) {
        None => Verdict::open("it was not asked"),
        Some(Observed::Unknown(failure)) => Verdict::open(failed(failure, "the cluster", audience)),
        Some(Observed::Absent) => Verdict::Proven { version: None },
        Some(Observed::Present(meta)) => of_owner(&meta.owner(installation), naming.cell.adopt),
    }
}

fn of_owner(owner: &Owner, adopts: bool) -> Verdict {
    match owner {
        Owner::Us => Verdict::Proven { version: None },
        Owner::Other(name) => Verdict::refuted(format!(
            "there is a Secret of this name, and it belongs to the installation `{name}`: it stays as it is"
        )),
        Owner::Unmarked if adopts => Verdict::refuted(
            "there is a Secret of this name that is not keyfleet's: it would be taken over, since its cluster says `adopt: true`",
        ),
        Owner::Unmarked => Verdict::refuted(
            "there is a Secret of this name that is not keyfleet's: it stays as it is until its cluster says `adopt: true`",
        ),
    }
}
