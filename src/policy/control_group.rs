//! Reads the control group of a stanza: who must approve what.

use super::Dialect;
use super::capability::CapabilitySet;
use super::error::ParseError;
use super::fields::Fields;
use super::rule::{ControlGroup, Factor};
use super::syntax::Node;

/// What the server lets a control group's factor control.
const OPERATIONS: [&str; 14] = [
    "create",
    "read",
    "update",
    "patch",
    "delete",
    "list",
    "scan",
    "help",
    "alias-lookahead",
    "resolve-role",
    "header",
    "revoke",
    "renew",
    "rollback",
];

/// The last control group of the stanza, which is the one that counts; all must be right.
///
/// Vault ignores keys it does not know and wants a factor to control no more than the stanza
/// grants; `OpenBao` wants every factor to say what it controls.
pub(super) fn read(
    fields: &mut Fields<'_, '_>,
    dialect: Option<Dialect>,
    granted: CapabilitySet,
) -> Option<ControlGroup> {
    let vault = dialect == Some(Dialect::Vault);
    let mut last = None;
    for (labels, node) in fields.labelled("control_group") {
        let mut group = Fields::open("control_group", node, fields.faults())?;
        if !vault {
            group.only("control_group", &["ttl", "self_auth_allowed", "factor"]);
        }
        let ttl = group
            .duration("ttl", false)
            .map(|(ttl, _)| ttl)
            .unwrap_or_default();
        let allowed = (!vault)
            .then(|| group.boolean("self_auth_allowed"))
            .flatten();
        let mut factors = factors(&mut group, dialect);
        // Vault sees no factor in a group with a label.
        if factors.is_empty() || (vault && !labels.is_empty()) {
            group.fault(ParseError::new(
                node.position,
                "a control_group needs a factor",
            ));
        }
        let granted = |word: &String| granted.iter().any(|capability| capability.word() == word);
        if vault
            && !factors
                .iter()
                .all(|factor| factor.controlled_capabilities.iter().all(granted))
        {
            let message = "a factor controls a capability that the path does not grant";
            group.fault(ParseError::new(node.position, message));
        }
        factors.sort();
        let self_auth_allowed = allowed.unwrap_or(false);
        last = Some(ControlGroup {
            ttl,
            self_auth_allowed,
            factors,
        });
    }
    last
}

fn factors(group: &mut Fields<'_, '_>, dialect: Option<Dialect>) -> Vec<Factor> {
    let mut factors = Vec::new();
    for (labels, node) in group.labelled("factor") {
        match labels.first() {
            Some(label) => {
                factors.extend(factor(label.text.clone(), node, dialect, group.faults()));
            }
            None => group.fault(ParseError::new(node.position, "a factor needs a name")),
        }
    }
    factors
}

fn factor(
    name: String,
    node: &Node,
    dialect: Option<Dialect>,
    errors: &mut Vec<ParseError>,
) -> Option<Factor> {
    let mut fields = Fields::open("factor", node, errors)?;
    let mut factor = Factor {
        name,
        ..Factor::default()
    };
    for (word, position) in fields.texts("controlled_capabilities") {
        if dialect != Some(Dialect::Vault) && !OPERATIONS.contains(&word.as_str()) {
            fields.fault(ParseError::new(
                position,
                format!("unknown capability {word:?}"),
            ));
        }
        factor.controlled_capabilities.insert(word);
    }
    if dialect != Some(Dialect::Vault) {
        fields.only("a factor", &["controlled_capabilities", "identity"]);
    }
    let identities = fields.labelled("identity").into_iter();
    for (_, node) in identities.filter(|(labels, _)| labels.is_empty()) {
        identity(node, &mut factor, fields.faults());
    }
    let openbao = dialect == Some(Dialect::OpenBao);
    let no_words = openbao && factor.controlled_capabilities.is_empty();
    let no_group = factor.group_names.is_empty() && (openbao || factor.group_ids.is_empty());
    for (missing, what) in [
        (no_words, "controlled_capabilities"),
        (factor.approvals <= 0, "approvals above 0 in its identity"),
        (no_group, "group_names in its identity"),
    ] {
        if missing {
            fields.fault(ParseError::new(
                node.position,
                format!("a factor needs {what}"),
            ));
        }
    }
    Some(factor)
}

fn identity(node: &Node, factor: &mut Factor, errors: &mut Vec<ParseError>) {
    let Some(mut identity) = Fields::open("identity", node, errors) else {
        return;
    };
    let names = |placed: Vec<_>| placed.into_iter().map(|(name, _)| name);
    factor
        .group_names
        .extend(names(identity.texts("group_names")));
    factor.group_ids.extend(names(identity.texts("group_ids")));
    factor.approvals = identity.integer("approvals").unwrap_or(factor.approvals);
}
