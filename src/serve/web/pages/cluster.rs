//! One cluster: how it is, its last pass, what is found, its Secrets, and what exists for it in Vault.

use super::frame::{Frame, Nav};
use super::parts::{Choice, FindingRow, Turn, badge, cluster_link, mode, secret_link, vault_link};
use super::{PER_PAGE, missing, show};
use crate::desire::{Cell, Origin};
use crate::drift::Finding;
use crate::plan;
use crate::serve::board::{ClusterState, Misdeclared, Pass, PassEnd, Trigger};
use crate::serve::view::{
    self, Paged, Reader, SecretRow, State as Is, findings_of, in_rows, paged,
};
use crate::serve::web::ask::{Ask, Segment};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use std::time::Duration;

/// So many findings and writes are on this page; the rest is a link away.
const SHOWN: usize = 50;

#[derive(Template)]
#[template(path = "pages/cluster.html")]
struct Page<'a> {
    frame: Frame<'a>,
    name: &'a str,
    cluster: &'a ClusterState,
    cell: &'a Cell,
    misdeclared: Option<&'a Misdeclared>,
    state: Is,
    pass: Option<&'a Pass>,
    findings: Vec<FindingRow<'a>>,
    found: usize,
    findings_link: String,
    in_sync: usize,
    secrets: Paged<SecretRow<'a>>,
    turn: Turn,
    path: String,
    /// Where on the page the Secrets are.
    list: String,
    q: &'a str,
    choices: Vec<Choice>,
    is_narrowed: bool,
}

/// A cluster of which an error in its declaration is all that is known.
#[derive(Template)]
#[template(path = "pages/misdeclared.html")]
struct Unseen<'a> {
    frame: Frame<'a>,
    name: &'a str,
    state: Is,
    misdeclared: &'a Misdeclared,
}

pub(super) async fn page(
    State(reader): State<Reader>,
    Path(name): Path<String>,
    ask: Ask,
) -> Response {
    let look = reader.look();
    let Some(row) = view::cluster(&look, &name) else {
        return missing(&look, &ask, "No cluster of this name is declared.");
    };
    let name = row.name();
    let path = cluster_link(name);
    let (cluster, misdeclared) = match (row.known, row.misdeclared) {
        (Some(cluster), misdeclared) => (cluster, misdeclared),
        (None, Some(misdeclared)) => {
            return show(&Unseen {
                frame: Frame::of(&look, &ask, Nav::None, &path),
                name,
                state: row.state,
                misdeclared,
            });
        }
        (None, None) => return missing(&look, &ask, "Nothing is known of this cluster yet."),
    };
    let list = format!("{path}#secrets");
    let secrets = view::secrets(cluster, &ask.words(), |state| ask.wants(state));
    let secrets = paged(secrets, ask.page(), PER_PAGE);
    let rows = in_rows(findings_of(&cluster.passes));
    let page = Page {
        frame: Frame::of(&look, &ask, Nav::None, &path),
        name,
        cluster,
        cell: &cluster.cell,
        misdeclared,
        state: row.state,
        pass: cluster.passes.last.as_deref(),
        found: rows.len(),
        findings: {
            let shown = rows.into_iter().take(SHOWN);
            shown.map(|found| FindingRow::of(found, look.now)).collect()
        },
        findings_link: format!("/findings?cluster={}", Segment(name)),
        in_sync: row.in_sync(),
        turn: Turn::of(&secrets, &ask, &list),
        secrets,
        path,
        list,
        q: ask.get("q"),
        choices: choices(&ask),
        is_narrowed: ask.is_narrowed(),
    };
    show(&page)
}

/// Those that a Secret can be in.
fn choices(ask: &Ask) -> Vec<Choice> {
    let states = [
        ("", "any"),
        ("in-sync", "SUCCESS"),
        ("out-of-sync", "OUT OF SYNC"),
        ("blocked", "ERROR"),
        ("not-known", "NOT KNOWN"),
        ("not-seen", "NOT SEEN YET"),
    ];
    let asked = ask.get("state");
    states
        .into_iter()
        .map(|(value, word)| Choice::of(value, word, asked))
        .collect()
}

fn trigger(trigger: &Trigger) -> &'static str {
    match trigger {
        Trigger::Start => "since keyfleet began",
        Trigger::Revision => "for a new revision",
        Trigger::Period => "since it was time",
        Trigger::Retry => "once more after a failure",
        Trigger::Report => "for a report",
    }
}

fn end(end: &PassEnd) -> &'static str {
    match end {
        PassEnd::Done => "to its end",
        PassEnd::Deadline => "it ran out of time",
        PassEnd::Panicked => "ended in a fault of keyfleet",
        PassEnd::Skipped => "skipped: only whether the cluster is back was asked",
        PassEnd::Stopped => "was stopped",
    }
}

/// Whether it was cut short before it saw anything: then what an earlier one saw stands.
fn saw_nothing(pass: &Pass) -> bool {
    pass.seen != Some(pass.began)
}

/// To the millisecond, where that is worth something.
fn took(took: &Duration) -> String {
    if *took < Duration::from_secs(1) {
        format!("{} ms", took.as_millis())
    } else {
        format!("{:.1} s", took.as_secs_f64())
    }
}

fn origin(origin: &Origin) -> &'static str {
    match origin {
        Origin::Default | Origin::Derived => "derived from what the Secrets read",
        Origin::Granted => "as `access` grants",
        Origin::File => "a file of the repository",
    }
}

fn written(finding: &Finding) -> String {
    let target = &finding.target;
    format!("{} {}", target.kind.word(), target.name)
}

fn note_place(note: &plan::Finding) -> String {
    let place = note.place.as_ref();
    place
        .map(crate::diagnostics::Place::line)
        .unwrap_or_default()
}

fn secret_tone(row: &SecretRow<'_>) -> &'static str {
    super::parts::tone(row.state.tone())
}

fn count(number: &usize, one: &str) -> String {
    crate::report::count(*number, one)
}
