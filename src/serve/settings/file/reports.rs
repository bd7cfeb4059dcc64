//! When drift reports are made, and where they go.

use super::{field, repository};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::schedule::{Cron, Zone};
use crate::serve::settings::{Destination, Format, Reports, Repository, Schedule, Sink};
use crate::yaml::{Fields, Node, nearest};
use std::collections::BTreeSet;
use std::path::PathBuf;

const FORMATS: [(&str, Format); 6] = [
    ("text", Format::Text),
    ("markdown", Format::Markdown),
    ("html", Format::Html),
    ("json", Format::Json),
    ("junit", Format::Junit),
    ("sarif", Format::Sarif),
];

pub(super) fn read(node: &Node, problems: &mut Diagnostics) -> Reports {
    let Some(mut fields) = Fields::of(node, "reports", problems) else {
        return Reports::default();
    };
    let (sinks, schedules) = (
        fields.list("sinks", problems),
        fields.list("schedules", problems),
    );
    fields.finish(problems);
    let sinks: Vec<Sink> = sinks.iter().filter_map(|it| sink(it, problems)).collect();
    let mut names = BTreeSet::new();
    for node in schedules
        .iter()
        .chain(node.get("sinks").into_iter().flat_map(items))
    {
        same_name(node, &mut names, problems);
    }
    let known: Vec<&str> = sinks.iter().map(|sink| sink.name.as_str()).collect();
    let schedules = schedules.iter();
    Reports {
        schedules: schedules
            .filter_map(|it| schedule(it, &known, problems))
            .collect(),
        sinks,
    }
}

fn items(node: &Node) -> &[Node] {
    match &node.content {
        crate::yaml::Content::List(items) => items,
        _ => &[],
    }
}

/// Two of one name could not be told apart in logs and on pages.
fn same_name<'n>(node: &'n Node, names: &mut BTreeSet<&'n str>, problems: &mut Diagnostics) {
    if let Some(name) = node.get("name")
        && let Some(text) = name.scalar()
        && !names.insert(text)
    {
        let wrong = format!("two sinks or schedules are called `{text}`");
        problems.push(Diagnostic::error(&name.place, wrong).hint("give each a name of its own"));
    }
}

fn name(fields: &mut Fields<'_>, problems: &mut Diagnostics) -> Option<String> {
    let node = fields.required("name", problems)?;
    let text = node.text("`name`", problems)?;
    let is_good = text
        .chars()
        .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-');
    if is_good && text.len() <= 63 {
        return Some(text.to_owned());
    }
    let wrong = format!("{text:?} is not a name");
    let hint = "write at most 63 lower-case letters, digits and `-`";
    problems.push(Diagnostic::error(&node.place, wrong).hint(hint));
    None
}

fn sink(node: &Node, problems: &mut Diagnostics) -> Option<Sink> {
    let mut fields = Fields::of(node, "a sink", problems)?;
    let name = name(&mut fields, problems);
    let directory = field::path(&mut fields, "directory", problems);
    let branch = fields.optional("branch");
    let webhook = fields.optional("webhook");
    let slack = fields.optional("slack");
    let teams = fields.optional("teams");
    fields.finish(problems);
    let mut url = |node, what, to: fn(_) -> Destination| {
        let mut fields = Fields::of(node, what, problems)?;
        let url = fields.required("url", problems);
        let url = url.and_then(|node| field::secret(node, "url", problems));
        fields.finish(problems);
        url.map(to)
    };
    let mut found = Vec::new();
    found.extend(directory.map(|it| Some(Destination::Directory(it))));
    found.extend(webhook.map(|it| url(it, "webhook", Destination::Webhook)));
    found.extend(slack.map(|it| url(it, "slack", Destination::Slack)));
    found.extend(teams.map(|it| url(it, "teams", Destination::Teams)));
    found.extend(branch.map(|it| read_branch(it, problems)));
    if found.len() != 1 {
        let wrong = "a sink needs exactly one of directory, branch, webhook, slack and teams";
        problems.push(Diagnostic::error(&node.place, wrong).hint("say where its reports go"));
    }
    Some(Sink {
        name: name?,
        to: found.pop()??,
    })
}

fn read_branch(node: &Node, problems: &mut Diagnostics) -> Option<Destination> {
    let mut fields = Fields::of(node, "branch", problems)?;
    let mut repository = Repository::of(crate::git::Source::Directory(PathBuf::new()));
    fields.required("url", problems)?;
    repository::access(&mut fields, &mut repository, problems);
    let name = fields.required("name", problems);
    let name = name.and_then(|node| node.text("`name`", problems));
    let folder = fields.text("folder", problems).unwrap_or_default();
    fields.finish(problems);
    Some(Destination::Branch {
        repository: Box::new(repository),
        branch: name?.to_owned(),
        folder: folder.to_owned(),
    })
}

fn schedule(node: &Node, sinks: &[&str], problems: &mut Diagnostics) -> Option<Schedule> {
    let mut fields = Fields::of(node, "a schedule", problems)?;
    let name = name(&mut fields, problems);
    let mut required = |key| {
        let node = fields.required(key, problems)?;
        Some(node.text(&format!("`{key}`"), problems)?.to_owned())
    };
    let cron = required("cron");
    let (when, of_zone) = (fields.place_of("cron"), fields.place_of("zone"));
    let zone = fields.text("zone", problems).unwrap_or("UTC").to_owned();
    let place = fields.place_of("to");
    let list = fields.list("to", problems);
    let to: Vec<String> = list
        .iter()
        .filter_map(|it| sink_name(it, sinks, problems))
        .collect();
    if list.is_empty() {
        let wrong = "`to` is empty: nobody would get this report";
        problems.push(Diagnostic::error(&place, wrong).hint("name one of the sinks"));
    }
    let formats: BTreeSet<Format> = fields
        .list("formats", problems)
        .iter()
        .filter_map(|it| field::one_of(it, "formats", &FORMATS, problems))
        .collect();
    fields.finish(problems);
    let formats = if formats.is_empty() {
        vec![Format::Html, Format::Json]
    } else {
        formats.into_iter().collect()
    };
    let schedule = Schedule {
        name: name?,
        cron: cron?,
        zone,
        to,
        formats,
    };
    let parsed = Zone::parse(&schedule.zone).map_err(|error| (of_zone, error));
    let parsed =
        parsed.and_then(|zone| Cron::parse(&schedule.cron, &zone).map_err(|error| (when, error)));
    if let Err((place, error)) = parsed {
        problems.push(Diagnostic::error(&place, error.wrong).hint(error.hint));
    }
    Some(schedule)
}

fn sink_name(node: &Node, sinks: &[&str], problems: &mut Diagnostics) -> Option<String> {
    let text = node.text("a name of `to`", problems)?;
    if sinks.contains(&text) {
        return Some(text.to_owned());
    }
    let near = nearest(text, sinks.iter().copied());
    let hint = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name one of `sinks`".to_owned(),
    };
    let wrong = format!("no sink is called `{text}`");
    problems.push(Diagnostic::error(&node.place, wrong).hint(hint));
    None
}
