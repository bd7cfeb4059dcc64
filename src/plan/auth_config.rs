//! The config of a cluster's auth mount: a full replace that hides a write-only reviewer token.

use super::change::{
    Action, Cause, Change, Concern, FieldChange, Kind, Reason, Scope, Target, Write,
};
use super::fields::{self, Rule, Shape, core, where_known};
use super::mount::concerns;
use super::sheet::Sheet;
use crate::declare::Reviewer;
use crate::desire::Cell;
use crate::mark::{Mark, Owner, digest};
use crate::observe::Fields;
use crate::observe::live::Observed;
use serde_json::{Value, json};

/// Whether a reviewer token is stored; its value is never told.
const REVIEWER_SET: &str = "token_reviewer_jwt_set";

/// The config that makes a login's own token review itself.
pub(super) fn rules(cell: &Cell) -> Vec<Rule> {
    vec![
        core("kubernetes_host", Shape::Text, cell.config.host.as_str()),
        core(
            "kubernetes_ca_cert",
            Shape::Pem,
            cell.config.ca_pem.as_str(),
        ),
        // Without this, a Vault that runs in Kubernetes sends its own token to the cluster's API server.
        core("disable_local_ca_jwt", Shape::Flag, true),
        core("disable_iss_validation", Shape::Flag, true),
        core("issuer", Shape::Text, ""),
        core("pem_keys", Shape::Set, json!([])),
        where_known("use_annotations_as_alias_metadata", Shape::Flag, false),
    ]
}

/// What a mount's mark says, and what it would say if it were written now.
pub(super) struct Marks<'a> {
    pub(super) was: Option<&'a Mark>,
    pub(super) new: &'a Mark,
}

/// Plans the config; says whether logins can work with what is there.
pub(super) fn plan(
    cell: &Cell,
    mount_owner: &Owner,
    marks: &Marks<'_>,
    live: &Observed<Fields>,
    sheet: &mut Sheet,
) -> bool {
    let target = Target {
        scope: Scope::Vault(cell.vault.clone()),
        kind: Kind::AuthConfig,
        name: cell.mount.to_string(),
    };
    sheet.looked_at += 1;
    match live {
        Observed::Unknown(failure) => {
            sheet.unread(target, failure);
            false
        }
        Observed::Absent if cell.config.reviewer == Some(Reviewer::Existing) => {
            let hint =
                "write the config with its reviewer token by hand, or use `reviewer: client`";
            sheet.blocked(
                target,
                "there is no config, and `reviewer: existing` never writes one".to_owned(),
                Some(hint.to_owned()),
                None,
                Some(&cell.config.place),
            );
            false
        }
        Observed::Absent => {
            sheet.change(create(cell, mount_owner, target));
            false
        }
        Observed::Present(live) => compare(cell, mount_owner, marks, live, target, sheet),
    }
}

fn create(cell: &Cell, owner: &Owner, target: Target) -> Change {
    Change {
        target,
        action: Action::Create,
        fields: Vec::new(),
        summary: format!("{}, reviewer client", cell.config.host),
        reason: Reason::Missing,
        cause: Cause::Pending,
        concerns: concerns(owner, cell.adopt),
        place: Some(cell.config.place.clone()),
        write: Write::AuthConfig {
            mount: cell.mount.clone(),
            fields: fields::to_send(&rules(cell), None),
            remember: None,
        },
    }
}

/// A fact of a mount's mark: it was taken over with a reviewer token stored, which nobody asked to give up.
const REVIEWER_FACT: &str = "reviewer";
const KEPT: &str = "existing";

/// Which reviewer is meant where the file does not say: on a mount that keyfleet made `client`, elsewhere what is
/// there. A server that does not tell whether a token is stored may hold one.
fn reviewer(cell: &Cell, owner: &Owner, mark: Option<&Mark>, stored: Option<bool>) -> Reviewer {
    let kept = mark.is_some_and(|mark| mark.facts.get(REVIEWER_FACT).is_some_and(|is| is == KEPT));
    match cell.config.reviewer {
        Some(reviewer) => reviewer,
        None if stored != Some(false) && (*owner != Owner::Us || kept) => Reviewer::Existing,
        None => Reviewer::Client,
    }
}

fn is_stored(live: &Fields) -> Option<bool> {
    live.get(REVIEWER_SET).map(|set| set == &Value::Bool(true))
}

/// What the mark of a mount must remember of its config: adopting a mount does not erase the reviewer token in it, and
/// nor does any later run.
pub(super) fn remembered(
    mut mark: Mark,
    cell: &Cell,
    owner: &Owner,
    was: Option<&Mark>,
    live: &Observed<Fields>,
) -> Mark {
    let keeps = live
        .present()
        .is_some_and(|live| reviewer(cell, owner, was, is_stored(live)) == Reviewer::Existing);
    if keeps && cell.config.reviewer.is_none() {
        mark = mark.fact(REVIEWER_FACT, KEPT);
    }
    mark
}

fn compare(
    cell: &Cell,
    owner: &Owner,
    marks: &Marks<'_>,
    live: &Fields,
    target: Target,
    sheet: &mut Sheet,
) -> bool {
    let reviewer = reviewer(cell, owner, marks.was, is_stored(live));
    let rules = rules_beside(reviewer, cell, live, sheet);
    let mut changes = fields::differences(&rules, live);
    changes.extend(reviewer_change(reviewer, live));
    let (changes, left) = fields::asked_for(owner, cell.adopt, changes, |field: &str| {
        ["kubernetes_host", "kubernetes_ca_cert"].contains(&field)
            || field == "token_reviewer_jwt" && cell.config.reviewer.is_some()
    });
    if !left.is_empty() {
        let text = format!(
            "config {}, made by hand, stays as it is: {}",
            cell.mount,
            fields::list_left(&left)
        );
        let hint = "write `adopt: true` to have the defaults";
        sheet.warn(&target.scope, text, hint, Some(&cell.config.place));
    }
    if changes.is_empty() {
        return true;
    }
    let cause = cause_of_change(marks.was, &rules, live);
    let moves = moves(&cause, &changes);
    let write = Write::AuthConfig {
        mount: cell.mount.clone(),
        fields: fields::to_send(&rules, Some(live)),
        remember: (!moves.is_empty() && *owner == Owner::Us).then(|| marks.new.to_string()),
    };
    let mut concerns = concerns(owner, cell.adopt);
    concerns.extend(moves);
    if reviewer == Reviewer::Existing {
        concerns.push(Concern::ErasesReviewer);
    }
    sheet.change(Change {
        target,
        action: Action::Update,
        fields: changes,
        summary: String::new(),
        reason: Reason::Differs,
        cause,
        concerns,
        place: Some(cell.config.place.clone()),
        write,
    });
    true
}

/// The rules for a config with this reviewer. Where a CA and a reviewer token are stored, Vault never uses its own: the
/// flag that forbids it has no effect, and is only named.
fn rules_beside(reviewer: Reviewer, cell: &Cell, live: &Fields, sheet: &mut Sheet) -> Vec<Rule> {
    const FLAG: &str = "disable_local_ca_jwt";
    let mut rules = rules(cell);
    let is_inert = reviewer == Reviewer::Existing
        && is_stored(live) != Some(false)
        && live.get(FLAG) != Some(&Value::Bool(true))
        && has_ca(live);
    if is_inert {
        rules.retain(|rule| rule.name != FLAG);
        sheet.note(
            &Scope::Vault(cell.vault.clone()),
            format!("config {}: disable_local_ca_jwt is false; no effect while a reviewer token and a CA are stored", cell.mount),
            "set it to true when you next write this config, which has to give the reviewer token anew: without one, a Vault in Kubernetes would send its own to this cluster",
            Some(&cell.config.place),
        );
    }
    rules
}

/// A reviewer token that is stored and not wanted, or the other way round, where the server tells.
fn reviewer_change(reviewer: Reviewer, live: &Fields) -> Option<FieldChange> {
    let wanted = reviewer == Reviewer::Existing;
    let stored = is_stored(live).filter(|stored| *stored != wanted)?;
    let word = |set: bool| Some(if set { "stored" } else { "none" }.to_owned());
    Some(FieldChange {
        field: "token_reviewer_jwt".to_owned(),
        before: word(stored),
        after: word(wanted),
    })
}

fn cause_of_change(mark: Option<&Mark>, rules: &[Rule], live: &Fields) -> Cause {
    let recorded = cause(
        mark,
        "config",
        &fields::canonical(rules),
        &fields::canonical_live(rules, live),
    );
    match recorded {
        // A token alone is somebody's hand: keyfleet stores none, and the digest does not speak of it.
        Cause::Pending if fields::differences(rules, live).is_empty() => Cause::Drift {
            by: None,
            since: None,
        },
        recorded => recorded,
    }
}

/// Whether logins go elsewhere. Back to what was written before is no move: that was looked at when it was made.
fn moves(cause: &Cause, changes: &[FieldChange]) -> Vec<Concern> {
    if matches!(cause, Cause::Drift { .. }) {
        return Vec::new();
    }
    let concern = |change: &FieldChange| match change.field.as_str() {
        "kubernetes_host" => Some(Concern::ServerChanges),
        "kubernetes_ca_cert" => Some(Concern::CaChanges),
        _ => None,
    };
    changes.iter().filter_map(concern).collect()
}

fn has_ca(live: &Fields) -> bool {
    live.get("kubernetes_ca_cert")
        .and_then(Value::as_str)
        .is_some_and(|pem| !pem.is_empty())
}

/// Who moved, as far as the mount's mark tells: it holds the digest of what was written when the mount was made.
pub(super) fn cause(mark: Option<&Mark>, fact: &str, desired: &str, live: &str) -> Cause {
    match mark.and_then(|mark| mark.facts.get(fact)) {
        Some(written) if *written == digest(live) => Cause::Pending,
        Some(written) if *written == digest(desired) => Cause::Drift {
            by: None,
            since: None,
        },
        _ => Cause::Unrecorded,
    }
}
