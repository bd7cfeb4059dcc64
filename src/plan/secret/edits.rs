//! A Secret that cannot be put right now was edited all the same: metadata tells, whatever keeps its values away.

use super::target;
use crate::observe::freshness::{self, Freshness, Why};
use crate::observe::live::Observed;
use crate::plan::change::{Cause, Edited, Finding, Scope, Target};
use crate::plan::sheet::Sheet;
use crate::plan::{Context, rbac};
use std::collections::BTreeSet;

/// Warns of the edits that no change of this sheet speaks of.
pub(in crate::plan) fn warn(context: &Context<'_>, sheet: &mut Sheet) {
    let unsettled = unsettled(sheet);
    let (cell, versions) = (context.cell, &context.seen_vault.versions);
    for desired in &cell.secrets {
        let secret = target(cell, &desired.id);
        if !unsettled.contains(&secret) {
            continue;
        }
        let Some(observed) = context.seen.secrets.get(&desired.id) else {
            continue;
        };
        let freshness = freshness::judge(desired, context.installation, observed, versions);
        let (Freshness::Look(Why::Edited(edited)), Observed::Present(seen)) = (freshness, observed)
        else {
            continue;
        };
        let cause = rbac::drift(&seen.meta);
        let (id, by) = (&desired.id, by(&cause));
        sheet.findings.push(Finding {
            scope: Scope::Cluster(cell.cluster.clone()),
            warning: true,
            text: format!("secret {id} was changed by hand{by}: {}", edited.join(", ")),
            hint: Some("it is put right once what blocks it is".to_owned()),
            place: Some(desired.place.clone()),
            edited: Some(Edited {
                target: secret,
                cause,
                parts: edited,
            }),
        });
    }
}

fn unsettled(sheet: &Sheet) -> BTreeSet<Target> {
    let waiting = sheet.waiting.iter().map(|waiting| &waiting.target);
    let blocked = sheet.blocked.iter().map(|blocked| &blocked.target);
    let unread = sheet.unread.iter().map(|unread| &unread.target);
    waiting.chain(blocked).chain(unread).cloned().collect()
}

fn by(cause: &Cause) -> String {
    let Cause::Drift {
        by: Some(by),
        since,
    } = cause
    else {
        return String::new();
    };
    let since = since.as_ref().map(|since| format!(", since {since}"));
    format!(" by {by}{}", since.unwrap_or_default())
}
