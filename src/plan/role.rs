//! The role that a cluster logs in with: written by merge, so every managed field is always sent.

use super::auth_config::cause;
use super::change::{Action, Cause, Change, Concern, Kind, Reason, Scope, Target, Write};
use super::fields::{self, Rule, Shape, core, where_known};
use super::mount::concerns;
use super::sheet::Sheet;
use crate::desire::Cell;
use crate::mark::{Mark, Owner};
use crate::names::PolicyName;
use crate::observe::Fields;
use crate::observe::live::Observed;
use serde_json::json;

/// Every field of a role, at what it should be.
pub(super) fn rules(cell: &Cell) -> Vec<Rule> {
    let role = &cell.role;
    vec![
        core(
            "bound_service_account_names",
            Shape::Set,
            json!([role.account.name.as_str()]),
        ),
        core(
            "bound_service_account_namespaces",
            Shape::Set,
            json!([role.account.namespace.as_str()]),
        ),
        core("bound_service_account_namespace_selector", Shape::Text, ""),
        core("audience", Shape::Text, role.audience.as_str()),
        core("alias_name_source", Shape::Text, "serviceaccount_uid"),
        core("token_policies", Shape::Set, json!(policies(cell))),
        core("token_ttl", Shape::Duration, role.ttl.as_secs()),
        core("token_max_ttl", Shape::Duration, role.max_ttl.as_secs()),
        core("token_bound_cidrs", Shape::Set, json!([])),
        core("token_explicit_max_ttl", Shape::Duration, 0),
        core("token_no_default_policy", Shape::Flag, false),
        core("token_num_uses", Shape::Number, 0),
        core("token_period", Shape::Duration, 0),
        core("token_type", Shape::Text, "default"),
        where_known("token_strictly_bind_ip", Shape::Flag, false),
    ]
}

/// Plans the role; says whether it is there.
pub(super) fn plan(
    cell: &Cell,
    mount_owner: &Owner,
    mark: Option<&Mark>,
    live: &Observed<Fields>,
    sheet: &mut Sheet,
) -> bool {
    let name = format!("{}/{}", cell.mount, cell.role.name);
    let target = Target {
        scope: Scope::Vault(cell.vault.clone()),
        kind: Kind::Role,
        name,
    };
    sheet.looked_at += 1;
    let rules = rules(cell);
    let live = match live {
        Observed::Unknown(failure) => {
            sheet.unread(target, failure);
            return false;
        }
        Observed::Absent => {
            let concerns = concerns(mount_owner, cell.adopt);
            sheet.change(create(cell, &rules, target, concerns));
            return false;
        }
        Observed::Present(live) => live,
    };
    let changes = fields::differences(&rules, live);
    let (changes, left) = fields::asked_for(mount_owner, cell.adopt, changes, |field: &str| {
        cell.role.said.contains(field)
    });
    if !left.is_empty() {
        note_left(cell, &target, &left, sheet);
    }
    if !changes.is_empty() {
        let (is, should) = (
            fields::canonical_live(&rules, live),
            fields::canonical(&rules),
        );
        sheet.change(Change {
            target,
            action: Action::Update,
            fields: changes,
            summary: String::new(),
            reason: Reason::Differs,
            cause: cause(mark, "role", &should, &is),
            concerns: concerns(mount_owner, cell.adopt),
            place: Some(cell.role.place.clone()),
            write: write(cell, &rules, Some(live)),
        });
    }
    true
}

fn create(cell: &Cell, rules: &[Rule], target: Target, concerns: Vec<Concern>) -> Change {
    Change {
        target,
        action: Action::Create,
        fields: Vec::new(),
        summary: format!(
            "{}, policies {}, ttl {}",
            cell.role.account,
            policies(cell).join(","),
            fields::duration(cell.role.ttl.as_secs())
        ),
        reason: Reason::Missing,
        cause: Cause::Pending,
        concerns,
        place: Some(cell.role.place.clone()),
        write: write(cell, rules, None),
    }
}

fn write(cell: &Cell, rules: &[Rule], live: Option<&Fields>) -> Write {
    Write::Role {
        mount: cell.mount.clone(),
        role: cell.role.name.clone(),
        fields: fields::to_send(rules, live),
    }
}

fn note_left(cell: &Cell, target: &Target, left: &[super::FieldChange], sheet: &mut Sheet) {
    let text = format!(
        "role {}, made by hand, stays as it is: {}",
        target.name,
        fields::list_left(left)
    );
    let hint = "say it in cluster.yaml, or write `adopt: true` to have the defaults";
    sheet.note(&target.scope, text, hint, Some(&cell.role.place));
}

fn policies(cell: &Cell) -> Vec<&str> {
    let policies = cell.role.policies.iter();
    policies.map(PolicyName::as_str).collect()
}
