//! What a change rests on and only a server knows: the paths that new and changed keys are filled from, those on which access
//! changes, and the names of new Secrets.
//!
//! Only the servers of the base are asked, as the base says where they are. A pull request that could name another address,
//! or other credentials, would be sent the token of whoever reviews it.

use super::may_read::{MayRead, Roles};
use super::pairs::Pairs;
use super::proof::Audience;
use super::secrets::Pair;
use crate::declare::Destination;
use crate::desire::{Assignment, Cell, Desired, DesiredSecret, SecretId, SecretLogin};
use crate::names::{ClusterName, PolicyName, VaultName};
use crate::observe::KvReference;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// How many paths, and how many names, are asked for at most.
const MOST: usize = 500;

/// All that is to be found out about a change.
pub struct Questions<'a> {
    pub(super) base: &'a Desired,
    pub(super) head: &'a Desired,
    pub(super) readings: Vec<Reading<'a>>,
    pub(super) namings: Vec<Naming<'a>>,
    /// How many more there are.
    pub(super) left_out: usize,
}

/// A path, and what of it, that a cluster reads for a Secret.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) cell: &'a Cell,
    pub(super) login: &'a SecretLogin,
    pub(super) assignment: &'a Assignment,
    /// Whether what there is may be told to everyone: before the change the same role could read the path, or some declaration
    /// read the same of it.
    pub(super) is_known: bool,
}

/// The name of a Secret that its cluster does not have by the base.
#[derive(Clone, Copy)]
pub(super) struct Naming<'a> {
    pub(super) before: Option<&'a Cell>,
    pub(super) cell: &'a Cell,
    pub(super) secret: &'a DesiredSecret,
}

/// What is to be asked of each server. Nothing of it is answered with a value.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Asks {
    pub vaults: BTreeMap<VaultName, AsksOfVault>,
    /// The names of Secrets, by the clusters as the base calls them.
    pub clusters: BTreeMap<ClusterName, BTreeSet<SecretId>>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct AsksOfVault {
    /// With whether the names of its fields are needed too.
    pub paths: BTreeMap<KvReference, bool>,
    /// Policies of roles that are not in the repository.
    pub policies: BTreeSet<PolicyName>,
}

impl<'a> Reading<'a> {
    pub(super) fn property(&self) -> Option<&'a str> {
        property(self.assignment)
    }

    /// Whether what there is may be told to these people.
    pub(super) fn is_told(&self, audience: Audience) -> bool {
        self.is_known || audience == Audience::Holder
    }

    /// One question for everybody who asks it.
    fn what(&self) -> What<'a> {
        (&self.cell.vault, &self.assignment.from, self.property())
    }
}

type What<'a> = (&'a VaultName, &'a KvReference, Option<&'a str>);

impl<'a> Questions<'a> {
    pub fn of(base: &'a Desired, head: &'a Desired) -> Self {
        let mut questions = Self {
            base,
            head,
            readings: Vec::new(),
            namings: Vec::new(),
            left_out: 0,
        };
        if !(base.plannable && head.plannable) {
            return questions;
        }
        let nothing = BTreeMap::new();
        let (before, after) = (Roles::of(base, &nothing), Roles::of(head, &nothing));
        for paired in Pairs::of(base, head).paired {
            if !super::is_untouched(paired.pair, base, head) {
                questions.add(paired.pair, &before, &after);
            }
        }
        questions.bound();
        questions.mark_known(&before);
        questions
    }

    /// What the servers are to be asked, where the answers are for these people.
    pub fn asks(&self, audience: Audience) -> Asks {
        let nothing = BTreeMap::new();
        let roles = Roles::of(self.head, &nothing);
        let mut asks = Asks::default();
        for reading in &self.readings {
            let Assignment { from, .. } = reading.assignment;
            let vault = &reading.cell.vault;
            let may = roles.may_read(vault, reading.login, &from.api_path());
            if may == MayRead::No || !reading.is_told(audience) || !self.is_named(vault) {
                continue;
            }
            let of_vault = asks.vaults.entry(vault.clone()).or_default();
            *of_vault.paths.entry(from.clone()).or_default() |= reading.property().is_some();
            // What is told to everyone says nothing of a policy that they cannot read.
            if audience == Audience::Holder {
                let unseen = roles.unseen(vault, reading.login);
                of_vault.policies.extend(unseen);
            }
        }
        for naming in &self.namings {
            if let Some(before) = naming.server().filter(|_| audience == Audience::Holder) {
                let names = asks.clusters.entry(before.cluster.clone()).or_default();
                names.insert(naming.secret.id.clone());
            }
        }
        asks
    }

    /// Whether a Vault is where the base says.
    pub(super) fn is_named(&self, vault: &VaultName) -> bool {
        let place = |fleet: &'a Desired| {
            let vault = fleet.vaults.get(vault)?;
            Some((&vault.address, &vault.namespace, &vault.ca_pem))
        };
        place(self.base).is_some_and(|before| place(self.head) == Some(before))
    }

    fn add(&mut self, pair: Pair<'a>, before: &Roles<'_>, after: &Roles<'_>) {
        let Some(cell) = pair.head else { return };
        let is_moved = pair.base.is_none_or(|before| before.vault != cell.vault);
        let is_changed = |secret: &DesiredSecret, assignment: &Assignment| {
            let path = assignment.from.api_path();
            let may = |roles: &Roles<'_>| roles.may_read(&cell.vault, &secret.login, &path);
            is_moved || may(before) != may(after)
        };
        let old: BTreeMap<&SecretId, &DesiredSecret> = pair.base.map_or_else(BTreeMap::new, by_id);
        for secret in &cell.secrets {
            let same = old.get(&secret.id).copied();
            if same.is_none() {
                self.namings.push(Naming {
                    before: pair.base,
                    cell,
                    secret,
                });
            }
            let known = same.map_or_else(HashSet::new, |secret| wishes(secret).collect());
            let readings = secret.assignments.iter().filter(|assignment| {
                !known.contains(&wish(secret, assignment)) || is_changed(secret, assignment)
            });
            self.readings.extend(readings.map(|assignment| Reading {
                cell,
                login: &secret.login,
                assignment,
                is_known: false,
            }));
        }
    }

    /// Several keys may be one question.
    fn bound(&mut self) {
        fn asked<'r>(one: &Reading<'r>) -> (What<'r>, &'r ClusterName, &'r SecretLogin) {
            (one.what(), &one.cell.cluster, one.login)
        }
        self.readings
            .sort_by(|one, other| asked(one).cmp(&asked(other)));
        self.readings
            .dedup_by(|one, other| asked(one) == asked(other));
        let mut paths = BTreeSet::new();
        let mut left_out = BTreeSet::new();
        self.readings.retain(|one| {
            let path = (&one.cell.vault, &one.assignment.from);
            let is_kept = paths.contains(&path) || paths.len() < MOST && paths.insert(path);
            if !is_kept {
                left_out.insert(one.what());
            }
            is_kept
        });
        self.left_out = left_out.len() + self.namings.len().saturating_sub(MOST);
        self.namings.truncate(MOST);
    }

    fn mark_known(&mut self, roles: &Roles<'_>) {
        let asked: HashSet<What<'a>> = self.readings.iter().map(Reading::what).collect();
        let before = self.base.cells.iter().flat_map(|cell| {
            let secrets = cell.secrets.iter();
            let assignments = secrets.flat_map(|secret| &secret.assignments);
            assignments.map(|it| (&cell.vault, &it.from, property(it)))
        });
        let declared: HashSet<What<'a>> = before.filter(|what| asked.contains(what)).collect();
        for reading in &mut self.readings {
            let path = reading.assignment.from.api_path();
            let could = || roles.may_read(&reading.cell.vault, reading.login, &path);
            reading.is_known = declared.contains(&reading.what()) || could() == MayRead::Yes;
        }
    }
}

impl<'a> Naming<'a> {
    /// The cluster as the base has it, where the change leads to no other.
    pub(super) fn server(&self) -> Option<&'a Cell> {
        let place = |cell: &'a Cell| {
            let config = &cell.config;
            let at = (&config.host, &config.ca_pem, &cell.identity);
            (&cell.connect, at, &cell.vault)
        };
        self.before
            .filter(|before| place(before) == place(self.cell))
    }
}

fn by_id(cell: &Cell) -> BTreeMap<&SecretId, &DesiredSecret> {
    let secrets = cell.secrets.iter();
    secrets.map(|secret| (&secret.id, secret)).collect()
}

/// What is read, as whom.
type Wish<'a> = (&'a SecretLogin, &'a KvReference, Option<&'a str>);

fn wish<'a>(secret: &'a DesiredSecret, assignment: &'a Assignment) -> Wish<'a> {
    (&secret.login, &assignment.from, property(assignment))
}

/// `None`: all of it.
fn property(assignment: &Assignment) -> Option<&str> {
    match &assignment.into {
        Destination::Key { property, .. } => property.as_deref(),
        Destination::EveryKey => None,
    }
}

fn wishes(secret: &DesiredSecret) -> impl Iterator<Item = Wish<'_>> {
    let assignments = secret.assignments.iter();
    assignments.map(move |assignment| wish(secret, assignment))
}
