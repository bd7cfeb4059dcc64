//! One change in a sentence, and in a line for each key, field or rule.

use super::{Item, Sign, names};
use crate::plan::FieldChange;
use crate::report::count;
use crate::report::phrase::Phrase;
use crate::review::{
    AccessChange, Allowed, ApprovalChange, Change, ClusterChange, KeyChange, Meaning, Membership,
    PolicyChange, Presence, SecretChange, SecretMove, Source, VaultChange,
};
use std::collections::BTreeSet;

/// How many clusters are named in a sentence.
const NAMED: usize = 6;
/// How many that use a path, of which there may be several.
const USERS: usize = 3;

pub(super) fn item(change: &Change) -> Item<'_> {
    let (sign, kind, name, says, lines) = match &change.meaning {
        Meaning::Cluster(cluster) => of_cluster(cluster, change),
        Meaning::Onboarding(field) => of_field("cluster", field),
        Meaning::Fleet(field) => of_field("fleet", field),
        Meaning::Deletes {
            secrets,
            allowed,
            all,
        } => {
            let all = if *all { ", and none is left" } else { "" };
            let says = format!("go at once{all}; up to {allowed} may go without a look");
            (
                Sign::Goes,
                "cluster",
                Phrase::default().ours(count(*secrets, "Secret")),
                Phrase::default().ours(says),
                Vec::new(),
            )
        }
        Meaning::Secret(secret) => of_secret(secret),
        Meaning::Denied {
            role,
            path,
            secrets,
        } => (
            Sign::Goes,
            "access",
            theirs(path),
            ours("is read by ")
                .then(names(secrets, NAMED))
                .ours(", and denied to ")
                .theirs(role),
            Vec::new(),
        ),
        Meaning::Access(access) => of_access(access),
        Meaning::Policy(policy) => of_policy(policy),
        Meaning::Vault(vault) => of_vault(vault),
        Meaning::Rule(rule) => {
            let (sign, verb) = present(rule.how);
            let lines = lines(&rule.fields);
            (sign, "rule", theirs(&rule.rule), ours(verb), lines)
        }
        Meaning::Owners { file, how } => {
            let (sign, verb) = present(*how);
            (sign, "owners", theirs(file), ours(verb), Vec::new())
        }
        Meaning::Approval(approval) => of_approval(approval),
    };
    Item {
        change,
        sign,
        kind,
        name,
        says,
        lines,
    }
}

type Told = (Sign, &'static str, Phrase, Phrase, Vec<(Sign, Phrase)>);

fn theirs(name: &str) -> Phrase {
    Phrase::default().theirs(name)
}

fn ours(text: impl Into<String>) -> Phrase {
    Phrase::default().ours(text)
}

fn of_cluster(cluster: &ClusterChange, change: &Change) -> Told {
    let name = names(&change.clusters, NAMED);
    let secrets = count(cluster.secrets, "Secret");
    let paths = count(cluster.paths, "path");
    let (sign, says) = match &cluster.how {
        Membership::Joins => (
            Sign::Comes,
            ours("joins Vault ")
                .theirs(&cluster.vault)
                .ours(format!(", with {secrets} from {paths}")),
        ),
        Membership::Leaves => (
            Sign::Goes,
            ours("leaves Vault ").theirs(&cluster.vault).ours(format!(
                ": it can read nothing any more; its {secrets} stay in the cluster as they are"
            )),
        ),
        Membership::Renamed { from } => (
            Sign::Changes,
            ours("was ").theirs(from).ours(
                ": the same Kubernetes cluster gets a new mount, role and policy, and the old ones go",
            ),
        ),
    };
    (sign, "cluster", name, says, Vec::new())
}

/// A field with its two values.
fn of_field(kind: &'static str, field: &FieldChange) -> Told {
    let (sign, says) = values(field);
    (sign, kind, theirs(&field.field), says, Vec::new())
}

fn values(field: &FieldChange) -> (Sign, Phrase) {
    match (&field.before, &field.after) {
        (Some(before), Some(after)) => (Sign::Changes, theirs(before).ours(" → ").theirs(after)),
        (Some(before), None) => (Sign::Goes, theirs(before)),
        (None, Some(after)) => (Sign::Comes, theirs(after)),
        (None, None) => (Sign::Changes, Phrase::default()),
    }
}

fn lines(fields: &[FieldChange]) -> Vec<(Sign, Phrase)> {
    let lines = fields.iter().map(|field| {
        let (sign, values) = values(field);
        (sign, theirs(&field.field).ours(": ").then(values))
    });
    lines.collect()
}

fn of_secret(secret: &SecretChange) -> Told {
    let keys = count(secret.keys.len(), "key");
    let (sign, says) = match &secret.how {
        SecretMove::Gained => (Sign::Comes, ours(format!("gained, with {keys}"))),
        SecretMove::Lost => (Sign::Goes, ours(format!("lost, with {keys}"))),
        SecretMove::Renamed { from } => (
            Sign::Changes,
            ours("was ")
                .theirs(from)
                .ours(": that one goes, and whoever uses it by that name loses it"),
        ),
        SecretMove::Moved { from } => (
            Sign::Changes,
            ours("moves here from ").then(names(from, NAMED)),
        ),
        SecretMove::Changed => {
            let fields = count(secret.fields.len(), "field");
            let what = match (secret.keys.len(), secret.fields.len()) {
                (0, _) => fields,
                (_, 0) => keys,
                _ => format!("{keys} and {fields}"),
            };
            (Sign::Changes, ours(format!("{what} changed")))
        }
    };
    let mut told: Vec<_> = secret.keys.iter().map(key).collect();
    told.extend(lines(&secret.fields));
    (sign, "secret", theirs(&secret.secret), says, told)
}

fn key(key: &KeyChange) -> (Sign, Phrase) {
    let name = match &key.key {
        Some(name) => theirs(name),
        None => ours("every field"),
    };
    let (sign, from) = match (&key.before, &key.after) {
        (Some(before), Some(after)) if before.path == after.path => {
            let how = filled(before).ours(" → ").then(filled(after));
            (Sign::Changes, theirs(&before.path).ours(" ").then(how))
        }
        (Some(before), Some(after)) => (
            Sign::Changes,
            source(before).ours(" → ").then(source(after)),
        ),
        (Some(before), None) => (Sign::Goes, source(before)),
        (_, after) => (Sign::Comes, after.as_ref().map(source).unwrap_or_default()),
    };
    (sign, name.ours(" ← ").then(from))
}

fn source(source: &Source) -> Phrase {
    theirs(&source.path).ours(" ").then(filled(source))
}

/// What of a path, and how.
fn filled(source: &Source) -> Phrase {
    let mut phrase = match &source.property {
        Some(property) => ours("# ").theirs(property),
        None => ours("(whole)"),
    };
    if source.base64 {
        phrase = phrase.ours(" from base64");
    }
    if let Some(path) = &source.overwritten_by {
        phrase = phrase
            .ours(", unless ")
            .theirs(path)
            .ours(" has a field of that name");
    }
    phrase
}

fn of_access(access: &AccessChange) -> Told {
    let (gained, lost) = (access.gained(), access.lost());
    let joined = |words: &BTreeSet<&str>| words.iter().copied().collect::<Vec<_>>().join(", ");
    let (sign, verb) = match (gained.is_empty(), lost.is_empty()) {
        (false, true) => (Sign::Comes, format!("{} gained by ", joined(&gained))),
        (true, false) => (Sign::Goes, format!("{} lost by ", joined(&lost))),
        (false, false) => (
            Sign::Changes,
            format!("{} gained and {} lost by ", joined(&gained), joined(&lost)),
        ),
        (true, true) => (Sign::Changes, "under other conditions for ".to_owned()),
    };
    let says = ours(verb).theirs(&access.role);
    (
        sign,
        "access",
        theirs(&access.path),
        says,
        access_lines(access),
    )
}

fn access_lines(access: &AccessChange) -> Vec<(Sign, Phrase)> {
    let mut lines = Vec::new();
    let before = (
        &access.before.conditions,
        Sign::Goes,
        &access.after.conditions,
    );
    let after = (
        &access.after.conditions,
        Sign::Comes,
        &access.before.conditions,
    );
    for (conditions, sign, others) in [before, after] {
        let own = conditions.iter().filter(|it| !others.contains(it));
        lines.extend(own.map(|condition| (sign, ours("only with ").theirs(condition))));
    }
    let sign = if access.gained().is_empty() {
        Sign::Goes
    } else {
        Sign::Comes
    };
    let is_pattern = access.path.ends_with('*') || access.path.contains('+');
    for reached in &access.reaches {
        let used = ours("used by ").then(names(&reached.used_by, USERS));
        let line = if is_pattern {
            ours("reaches ").theirs(&reached.path).ours(", ").then(used)
        } else {
            used
        };
        lines.push((sign, line));
    }
    if access.reaches_more > 0 {
        let more = count(access.reaches_more, "more path");
        lines.push((sign, ours(format!("and {more} that the fleet uses"))));
    }
    lines.extend(not_known(&access.after).or_else(|| not_known(&access.before)));
    lines
}

fn not_known(allowed: &Allowed) -> Option<(Sign, Phrase)> {
    let first = allowed.unknown.first()?;
    let line = ours("not certain: only Vault can fill in ")
        .theirs(first)
        .ours(match allowed.unknown.len() {
            1 => String::new(),
            more => format!(" and {} more", more - 1),
        })
        .ours(", which may decide instead");
    Some((Sign::Changes, line))
}

fn of_policy(policy: &PolicyChange) -> Told {
    let (sign, verb) = present(policy.how);
    let effect = if policy.has_effect {
        ""
    } else {
        " without effect"
    };
    let says = ours(format!("{verb}{effect}, ")).then(match policy.roles.len() {
        0 => ours("no role of this fleet has it"),
        1 => ours("the role ")
            .then(names(&policy.roles, NAMED))
            .ours(" has it"),
        _ => ours("the roles ")
            .then(names(&policy.roles, NAMED))
            .ours(" have it"),
    });
    (
        sign,
        "policy",
        theirs(&policy.policy),
        says,
        lines(&policy.rules),
    )
}

fn of_vault(vault: &VaultChange) -> Told {
    let (sign, verb) = present(vault.how);
    (
        sign,
        "vault",
        theirs(&vault.vault),
        ours(verb),
        lines(&vault.fields),
    )
}

fn of_approval(approval: &ApprovalChange) -> Told {
    let (sign, verb) = present(approval.how);
    let says = ours(format!("{verb}: ")).theirs(&approval.reason);
    let until = approval.expires.as_slice();
    (sign, "approval", theirs(&approval.id), says, lines(until))
}

fn present(how: Presence) -> (Sign, &'static str) {
    match how {
        Presence::Added => (Sign::Comes, "added"),
        Presence::Removed => (Sign::Goes, "removed"),
        Presence::Changed => (Sign::Changes, "changed"),
    }
}
