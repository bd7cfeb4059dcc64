//! Mounts: KV engines and auth mounts, and what they are tuned to.

use super::change::{
    Action, Cause, Change, Concern, FieldChange, Kind, Reason, Scope, Target, Write,
};
use super::fields::{self, Rule, Shape, core, where_known};
use super::sheet::Sheet;
use crate::apply::MountTable;
use crate::diagnostics::Place;
use crate::mark::{Mark, Owner};
use crate::names::MountPath;
use crate::observe::live::{LiveMount, Observed};
use crate::observe::{Fields, KvEngine};
use serde_json::json;

/// A mount as it should be.
pub(super) struct DesiredMount<'a> {
    pub(super) scope: Scope,
    pub(super) kind: Kind,
    pub(super) path: &'a MountPath,
    pub(super) engine: Engine,
    pub(super) mark: Mark,
    pub(super) adopt: bool,
    pub(super) place: &'a Place,
    /// What another object of the same cell says of the mount that is ours: its accessor, or [`MADE`].
    pub(super) known_as: Option<String>,
}

/// Where the mark of a mount stands.
const DESCRIPTION: &str = "description";
/// In place of the accessor of a mount that is made in the same run: nobody knows it yet.
pub(super) const MADE: &str = "made";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    Kv(KvEngine),
    Kubernetes,
}

impl Engine {
    fn table(self) -> MountTable {
        match self {
            Self::Kv(_) => MountTable::Engine,
            Self::Kubernetes => MountTable::Auth,
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Kv(_) => "kv",
            Self::Kubernetes => "kubernetes",
        }
    }

    fn version(self) -> Option<&'static str> {
        match self {
            Self::Kv(KvEngine::V1) => Some("1"),
            Self::Kv(KvEngine::V2) => Some("2"),
            Self::Kubernetes => None,
        }
    }
}

/// What `tune` can change, at the values of a mount that nobody tuned.
fn tuning(engine: Engine) -> Vec<Rule> {
    let mut rules = vec![
        core("default_lease_ttl", Shape::Duration, 0),
        core("max_lease_ttl", Shape::Duration, 0),
        where_known("audit_non_hmac_request_keys", Shape::Set, json!([])),
        where_known("audit_non_hmac_response_keys", Shape::Set, json!([])),
        where_known("passthrough_request_headers", Shape::Set, json!([])),
        where_known("allowed_response_headers", Shape::Set, json!([])),
        where_known("listing_visibility", Shape::Text, "hidden"),
        where_known("identity_token_key", Shape::Text, ""),
    ];
    match engine {
        Engine::Kubernetes => {
            rules.push(where_known("token_type", Shape::Text, "default-service"));
        }
        Engine::Kv(_) => {
            rules.push(where_known(
                "delegated_auth_accessors",
                Shape::Set,
                json!([]),
            ));
            rules.push(where_known("allowed_managed_keys", Shape::Set, json!([])));
        }
    }
    rules
}

/// Whose a mount is: its own mark decides, then what another object of the cell remembers of it.
pub(super) fn owner(live: &LiveMount, desired: &DesiredMount<'_>) -> Owner {
    let own = Owner::of(
        Mark::read(&live.description).as_ref(),
        &desired.mark.installation,
    );
    match own {
        Owner::Unmarked
            if desired
                .known_as
                .as_deref()
                .is_some_and(|known| known == MADE || known == live.accessor) =>
        {
            Owner::Us
        }
        other => other,
    }
}

/// Plans one mount; says whether it is there, as what it should be.
pub(super) fn plan(
    desired: &DesiredMount<'_>,
    live: &Observed<LiveMount>,
    sheet: &mut Sheet,
) -> bool {
    let target = Target {
        scope: desired.scope.clone(),
        kind: desired.kind,
        name: desired.path.to_string(),
    };
    sheet.looked_at += 1;
    match live {
        Observed::Unknown(failure) => {
            sheet.unread(target, failure);
            false
        }
        Observed::Absent => {
            sheet.change(create(desired, target));
            false
        }
        Observed::Present(live) => compare(desired, live, target, sheet),
    }
}

fn create(desired: &DesiredMount<'_>, target: Target) -> Change {
    let mut body = Fields::from([
        ("type".to_owned(), json!(desired.engine.kind())),
        ("description".to_owned(), json!(desired.mark.to_string())),
    ]);
    if let Some(version) = desired.engine.version() {
        body.insert("options".to_owned(), json!({ "version": version }));
    }
    let version = desired
        .engine
        .version()
        .map(|version| format!(", version {version}"))
        .unwrap_or_default();
    Change {
        target,
        action: Action::Create,
        fields: Vec::new(),
        summary: format!("type {}{version}", desired.engine.kind()),
        reason: Reason::Missing,
        cause: Cause::Pending,
        concerns: Vec::new(),
        place: Some(desired.place.clone()),
        write: Write::EnableMount {
            table: desired.engine.table(),
            path: desired.path.clone(),
            body,
        },
    }
}

fn compare(
    desired: &DesiredMount<'_>,
    live: &LiveMount,
    target: Target,
    sheet: &mut Sheet,
) -> bool {
    if let Some(is) = in_the_way(desired.engine, live) {
        sheet.blocked(
            target,
            format!("there is another mount at this path, {is}"),
            Some("use another path; keyfleet never unmounts what is in its way".to_owned()),
            None,
            Some(desired.place),
        );
        return false;
    }
    let owner = owner(live, desired);
    let rules = tuning(desired.engine);
    let changes = fields::differences(&rules, &tuned(live));
    // No file says what a mount is tuned to.
    let (mut changes, left) = fields::asked_for(&owner, desired.adopt, changes, |_: &str| false);
    if !left.is_empty() {
        note_left(desired, &target, &left, sheet);
    }
    let marks =
        !is_intact(&live.description, &desired.mark) && (owner == Owner::Us || desired.adopt);
    if marks {
        changes.push(FieldChange {
            field: DESCRIPTION.to_owned(),
            before: Some(format!("{:?}", live.description)),
            after: Some("keyfleet's mark".to_owned()),
        });
    }
    if changes.is_empty() {
        return true;
    }
    let mut body = fields::to_send(&rules, Some(&live.tuning));
    body.retain(|name, _| changes.iter().any(|change| change.field == *name));
    if marks {
        body.insert(DESCRIPTION.to_owned(), json!(desired.mark.to_string()));
    }
    sheet.change(Change {
        target,
        action: Action::Update,
        fields: changes,
        summary: String::new(),
        reason: Reason::Differs,
        cause: match owner {
            Owner::Us => Cause::Drift {
                by: None,
                since: None,
            },
            Owner::Unmarked | Owner::Other(_) if marks => Cause::Adopt,
            Owner::Unmarked | Owner::Other(_) => Cause::Unrecorded,
        },
        concerns: concerns(&owner, desired.adopt),
        place: Some(desired.place.clone()),
        write: Write::TuneMount {
            table: desired.engine.table(),
            path: desired.path.clone(),
            fields: body,
        },
    });
    true
}

fn note_left(desired: &DesiredMount<'_>, target: &Target, left: &[FieldChange], sheet: &mut Sheet) {
    let text = format!(
        "{} {}, made by hand, stays as it is: {}",
        desired.kind.word(),
        desired.path,
        fields::list_left(left)
    );
    let hint = "write `adopt: true` to have the defaults";
    sheet.note(&target.scope, text, hint, Some(desired.place));
}

/// What stands at the path in place of the wanted engine.
fn in_the_way(engine: Engine, live: &LiveMount) -> Option<String> {
    let version = live
        .options
        .get("version")
        .and_then(|version| version.as_str())
        .unwrap_or("1");
    // Vault lists a KV engine under either of its two names.
    let same_kind =
        live.kind == engine.kind() || engine.version().is_some() && live.kind == "generic";
    if !same_kind {
        return Some(format!("of type {}", live.kind));
    }
    engine
        .version()
        .filter(|wanted| *wanted != version)
        .map(|_| format!("KV version {version}"))
}

/// What a mount is tuned to. A listing that was never tuned is hidden, and older servers say nothing of it.
fn tuned(live: &LiveMount) -> Fields {
    let mut tuning = live.tuning.clone();
    let listing = tuning
        .entry("listing_visibility".to_owned())
        .or_insert(json!("hidden"));
    if listing == "" {
        *listing = json!("hidden");
    }
    tuning
}

/// Whether a description is a mark as keyfleet wrote it. Its digests are those of the time when it was written.
fn is_intact(description: &str, wanted: &Mark) -> bool {
    const WRITTEN: [&str; 2] = ["config", "role"];
    Mark::read(description).is_some_and(|mark| {
        let has = |fact| !wanted.facts.contains_key(fact) || mark.facts.contains_key(fact);
        mark.to_string() == description
            && mark.cluster == wanted.cluster
            && WRITTEN.into_iter().all(has)
    })
}

/// What stands against changing an object of this owner.
pub(super) fn concerns(owner: &Owner, adopt: bool) -> Vec<Concern> {
    match owner {
        Owner::Us => Vec::new(),
        Owner::Unmarked if adopt => Vec::new(),
        Owner::Unmarked => vec![Concern::NotOurs],
        Owner::Other(name) => vec![Concern::OtherInstallation(name.clone())],
    }
}
