//! Reads the control group of a stanza: who must approve what.

use super::Dialect;
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
pub(super) fn read(fields: &mut Fields<'_, '_>, dialect: Option<Dialect>) -> Option<ControlGroup> {
    let mut last = None;
    for (_, node) in fields.labelled("control_group") {
        let mut group = Fields::open("control_group", node, fields.faults())?;
        group.only("control_group", &["ttl", "self_auth_allowed", "factor"]);
        let ttl = group
            .duration("ttl", false)
            .map(|(ttl, _)| ttl)
            .unwrap_or_default();
        let self_auth_allowed = group.boolean("self_auth_allowed").unwrap_or(false);
        let mut factors = Vec::new();
        for (labels, node) in group.labelled("factor") {
            match labels.first() {
                Some(label) => {
                    factors.extend(factor(label.text.clone(), node, dialect, group.faults()));
                }
                None => group.fault(ParseError::new(node.position, "a factor needs a name")),
            }
        }
        if group.labelled("factor").is_empty() {
            group.fault(ParseError::new(
                node.position,
                "a control_group needs a factor",
            ));
        }
        factors.sort();
        last = Some(ControlGroup {
            ttl,
            self_auth_allowed,
            factors,
        });
    }
    last
}

fn factor(
    name: String,
    node: &Node,
    dialect: Option<Dialect>,
    errors: &mut Vec<ParseError>,
) -> Option<Factor> {
    let mut fields = Fields::open("factor", node, errors)?;
    fields.only("a factor", &["controlled_capabilities", "identity"]);
    let mut factor = Factor {
        name,
        ..Factor::default()
    };
    for (operation, position) in fields.texts("controlled_capabilities") {
        if !OPERATIONS.contains(&operation.as_str()) {
            let message = format!("unknown capability {operation:?}");
            fields.fault(ParseError::new(position, message));
        }
        factor.controlled_capabilities.insert(operation);
    }
    for (_, node) in fields
        .labelled("identity")
        .into_iter()
        .filter(|(labels, _)| labels.is_empty())
    {
        identity(node, &mut factor, fields.faults());
    }
    // Vault takes a factor without capabilities as one for all of them.
    let needs_capabilities = dialect == Some(Dialect::OpenBao);
    let no_group =
        factor.group_names.is_empty() && (needs_capabilities || factor.group_ids.is_empty());
    for (missing, what) in [
        (
            needs_capabilities && factor.controlled_capabilities.is_empty(),
            "controlled_capabilities",
        ),
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
