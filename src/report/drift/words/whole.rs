//! The report: its parts, its circumstances, and all of it in one line.

use super::{Phrase, moment, scope};
use crate::drift::{Class, Report, Told};
use crate::report::style::count;

/// A part of the report.
pub(in crate::report::drift) struct Section<'a> {
    pub(in crate::report::drift) name: &'static str,
    pub(in crate::report::drift) title: &'static str,
    pub(in crate::report::drift) about: &'static str,
    pub(in crate::report::drift) told: Vec<&'a Told>,
}

/// The parts that have anything in them, in the order of their weight.
pub(in crate::report::drift) fn sections(report: &Report) -> Vec<Section<'_>> {
    let of = |class| report.of(class).collect::<Vec<_>>();
    let section = |name, title, about, told| Section {
        name,
        title,
        about,
        told,
    };
    let all = vec![
        section(
            "drift",
            "Changed by hand",
            "What somebody changed on the servers, past git",
            of(Class::Drift),
        ),
        section(
            "unclear",
            "Changed by git or by hand",
            "The server keeps no record that would tell which",
            of(Class::Unclear),
        ),
        section(
            "resolved",
            "Resolved",
            "Since the last report",
            report.resolved().collect(),
        ),
        section(
            "blocked",
            "Blocked",
            "No write of keyfleet can help",
            of(Class::Blocked),
        ),
        section(
            "pending",
            "Pending",
            "Git asks for it, and it is not done yet",
            of(Class::Pending),
        ),
        section(
            "rotation",
            "Rotation",
            "Vault holds a newer value",
            of(Class::Rotation),
        ),
        section(
            "notes",
            "To know",
            "Made by hand, and left alone",
            of(Class::Note),
        ),
    ];
    let is_there = |section: &Section<'_>| !section.told.is_empty();
    all.into_iter().filter(is_there).collect()
}

/// What could not be looked at, each reason once.
pub(in crate::report::drift) struct Unseen {
    pub(in crate::report::drift) what: Phrase,
    pub(in crate::report::drift) why: Phrase,
}

pub(in crate::report::drift) fn unseen(report: &Report) -> Vec<Unseen> {
    let missed = report.missed().map(|(line, missed)| {
        let here = report
            .of(Class::Unread)
            .filter(|told| told.scope == line.scope);
        let objects = here.count();
        let what = scope(&line.scope);
        let what = if objects > 0 {
            what.ours(format!(": {} not read", count(objects, "object")))
        } else {
            what
        };
        let looked = line.looked_at.map_or_else(
            || "never looked at".to_owned(),
            |at| format!("not wholly looked at since {}", moment(at)),
        );
        Unseen {
            what: what.ours(format!(", {looked}")),
            why: Phrase::default().mixed(&missed.why),
        }
    });
    let problems = report.about.problems.iter().map(|problem| Unseen {
        what: Phrase::default()
            .ours("a declaration is wrong: ")
            .theirs(&problem.place.to_string()),
        why: Phrase::default().mixed(&problem.message),
    });
    missed.chain(problems).collect()
}

/// `acme @ 38d9f83`.
pub(in crate::report::drift) fn name(report: &Report) -> Phrase {
    let about = &report.about;
    Phrase::default()
        .theirs(&about.repository)
        .ours(" @ ")
        .theirs(&about.revision)
}

/// The first line: whose report it is, and that it is not of everything where that is so.
pub(in crate::report::drift) fn title(report: &Report) -> Phrase {
    match unlooked(report) {
        Some(unlooked) => name(report).ours(format!(": {unlooked}")),
        None => name(report),
    }
}

/// `87 of 200 clusters were not wholly looked at`.
pub(in crate::report::drift) fn unlooked(report: &Report) -> Option<String> {
    let coverage = &report.counts.coverage;
    let missed = coverage.missed_in_words()?;
    let verb = if coverage.missed() == 1 {
        "was"
    } else {
        "were"
    };
    Some(format!("{missed} {verb} not wholly looked at"))
}

/// When and for whom it was made, and what it leaves out: a sentence each.
pub(in crate::report::drift) fn circumstances(report: &Report) -> Vec<Phrase> {
    let mut all = Vec::new();
    let schedule = report.about.schedule.as_deref();
    let made = Phrase::default().ours(format!("made {}", moment(report.made)));
    all.push(match schedule {
        Some(schedule) => made.ours(" for the schedule ").theirs(schedule),
        None => made,
    });
    if let Some(since) = report.since {
        all.push(Phrase::default().ours(format!("the last report was made {}", moment(since))));
    } else if schedule.is_some() {
        let text = format!(
            "the first report: nothing from before {} is known",
            moment(report.began)
        );
        all.push(Phrase::default().ours(text));
    }
    if let Some(anew) = &report.anew {
        all.push(
            Phrase::default()
                .ours("what was known before is lost: ")
                .theirs(anew),
        );
    }
    if let Some(due) = report.about.due {
        let text = format!("late: it was due {}, and is caught up once", moment(due));
        all.push(Phrase::default().ours(text));
    }
    all.extend(quietly_done(report));
    all
}

fn quietly_done(report: &Report) -> Vec<Phrase> {
    let mut all = Vec::new();
    let mut say = |text: String| all.push(Phrase::default().ours(text));
    let applied = &report.applied;
    if applied.pending + applied.rotation > 0 {
        say(format!(
            "made at once since then: {} of git, {}",
            count(applied.pending, "change"),
            count(applied.rotation, "rotation")
        ));
    }
    if report.left_out.open > 0 {
        say(format!(
            "{} more stand and are not listed: there was no room to remember them",
            report.left_out.open
        ));
    }
    if report.left_out.resolved > 0 {
        say(format!(
            "{} more were resolved and are not listed: there was no room to remember them",
            report.left_out.resolved
        ));
    }
    all
}

/// The whole of it in one line.
pub(in crate::report::drift) fn summary(report: &Report) -> String {
    let counts = &report.counts;
    let put_back = report.resolved().count();
    let errors = report.about.problems.len();
    let parts = [
        (counts.drift, "changed by hand"),
        (counts.unclear, "changed by git or by hand"),
        (counts.blocked, "blocked"),
        (counts.pending, "pending"),
        (
            counts.rotation,
            if counts.rotation == 1 {
                "rotation"
            } else {
                "rotations"
            },
        ),
        (put_back, "resolved"),
    ];
    let mut said: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    let missed = counts.coverage.missed_in_words();
    // What the rest does not speak of comes first.
    if let Some(missed) = missed {
        said.insert(0, format!("{missed} not wholly looked at"));
    }
    if errors > 0 {
        said.push(format!("{} in the declarations", count(errors, "error")));
    }
    if said.is_empty() {
        return "No drift: everything is as declared.".to_owned();
    }
    if counts.standing() == 0 && !report.is_partial() {
        return format!("Everything is as declared; {}.", said.join(", "));
    }
    let new = if report.since.is_some() {
        format!(" {} new, {} known.", counts.new, counts.known)
    } else {
        String::new()
    };
    format!("{}.{new}", said.join(", "))
}
