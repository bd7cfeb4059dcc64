//! Whether and when something may be written: `mode`, `suspend` and `syncWindows`, of the fleet and of a cluster.
//!
//! The words are those of Argo CD (`syncWindows`), Flux (`suspend`) and `CronJob` (`schedule`, `timeZone`).

use super::parse_duration;
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::schedule::{Cron, Permission, ScheduleError, Window, Zone};
use crate::yaml::{Content, Fields, Node};
use jiff::SignedDuration;

/// What a file says; what it leaves out is the fleet's default, for a cluster, and else nothing that forbids to write.
#[derive(Debug, Clone, Default)]
pub struct OperationSpec {
    pub mode: Option<Mode>,
    pub suspend: Option<Suspend>,
    pub sync_windows: Option<Vec<Window>>,
}

/// What is done about a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    Apply,
    /// It is reported, and stays; where that is said.
    Report {
        place: Place,
    },
}

/// Whether writing is stopped for a while. All is still looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Suspend {
    No,
    Yes(Suspended),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspended {
    pub reason: Option<String>,
    pub place: Place,
}

/// A window that is longer is open for ever.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

impl OperationSpec {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Diagnostics) -> Self {
        let mode = fields.optional("mode");
        let suspend = fields.optional("suspend");
        let is_given = fields.optional("syncWindows").is_some();
        let windows = fields.list("syncWindows", problems);
        let windows: Vec<_> = windows
            .iter()
            .filter_map(|node| window(node, problems))
            .collect();
        Self {
            mode: mode.and_then(|node| Mode::read(node, problems)),
            suspend: suspend.and_then(|node| Suspend::read(node, problems)),
            sync_windows: is_given.then_some(windows),
        }
    }

    /// Takes from `defaults` what is not said here.
    pub(super) fn fill(&mut self, defaults: Self) {
        let Self {
            mode,
            suspend,
            sync_windows,
        } = defaults;
        self.mode = self.mode.take().or(mode);
        self.suspend = self.suspend.take().or(suspend);
        self.sync_windows = self.sync_windows.take().or(sync_windows);
    }
}

impl Mode {
    fn read(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let place = node.place.clone();
        let other = match node.text("`mode`", problems)? {
            "apply" => return Some(Self::Apply),
            "report" => return Some(Self::Report { place }),
            other => other,
        };
        problems.push(
            Diagnostic::error(&place, format!("`{other}` is not a mode"))
                .hint("write `apply`, or `report` to have differences told and nothing written"),
        );
        None
    }
}

impl Suspend {
    fn read(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let place = node.place.clone();
        if let Content::Map(_) = node.content {
            let mut fields = Fields::of(node, "suspend", problems)?;
            let reason = fields.required("reason", problems);
            fields.finish(problems);
            let reason = reason?.text("`reason`", problems)?.to_owned();
            return Some(Self::Yes(Suspended {
                reason: Some(reason),
                place,
            }));
        }
        match (&node.content, node.scalar()) {
            (Content::Scalar { quoted: false, .. }, Some("true")) => Some(Self::Yes(Suspended {
                reason: None,
                place,
            })),
            (Content::Scalar { quoted: false, .. }, Some("false")) => Some(Self::No),
            _ => {
                let wrong = "`suspend` must be true, false or a mapping with a `reason`";
                let hint = "write `suspend: true`, or `suspend: {reason: why and until when}`";
                problems.push(Diagnostic::error(&place, wrong).hint(hint));
                None
            }
        }
    }
}

/// Each field is read before any ends the window, so that one run shows every problem.
fn window(node: &Node, problems: &mut Diagnostics) -> Option<Window> {
    let mut fields = Fields::of(node, "an entry of `syncWindows`", problems)?;
    let kind = fields.required("kind", problems);
    let schedule = fields.required("schedule", problems);
    let duration = fields.required("duration", problems);
    let zone = fields.optional("timeZone");
    fields.finish(problems);
    let kind = kind.and_then(|node| permission(node, problems));
    let zone = match zone {
        None => Some(Zone::utc()),
        Some(node) => timed(node, "timeZone", Zone::parse, problems),
    };
    let schedule = schedule.and_then(|node| {
        let in_zone = zone.clone().unwrap_or_else(Zone::utc);
        let parse = |text: &str| Cron::parse(text, &in_zone);
        timed(node, "schedule", parse, problems)
    });
    let duration = duration.and_then(|node| length(node, problems));
    zone?;
    Some(Window {
        kind: kind?,
        schedule: schedule?,
        duration: duration?,
    })
}

fn permission(node: &Node, problems: &mut Diagnostics) -> Option<Permission> {
    let other = match node.text("`kind`", problems)? {
        "allow" => return Some(Permission::Allow),
        "deny" => return Some(Permission::Deny),
        other => other,
    };
    let wrong = format!("`{other}` is not a kind of window");
    problems.push(Diagnostic::error(&node.place, wrong).hint("write `allow` or `deny`"));
    None
}

fn timed<T>(
    node: &Node,
    field: &str,
    parse: impl Fn(&str) -> Result<T, ScheduleError>,
    problems: &mut Diagnostics,
) -> Option<T> {
    let text = node.text(&format!("`{field}`"), problems)?;
    parse(text)
        .map_err(|ScheduleError { wrong, hint }| {
            problems.push(Diagnostic::error(&node.place, wrong).hint(hint));
        })
        .ok()
}

fn length(node: &Node, problems: &mut Diagnostics) -> Option<SignedDuration> {
    let text = node.text("`duration`", problems)?;
    let parsed = parse_duration(text).and_then(|length| SignedDuration::try_from(length).ok());
    let wrong = match parsed {
        Some(length) if length.is_zero() => "a window must last some time",
        Some(length) if length > LONGEST => "a window must not last longer than a year",
        Some(length) => return Some(length),
        None => &format!("{text:?} is not a duration"),
    };
    let hint = "write 4h, 90m, 1h30m, or a number of seconds";
    problems.push(Diagnostic::error(&node.place, wrong.to_owned()).hint(hint));
    None
}
