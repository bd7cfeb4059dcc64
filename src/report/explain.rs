//! Who can read what, for a terminal and for tools. Pure.

mod answer;
mod folded;
mod live;

pub use answer::answer;
pub use live::live;

use super::style::{Ink, Row, Style, clean, count, table};
use crate::diagnostics::Place;
use crate::insight::{Beyond, ClusterStory, Explained, Filled, Live, May, PathStory, SecretStory};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The version of the JSON.
pub const EXPLAIN_SCHEMA: &str = "keyfleet.dev/explain/v1";

/// How many names stand in one cell, and how many rows in one table, before the rest is counted.
const NAMED: usize = 4;
const ROWS: usize = 60;
/// More paths than these are told in a line each.
const MOST_PATHS: usize = 2;

/// What a name stands for.
pub fn text(explained: &Explained, style: Style) -> String {
    let paths: Vec<String> = if explained.paths.len() > MOST_PATHS {
        vec![many(explained, style)]
    } else {
        let paths = explained.paths.iter();
        paths.map(|story| path(story, style)).collect()
    };
    let clusters = explained.clusters.iter().map(|story| cluster(story, style));
    let secrets = explained.secrets.iter().map(|story| secret(story, style));
    let granted = granted(explained, style);
    let all = granted.into_iter().chain(paths);
    let all: Vec<String> = all.chain(clusters).chain(secrets).collect();
    all.join("\n")
}

/// The stanzas of a policy, or those with this pattern.
fn granted(explained: &Explained, style: Style) -> Option<String> {
    let stanzas = &explained.stanzas;
    let first = stanzas.first()?;
    let is_policy = stanzas.iter().all(|it| it.policy == explained.name);
    let about = if is_policy {
        format!("policy, vault {}", first.vault)
    } else {
        "a pattern: whatever will be written there is granted too".to_owned()
    };
    let mut text = title(&explained.name, &about, style);
    let heading = if is_policy { "grants" } else { "is granted by" };
    text.push_str(&part(heading, folded::stanzas(stanzas), style));
    Some(text)
}

/// The fleet: of each cluster how much it uses, and what is granted and not used, or used and not granted.
pub fn overview(stories: &[ClusterStory], style: Style) -> String {
    let heads = [
        "cluster",
        "may read",
        "refused",
        "not known",
        "granted beyond that",
    ];
    let mut rows: Vec<Row> = vec![heads.map(|head| (Ink::Quiet, head.to_owned())).to_vec()];
    let alike = folded::clusters(stories);
    let more = alike.len().saturating_sub(ROWS);
    rows.extend(alike.into_iter().take(ROWS));
    let mut text = table(&rows, 2, style);
    if more > 0 {
        text.push_str(&format!("  and {more} more, in `-o json`\n"));
    }
    let unseen: BTreeSet<String> = stories.iter().flat_map(|it| it.unseen.clone()).collect();
    if !unseen.is_empty() {
        text.push_str(&format!(
            "\n  not in this repository, so that nobody here knows what they grant: {}\n",
            named(&unseen)
        ));
    }
    text
}

fn title(name: &str, about: &str, style: Style) -> String {
    let name = style.paint(Ink::Strong, &clean(name));
    format!("{name}   {}\n", style.paint(Ink::Quiet, &clean(about)))
}

fn part(title: &str, rows: impl IntoIterator<Item = Row>, style: Style) -> String {
    let rows: Vec<Row> = rows.into_iter().collect();
    if rows.is_empty() {
        return String::new();
    }
    let more = rows.len().saturating_sub(ROWS);
    let shown = &rows[..rows.len() - more];
    let mut text = format!(
        "\n  {}\n{}",
        style.paint(Ink::Strong, title),
        table(shown, 4, style)
    );
    if more > 0 {
        text.push_str(&format!("    and {more} more, in `-o json`\n"));
    }
    text
}

/// What a pattern reaches: who uses it, and who else may read it.
fn many(explained: &Explained, style: Style) -> String {
    let about = count(explained.paths.len(), "path");
    let mut text = title(&explained.name, &about, style);
    let heads = ["path", "used by", "also open to"];
    let mut rows: Vec<Row> = vec![heads.map(|head| (Ink::Quiet, head.to_owned())).to_vec()];
    rows.extend(explained.paths.iter().map(|story| {
        let fills = story.fills.iter().flat_map(|it| it.clusters.clone());
        let others = story.readers.iter();
        let others = others.filter(|it| !it.uses && it.may == May::Read);
        vec![
            (Ink::Strong, clean(&story.path)),
            (Ink::Plain, named(&fills.collect())),
            (
                Ink::Careful,
                named(&others.map(|it| it.cluster.clone()).collect()),
            ),
        ]
    }));
    text.push_str(&part("reaches", rows, style));
    text
}

fn path(story: &PathStory, style: Style) -> String {
    let mut text = title(&story.path, &format!("vault {}", story.vault), style);
    let clusters: BTreeSet<&String> = story.fills.iter().flat_map(|it| &it.clusters).collect();
    let hit = format!(
        "fills {} in {}: who is hit when it is rotated or deleted",
        count(story.fills.len(), "Secret"),
        count(clusters.len(), "cluster")
    );
    let fills = story.fills.iter().map(filled);
    text.push_str(&part(&hit, fills, style));
    let readers = |uses: bool, may: May| -> Vec<Row> {
        let readers = story.readers.iter();
        folded::readers(readers.filter(|it| it.uses == uses && it.may == may))
    };
    text.push_str(&part(
        "may read it, and does",
        readers(true, May::Read),
        style,
    ));
    text.push_str(&part(
        "may read it, and has no use for it",
        readers(false, May::Read),
        style,
    ));
    text.push_str(&part(
        "reads it, and will be refused",
        readers(true, May::Denied),
        style,
    ));
    let mut unknown = readers(true, May::Unknown);
    unknown.extend(readers(false, May::Unknown));
    let title =
        "not known: an identity template, or a policy that nobody here has read, may decide";
    text.push_str(&part(title, unknown, style));
    text.push_str(&live::elsewhere(&story.elsewhere, style));
    if story.fills.is_empty() {
        text.push_str("\n  no declaration reads it\n");
    }
    if story.readers.is_empty() {
        text.push_str("\n  no role of the fleet may read it\n");
    }
    text
}

fn filled(filled: &Filled) -> Row {
    vec![
        (Ink::Strong, clean(&filled.secret)),
        (Ink::Plain, keys(&filled.keys)),
        (Ink::Careful, named(&filled.clusters)),
        (Ink::Quiet, clean(&Place::line(&filled.place))),
    ]
}

fn keys(names: &BTreeSet<String>) -> String {
    if names.len() == 1 && names.contains("*") {
        return "every field".to_owned();
    }
    let word = if names.len() == 1 { "key" } else { "keys" };
    format!("{word} {}", named(names))
}

/// Where it is written.
fn place(place: Option<&Place>) -> String {
    place.map_or_else(
        || "read from Vault".to_owned(),
        |place| clean(&place.line()),
    )
}

fn cluster(story: &ClusterStory, style: Style) -> String {
    let mut text = title(&story.cluster, "cluster", style);
    let facts = [
        ("vault", clean(&story.vault)),
        ("role", clean(&story.role)),
        ("for", clean(&story.service_account)),
        ("policies", named(&story.policies)),
    ];
    let facts = facts.map(|(what, is)| vec![(Ink::Quiet, what.to_owned()), (Ink::Plain, is)]);
    text.push_str(&format!("\n{}", table(&facts, 2, style)));
    let rows = |paths: &BTreeSet<String>| -> Vec<Row> {
        let rows = paths.iter().map(|path| vec![(Ink::Plain, clean(path))]);
        rows.collect()
    };
    let uses = format!(
        "reads {} for {}",
        count(story.uses.len(), "path"),
        count(story.secrets, "Secret")
    );
    text.push_str(&part(&uses, rows(&story.uses), style));
    text.push_str(&part(
        "reads, and will be refused",
        rows(&story.denied),
        style,
    ));
    let title = "reads, and a template or a policy that nobody here has read may decide";
    text.push_str(&part(title, rows(&story.unknown), style));
    let beyond = story.beyond.iter().flat_map(beyond);
    let title = "granted beyond what its declarations use";
    text.push_str(&part(title, beyond, style));
    if !story.unseen.is_empty() {
        text.push_str(&format!(
            "\n  what these policies grant is not known, they are not in this repository: {}\n",
            named(&story.unseen)
        ));
    }
    text
}

fn beyond(beyond: &Beyond) -> Vec<Row> {
    let words: Vec<&str> = beyond.capabilities.iter().copied().collect();
    let mut rows = vec![vec![
        (Ink::Strong, clean(&beyond.path)),
        (Ink::Careful, words.join(", ")),
    ]];
    rows.extend(beyond.opens.iter().map(|(path, clusters)| {
        vec![
            (Ink::Quiet, format!("  opens {}", clean(path))),
            (Ink::Quiet, format!("used by {}", named(clusters))),
        ]
    }));
    rows
}

fn secret(story: &SecretStory, style: Style) -> String {
    let about = format!("Secret in {}", named(&story.clusters));
    let mut text = title(&story.secret, &about, style);
    text.push_str(&format!(
        "  {}\n",
        style.paint(Ink::Quiet, &clean(&story.place.line()))
    ));
    let rows = story.keys.iter().map(|(key, sources)| {
        let key = if key == "*" { "every field" } else { key };
        vec![
            (Ink::Strong, clean(key)),
            (Ink::Plain, format!("← {}", named(sources))),
        ]
    });
    text.push_str(&part("is filled from", rows, style));
    text
}

fn named(names: &BTreeSet<String>) -> String {
    let shown: Vec<String> = names.iter().take(NAMED).map(|name| clean(name)).collect();
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// `keyfleet.dev/explain/v1`, without an answer.
pub fn json(repository: &str, revision: &str, live: Option<&Live>) -> Value {
    let mut value = json!({
        "schema": EXPLAIN_SCHEMA,
        "repository": repository,
        "revision": revision,
    });
    if let Some(live) = live {
        value["live"] = told(live);
    }
    value
}

/// What it says of a question, or of a name.
// Names and places: nothing in it can fail to be written.
pub fn told(what: &impl Serialize) -> Value {
    serde_json::to_value(what).unwrap_or_default()
}
