//! What one who applies would take from others, and the refusal that says so.

use super::super::status::Status;
use super::entries::{Entry, Operation, Owner};
use super::set::Set;
use serde_json::{Value, json};

/// Whose, and which fields.
#[derive(Debug)]
pub(super) struct Conflict {
    owner: Owner,
    fields: Set,
}

pub(super) fn conflicts(entries: &[Entry], wanted: &Set) -> Vec<Conflict> {
    let conflicts = entries.iter().map(|entry| Conflict {
        owner: Owner {
            api_version: entry.api_version.clone(),
            ..entry.owner.clone()
        },
        fields: entry.fields.clone().intersection(wanted),
    });
    conflicts
        .filter(|conflict| !conflict.fields.is_empty())
        .collect()
}

pub(super) fn without(conflicts: Vec<Conflict>, allowed: &Set) -> Vec<Conflict> {
    let left = conflicts.into_iter().map(|conflict| Conflict {
        fields: conflict.fields.difference(allowed),
        ..conflict
    });
    left.filter(|conflict| !conflict.fields.is_empty())
        .collect()
}

pub(super) fn refused(conflicts: &[Conflict]) -> Status {
    let mut conflicts: Vec<(&Owner, String, Vec<String>)> = conflicts
        .iter()
        .map(|conflict| {
            (
                &conflict.owner,
                named(&conflict.owner),
                conflict.fields.paths(),
            )
        })
        .collect();
    conflicts.sort_by_key(|(owner, ..)| (owner.manager.clone(), owner.operation));
    let causes: Vec<Value> = conflicts
        .iter()
        .flat_map(|(_, by, paths)| {
            paths.iter().map(move |path| {
                json!({
                    "reason": "FieldManagerConflict",
                    "message": format!("conflict with {by}"),
                    "field": path,
                })
            })
        })
        .collect();
    let message = match &conflicts[..] {
        [(_, by, paths)] if paths.len() == 1 => {
            format!(
                "Apply failed with 1 conflict: conflict with {by}: {}",
                paths[0]
            )
        }
        _ => {
            let each = conflicts.iter().map(|(_, by, paths)| {
                let paths: String = paths.iter().map(|path| format!("\n- {path}")).collect();
                format!("conflicts with {by}:{paths}")
            });
            let each: Vec<String> = each.collect();
            format!(
                "Apply failed with {} conflicts: {}",
                causes.len(),
                each.join("\n")
            )
        }
    };
    Status::new(409, "Conflict", message).with_details(json!({ "causes": causes }))
}

fn named(owner: &Owner) -> String {
    let mut name = format!("{:?}", owner.manager);
    if !owner.subresource.is_empty() {
        name.push_str(&format!(" with subresource {:?}", owner.subresource));
    }
    if owner.operation == Operation::Update {
        name.push_str(&format!(" using {}", owner.api_version));
    }
    name
}
