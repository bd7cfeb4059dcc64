//! What is said of a finding, with our words and theirs kept apart.

use crate::drift::{
    Class, Item, Object, Report, Resolution, Resolved, Since, State, Told, ToldBy, What, Where,
};
use crate::plan::{Cause, FieldChange, Kind};
use crate::report::style::{clean, count};
use jiff::Timestamp;

/// What stands before what to do about it.
const HINT: &str = "→ ";

/// Who is heard in a part of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    Ours,
    /// A name of a repository or a server.
    Name,
    /// Our words with such names in them, that nobody can take apart any more.
    Mixed,
}

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    voice: Voice,
}

impl Piece {
    pub(super) fn is_ours(&self) -> bool {
        self.voice == Voice::Ours
    }

    pub(super) fn is_name(&self) -> bool {
        self.voice == Voice::Name
    }
}

/// A sentence, or less.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Phrase(pub(super) Vec<Piece>);

impl Phrase {
    pub(super) fn ours(mut self, text: impl Into<String>) -> Self {
        self.push(text.into(), Voice::Ours);
        self
    }

    /// Nothing that moves a cursor or turns a line around gets in.
    pub(super) fn theirs(mut self, text: &str) -> Self {
        self.push(clean(text), Voice::Name);
        self
    }

    pub(super) fn mixed(mut self, text: &str) -> Self {
        self.push(clean(text), Voice::Mixed);
        self
    }

    fn push(&mut self, text: String, voice: Voice) {
        if !text.is_empty() {
            self.0.push(Piece { text, voice });
        }
    }

    pub(super) fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it says what to do.
    pub(super) fn is_hint(&self) -> bool {
        self.0.first().is_some_and(|piece| piece.text == HINT)
    }

    /// As one text, with what is theirs shown like this.
    pub(super) fn show(
        &self,
        ours: impl Fn(&str) -> String,
        theirs: impl Fn(&str) -> String,
    ) -> String {
        let shown = self.0.iter().map(|piece| {
            if piece.is_ours() {
                ours(&piece.text)
            } else {
                theirs(&piece.text)
            }
        });
        shown.collect()
    }

    /// Where the reader takes nothing for markup.
    pub(super) fn plain(&self) -> String {
        self.show(str::to_owned, str::to_owned)
    }
}

/// A moment, to the minute and in one zone: reports are read next to each other.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

pub(super) fn object(object: &Object) -> Phrase {
    let Object { place, kind, name } = object;
    match kind {
        Some(kind) => Phrase::default()
            .ours(format!("{} ", word(*kind)))
            .theirs(name),
        None => scope(place),
    }
}

/// What a person who does not know the plan's columns calls it.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::KvMount => "KV mount",
        Kind::AuthMount => "auth mount",
        Kind::AuthConfig => "auth config",
        Kind::ServiceAccount => "service account",
        Kind::Policy | Kind::Role | Kind::Namespace | Kind::Binding | Kind::Secret => kind.word(),
    }
}

pub(super) fn scope(place: &Where) -> Phrase {
    match place {
        Where::Vault(name) => Phrase::default().ours("vault ").theirs(name),
        Where::Cluster(name) => Phrase::default().ours("cluster ").theirs(name),
    }
}

/// Whether it was found before; nothing where there is no before.
pub(super) fn state(report: &Report, told: &Told) -> &'static str {
    match (told.state, report.since) {
        (State::Resolved, _) => "resolved",
        (_, None) => "",
        (State::New, _) => "new",
        (State::Known, _) => "known",
    }
}

/// What differs, a line each. A finding's `before` is what is there, its `after` what is declared.
pub(super) fn fields(item: &Item) -> Vec<Phrase> {
    let mut lines: Vec<Phrase> = item.fields.iter().map(field).collect();
    if item.more_fields > 0 {
        lines.push(Phrase::default().ours(format!("and {} more", item.more_fields)));
    }
    let says_something = item.what != What::Differs || lines.is_empty();
    if says_something && !item.summary.is_empty() {
        lines.insert(0, Phrase::default().mixed(&item.summary));
    }
    if let Some(held) = &item.held {
        let why: Phrase = Phrase::default().ours("held: ").mixed(&held.why.join("; "));
        lines.push(why.ours(" (").theirs(&held.id).ours(")"));
    }
    if let Some(hint) = &item.hint {
        lines.push(Phrase::default().ours(HINT).mixed(hint));
    }
    lines
}

fn field(change: &FieldChange) -> Phrase {
    let FieldChange {
        field,
        before,
        after,
    } = change;
    let named = Phrase::default();
    match (before, after) {
        (Some(is), Some(should)) => named
            .theirs(field)
            .ours(": ")
            .theirs(is)
            .ours(" instead of ")
            .theirs(should),
        (Some(is), None) => named
            .theirs(field)
            .ours(": ")
            .theirs(is)
            .ours(" is not declared"),
        (None, Some(should)) => named
            .theirs(field)
            .ours(": ")
            .theirs(should)
            .ours(" is missing"),
        (None, None) => of_key(field),
    }
}

/// A plan says what it would do with a key of a Secret; here, what is wrong with it.
fn of_key(field: &str) -> Phrase {
    let endings = [
        (" changed", " differs"),
        (" added", " is missing"),
        (" removed", " is not declared"),
    ];
    for (done, is) in endings {
        if let Some(key) = field.strip_suffix(done) {
            let (kind, name) = key.split_once(' ').unwrap_or(("", key));
            let gap = if kind.is_empty() { "" } else { " " };
            return Phrase::default()
                .ours(format!("{}{gap}", clean(kind)))
                .theirs(name)
                .ours(is);
        }
    }
    Phrase::default().theirs(field)
}

/// Who did it and since when; and what became of it.
pub(super) fn story(report: &Report, told: &Told) -> Phrase {
    let mut story = cause(told);
    if told.state != State::Resolved || matches!(told.class, Class::Drift | Class::Unclear) {
        story = join(story, since(report, told));
    }
    if let Some(resolution) = &told.resolved {
        story = join(story, resolved(told.class, resolution));
    }
    if let Some(again) = told.edited_again {
        story = join(
            story,
            Phrase::default().ours(format!("edited again {}", moment(again))),
        );
    }
    if told.times > 1 {
        story = join(
            story,
            Phrase::default().ours(format!("{} times", told.times)),
        );
    }
    if told.unseen {
        let text = format!("not looked at since {}", moment(told.last_seen));
        story = join(story, Phrase::default().ours(text));
    }
    story
}

fn join(left: Phrase, right: Phrase) -> Phrase {
    if left.is_empty() || right.is_empty() {
        return left.then(right);
    }
    left.ours(", ").then(right)
}

fn cause(told: &Told) -> Phrase {
    let phrase = Phrase::default();
    let verb = match told.item.what {
        What::Missing => "deleted",
        _ => "edited",
    };
    match (&told.item.cause, told.item.what) {
        (Some(Cause::Drift { by: Some(by), .. }), _) => {
            phrase.ours(format!("{verb} by ")).theirs(by)
        }
        (Some(Cause::Drift { by: None, .. }), _) => phrase.ours(format!("{verb} by hand")),
        (
            Some(Cause::Rotation {
                from: Some(from),
                to: Some(to),
            }),
            _,
        ) => phrase.ours(format!("rotation v{from} → v{to}")),
        (Some(Cause::Rotation { .. }), _) => phrase.ours("rotation"),
        (Some(Cause::Adopt), _) => phrase.ours("to be taken over"),
        (_, What::Undeclared) => phrase.ours("no longer declared"),
        (_, What::Missing) => phrase.ours("missing"),
        (Some(Cause::Pending), _) => phrase.ours("git asks for it"),
        (Some(Cause::Unrecorded), _) => phrase.ours("by git or by hand"),
        (None, What::Waiting) => phrase.ours("waiting"),
        (None, _) => match told.item.status {
            Some(status) => phrase.ours(format!("status {status}")),
            None => phrase,
        },
    }
}

fn since(report: &Report, told: &Told) -> Phrase {
    let Since { at, told_by, after } = told.since;
    let text = match (told_by, after) {
        (ToldBy::Server, _) => format!("since {}", moment(at)),
        (ToldBy::FirstSeen, Some(after)) => between(after, at),
        // What this very look saw first says nothing of its age.
        (ToldBy::FirstSeen, None) if at >= report.made => return Phrase::default(),
        (ToldBy::FirstSeen, None) => format!("first seen {}", moment(at)),
    };
    if told.class == Class::Note {
        return Phrase::default();
    }
    Phrase::default().ours(text)
}

/// When it happened: it was still as declared at the first of these.
fn between(after: Timestamp, seen: Timestamp) -> String {
    let (from, to) = (moment(after), moment(seen));
    match (from.strip_suffix(" UTC"), to.get(..11)) {
        (Some(start), Some(day)) if start.starts_with(day) => {
            format!("between {start} and {}", &to[11..])
        }
        (Some(start), _) => format!("between {start} and {to}"),
        _ => format!("between {from} and {to}"),
    }
}

fn resolved(class: Class, resolution: &Resolution) -> Phrase {
    let Resolution { how, at, revision } = resolution;
    let at = moment(*at);
    let phrase = Phrase::default();
    match how {
        Resolved::Written if matches!(class, Class::Drift | Class::Unclear) => {
            phrase.ours(format!("put back by keyfleet {at}"))
        }
        Resolved::Written => phrase.ours(format!("done by keyfleet {at}")),
        Resolved::ByItself => phrase.ours(format!("gone by {at}, not by keyfleet")),
        Resolved::Revision => phrase
            .ours(format!("gone by {at}, with revision "))
            .theirs(revision),
        Resolved::Undeclared => phrase
            .ours(format!("not declared any more by {at}, with revision "))
            .theirs(revision),
    }
}

/// A part of the report.
pub(super) struct Section<'a> {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) told: Vec<&'a Told>,
}

/// The parts that have anything in them, in the order of their weight.
pub(super) fn sections(report: &Report) -> Vec<Section<'_>> {
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
pub(super) struct Unseen {
    pub(super) what: Phrase,
    pub(super) why: Phrase,
}

pub(super) fn unseen(report: &Report) -> Vec<Unseen> {
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
pub(super) fn title(report: &Report) -> Phrase {
    let about = &report.about;
    Phrase::default()
        .theirs(&about.repository)
        .ours(" @ ")
        .theirs(&about.revision)
}

/// When and for whom it was made, and what it leaves out: a sentence each.
pub(super) fn circumstances(report: &Report) -> Vec<Phrase> {
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
pub(super) fn summary(report: &Report) -> String {
    let counts = &report.counts;
    let put_back = report.resolved().count();
    let unseen = unseen(report).len();
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
        (unseen, "not known"),
    ];
    let said: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    if said.is_empty() {
        return "No drift: everything is as declared.".to_owned();
    }
    if counts.standing() == 0 && unseen == 0 {
        return format!("Everything is as declared; {}.", said.join(", "));
    }
    let new = if report.since.is_some() {
        format!(" {} new, {} known.", counts.new, counts.known)
    } else {
        String::new()
    };
    format!("{}.{new}", said.join(", "))
}
