//! How one cluster is onboarded, field by field: who Vault asks about its tokens, who may log in, and as what.

use super::change::{Change, ClusterChange, Meaning, Membership};
use super::critical::Critical;
use super::pairs::paths;
use super::rules;
use super::secrets::{Pair, texts};
use crate::declare::{Mode, Reviewer};
use crate::desire::{Cell, Connection, Desired, Operation, Origin};
use crate::mark::digest;
use crate::names::PolicyName;
use crate::plan::FieldChange;
use std::collections::BTreeSet;
use std::time::Duration;

/// One cluster's fields as they are compared.
struct Fields<'a> {
    base: &'a Cell,
    head: &'a Cell,
    changes: Vec<Change>,
}

impl Fields<'_> {
    /// Tells a field that differs.
    fn field(
        &mut self,
        name: &str,
        show: impl Fn(&Cell) -> String,
        critical: impl FnOnce(&Cell, &Cell) -> Option<Critical>,
    ) {
        let (before, after) = (show(self.base), show(self.head));
        if before == after {
            return;
        }
        let field = FieldChange {
            field: name.to_owned(),
            before: Some(before),
            after: Some(after),
        };
        let critical = critical(self.base, self.head);
        self.push(field, critical.into_iter().collect(), name);
    }

    /// `said` is the field whose place tells where the change is written.
    fn push(&mut self, field: FieldChange, critical: Vec<Critical>, said: &str) {
        let meaning = Meaning::Onboarding(field);
        let change = Change::of_cluster(meaning, critical, &self.head.cluster);
        let place = |cell: &Cell| cell.said.get(said).unwrap_or(&cell.place).clone();
        let (old, new) = (place(self.base), place(self.head));
        self.changes.push(change.written(Some(&old), Some(&new)));
    }
}

/// What changes of how a cluster is onboarded.
pub(super) fn compare(pair: Pair<'_>, fleet: &Desired) -> Vec<Change> {
    match (pair.base, pair.head) {
        (Some(base), Some(head)) => fields(base, head, fleet),
        (None, Some(cell)) => vec![joins(cell, fleet)],
        (Some(cell), None) => vec![membership(Membership::Leaves, cell)],
        (None, None) => Vec::new(),
    }
}

fn membership(how: Membership, cell: &Cell) -> Change {
    let leaves = how == Membership::Leaves;
    let critical = leaves
        .then_some(Critical::ClusterGoes)
        .into_iter()
        .collect();
    let meaning = Meaning::Cluster(ClusterChange {
        how,
        vault: cell.vault.to_string(),
        secrets: cell.secrets.len(),
        paths: paths(cell),
    });
    let place = Some(&cell.place);
    let (before, place) = if leaves { (place, None) } else { (None, place) };
    Change::of_cluster(meaning, critical, &cell.cluster).written(before, place)
}

/// What would be told of its fields, were it there already.
fn joins(cell: &Cell, fleet: &Desired) -> Change {
    let mut change = membership(Membership::Joins, cell);
    let policies = cell.role.policies.iter();
    let further = policies.filter(|name| **name != cell.policy.name);
    let unseen = further.filter(|name| !is_seen(name, cell, fleet));
    let unseen = unseen.map(|name| Critical::UnseenPolicy {
        policy: name.to_string(),
    });
    change.critical.extend(unseen);
    change
        .critical
        .extend(cell.adopt.then_some(Critical::TakesOver));
    change
}

fn fields(base: &Cell, head: &Cell, fleet: &Desired) -> Vec<Change> {
    let mut fields = Fields {
        base,
        head,
        changes: Vec::new(),
    };
    who_is_asked(&mut fields);
    who_logs_in(&mut fields);
    policies(&mut fields, fleet);
    what_is_written(&mut fields, fleet);
    fields.changes
}

fn always(critical: Critical) -> impl FnOnce(&Cell, &Cell) -> Option<Critical> {
    move |_, _| Some(critical)
}

fn never(_: &Cell, _: &Cell) -> Option<Critical> {
    None
}

/// Which server it is, and who vouches for it.
fn who_is_asked(fields: &mut Fields<'_>) {
    fields.field(
        "vault",
        |it| it.vault.to_string(),
        always(Critical::VaultChanges),
    );
    fields.field(
        "server",
        |it| it.config.host.clone(),
        always(Critical::ServerChanges),
    );
    fields.field("certificateAuthority", ca, always(Critical::CaChanges));
    fields.field("reviewer", reviewer, always(Critical::ReviewerChanges));
    fields.field("identity", identity, |base, _| {
        // From none to one, more is checked.
        base.identity.is_some().then_some(Critical::IdentityChanges)
    });
    fields.field("connect", connect, always(Critical::ConnectionChanges));
}

/// Who gets a token, with what, and for how long.
fn who_logs_in(fields: &mut Fields<'_>) {
    fields.field(
        "mount",
        |it| it.mount.to_string(),
        always(Critical::MountChanges),
    );
    fields.field("role", |it| it.role.name.to_string(), never);
    fields.field(
        "serviceAccount",
        |it| it.service_account.to_string(),
        always(Critical::AccountChanges),
    );
    fields.field("audience", audience, |base, head| {
        let any = head.role.audience.is_empty();
        // From any to one, fewer may log in.
        (!base.role.audience.is_empty()).then_some(Critical::AudienceChanges { any })
    });
    let longer = |old: Duration, new: Duration| (new > old).then_some(Critical::LivesLonger);
    fields.field(
        "ttl",
        |it| duration(it.role.ttl),
        |base, head| longer(base.role.ttl, head.role.ttl),
    );
    fields.field(
        "maxTtl",
        |it| duration(it.role.max_ttl),
        |base, head| {
            // Zero is no end of its own.
            let end = |cell: &Cell| match cell.role.max_ttl {
                Duration::ZERO => Duration::MAX,
                end => end,
            };
            longer(end(base), end(head))
        },
    );
    fields.field("binding", |it| it.binding.to_string(), never);
}

/// The own policy by name and origin, and each further one.
fn policies(fields: &mut Fields<'_>, fleet: &Desired) {
    fields.field("policy", |it| it.policy.name.to_string(), never);
    fields.field("access", access, never);
    let further = |cell: &Cell| -> BTreeSet<PolicyName> {
        let policies = cell.role.policies.iter();
        policies
            .filter(|name| **name != cell.policy.name)
            .cloned()
            .collect()
    };
    let (base, head) = (fields.base, fields.head);
    let (before, after) = (further(base), further(head));
    for name in before.symmetric_difference(&after) {
        let is_new = after.contains(name);
        let field = FieldChange {
            field: "policies".to_owned(),
            before: (!is_new).then(|| name.to_string()),
            after: is_new.then(|| name.to_string()),
        };
        let is_unseen = is_new && !is_seen(name, head, fleet);
        let policy = name.to_string();
        let critical = is_unseen.then_some(Critical::UnseenPolicy { policy });
        fields.push(field, Vec::from_iter(critical), "policies");
    }
}

/// Whether a policy is in the repository, or Vault's own `default`.
fn is_seen(name: &PolicyName, cell: &Cell, fleet: &Desired) -> bool {
    let vault = fleet.vaults.get(&cell.vault);
    let mut policies = vault.iter().flat_map(|vault| &vault.policies);
    name.as_str() == "default" || policies.any(|policy| policy.name == *name)
}

/// Whether and when keyfleet writes, whose objects, and for which groups.
fn what_is_written(fields: &mut Fields<'_>, fleet: &Desired) {
    fields.field(
        "adopt",
        |it| it.adopt.to_string(),
        |_, head| head.adopt.then_some(Critical::TakesOver),
    );
    fields.field("mode", |it| mode(&it.operation), never);
    fields.field("suspend", |it| suspend(&it.operation), never);
    fields.field("syncWindows", |it| windows(&it.operation), never);
    let (base, head) = (fields.base, fields.head);
    for field in texts("label", &base.labels, &head.labels) {
        let key = field.field.strip_prefix("label ").unwrap_or_default();
        let is_bound = rules::follow_label(key, base, head, &fleet.rules);
        let critical = is_bound.then_some(Critical::OtherRules);
        fields.push(field, Vec::from_iter(critical), "labels");
    }
}

/// Told apart by a digest: a certificate is no secret, and nobody reads one.
fn ca(cell: &Cell) -> String {
    certificate(&cell.config.ca_pem)
}

/// A certificate by a digest of its text.
pub(super) fn certificate(pem: &str) -> String {
    let text: String = pem.split_whitespace().collect();
    format!("certificate {}", digest(&text))
}

fn reviewer(cell: &Cell) -> String {
    match cell.config.reviewer {
        Some(Reviewer::Client) => "client",
        Some(Reviewer::Existing) => "existing",
        None => "as it is found, else client",
    }
    .to_owned()
}

fn identity(cell: &Cell) -> String {
    cell.identity
        .clone()
        .unwrap_or_else(|| "not checked".to_owned())
}

fn connect(cell: &Cell) -> String {
    match &cell.connect {
        Connection::KubeconfigContext(context) => format!("kubeconfig context {context}"),
        Connection::Vault {
            reference,
            property,
            ..
        } => format!("{} # {property}", reference.api_path()),
        Connection::InCluster => "inCluster".to_owned(),
    }
}

fn audience(cell: &Cell) -> String {
    match cell.role.audience.as_str() {
        "" => "any".to_owned(),
        audience => audience.to_owned(),
    }
}

fn access(cell: &Cell) -> String {
    match cell.policy.origin {
        Origin::Default | Origin::Derived => "derived",
        Origin::Granted | Origin::File => "listed",
    }
    .to_owned()
}

/// As Vault writes it.
fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => "none".to_owned(),
        _ if seconds.is_multiple_of(3600) => format!("{}h", seconds / 3600),
        _ if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

pub(super) fn mode(operation: &Operation) -> String {
    match operation.mode {
        Mode::Apply => "apply",
        Mode::Report { .. } => "report",
    }
    .to_owned()
}

pub(super) fn suspend(operation: &Operation) -> String {
    match &operation.suspended {
        None => "false".to_owned(),
        Some(suspended) => match &suspended.reason {
            Some(reason) => format!("true: {reason}"),
            None => "true".to_owned(),
        },
    }
}

/// In the words of a file.
pub(super) fn windows(operation: &Operation) -> String {
    let shown = operation.windows.to_string();
    if shown.is_empty() {
        "at any time".to_owned()
    } else {
        shown
    }
}
