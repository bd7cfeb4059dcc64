//! A Secret that is declared under another name goes once what takes its place is there, and not before.

use crate::desire::{Cell, DesiredSecret};
use crate::observe::freshness::SyncRecord;
use crate::observe::live::{LiveSecretMeta, Observed};
use crate::observe::seen::SeenCell;
use crate::plan::change::{Action, Change, Concern, Kind, Target};
use crate::plan::sheet::Sheet;

/// Raises a concern about each Secret that is to go while what seems to be declared in its place cannot be made.
pub(in crate::plan) fn keep_until_succeeded(cell: &Cell, seen: &SeenCell, sheet: &mut Sheet) {
    let Ok(marked) = &seen.marked else { return };
    let mut changes = std::mem::take(&mut sheet.changes);
    let goes = |change: &&mut Change| {
        change.target.kind == Kind::Secret && change.action == Action::Delete
    };
    for change in changes.iter_mut().filter(goes) {
        let is_it = |live: &&LiveSecretMeta| {
            change.target.name == format!("{}/{}", live.namespace, live.name)
        };
        let Some(live) = marked.iter().find(is_it) else {
            continue;
        };
        let record = SyncRecord::read(&live.meta);
        let missing = cell
            .secrets
            .iter()
            .filter(|secret| matches!(seen.secrets.get(&secret.id), None | Some(Observed::Absent)));
        let mut successors = missing.filter(|secret| succeeds(secret, live, record.as_ref()));
        if let Some(successor) = successors.find(|secret| is_unsettled(secret, sheet)) {
            let name = successor.id.to_string();
            change.concerns.push(Concern::SuccessorMissing(name));
        }
    }
    sheet.changes = changes;
}

/// It has the same name in another namespace, or is made from one of the same places in Vault.
fn succeeds(secret: &DesiredSecret, live: &LiveSecretMeta, record: Option<&SyncRecord>) -> bool {
    let made_from = |path: String| record.is_some_and(|was| was.versions.contains_key(&path));
    let mut references = secret.references().into_iter();
    secret.id.name.as_str() == live.name || references.any(|from| made_from(from.api_path()))
}

fn is_unsettled(secret: &DesiredSecret, sheet: &Sheet) -> bool {
    let name = secret.id.to_string();
    let is_it = |target: &Target| target.kind == Kind::Secret && target.name == name;
    sheet.blocked.iter().any(|blocked| is_it(&blocked.target))
        || sheet.unread.iter().any(|unread| is_it(&unread.target))
        || sheet.waiting.iter().any(|waiting| is_it(&waiting.target))
}
