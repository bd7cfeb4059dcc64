//! What only Vault knew: what of it nobody reads, who else is granted a path, and what it did not tell.

use super::super::style::{Ink, Row, Style, clean, count};
use super::part;
use crate::insight::{Elsewhere, Live, Unread, Unused};

/// Each mount with what nobody reads, and what could not be read.
pub fn live(live: &Live, style: Style) -> String {
    let mounts = live.unused.iter().map(|mount| of_mount(mount, style));
    mounts.chain([unread(&live.unread, style)]).collect()
}

fn of_mount(mount: &Unused, style: Style) -> String {
    let heading = format!(
        "{} of vault {}: {}, {} of them read by no declaration",
        clean(&mount.mount),
        clean(&mount.vault),
        count(mount.there, "path"),
        mount.paths.len()
    );
    let mut rows: Vec<Row> = mount
        .paths
        .iter()
        .map(|path| vec![(Ink::Careful, clean(path))])
        .collect();
    if rows.is_empty() {
        rows.push(vec![(Ink::Quiet, "none".to_owned())]);
    }
    let mut text = part(&heading, rows, style);
    if mount.forbidden > 0 {
        let folders = count(mount.forbidden, "folder");
        text.push_str(&format!(
            "    not looked into: {folders} that this token may not list\n"
        ));
    }
    if mount.cut {
        text.push_str("    there is more than was looked at\n");
    }
    if let Some(failure) = &mount.failure {
        text.push_str(&format!("    not seen to its end: {}\n", clean(failure)));
    }
    text
}

/// Policies that are no role's here.
pub(super) fn elsewhere(policies: &[Elsewhere], style: Style) -> String {
    let rows = policies.iter().map(|it| {
        let template = if it.templated {
            "only Vault can fill it in"
        } else {
            ""
        };
        vec![
            (Ink::Strong, clean(&it.policy)),
            (Ink::Plain, format!("by {}", clean(&it.by))),
            (Ink::Quiet, template.to_owned()),
        ]
    });
    let heading =
        "granted by policies of Vault that no role here has; who has them is not known here";
    part(heading, rows, style)
}

fn unread(unread: &[Unread], style: Style) -> String {
    let rows = unread.iter().map(|it| {
        vec![
            (Ink::Strong, format!("vault {}", clean(&it.vault))),
            (Ink::Plain, clean(&it.what)),
        ]
    });
    part("not read, so that nobody here knows", rows, style)
}
