//! Logs of the service: to stderr, as text for people or as one JSON object a line.
//!
//! Promises: whoever logs waits for nobody: a pipe that nobody reads costs lines, which are counted, and no time. Text from
//! outside stays on its line. No line holds a value or a token: types that hold one cannot be printed.
//!
//! One line for each pass that wrote something or failed; a pass that found everything as declared is silent.

use super::board::{Pass, PassEnd};
use super::settings::LogFormat;
use crate::diagnostics::{Diagnostic, Diagnostics, Severity, Sources};
use crate::drift::Standing;
use crate::report::clean;
use std::fmt::Debug;
use std::io::{IsTerminal, Write};
use tracing::Span;
use tracing::field::Field;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::{Writer, debug_fn};

/// Lines that wait to be written: some megabytes when they are long.
const WAITING: usize = 8192;

/// How the lines get out. Dropped at the very end: it writes what still waits.
pub struct Log {
    dropped: Dropped,
    _writer: WorkerGuard,
}

/// How many lines were lost.
#[derive(Clone)]
pub struct Dropped(ErrorCounter);

impl Dropped {
    pub fn lines(&self) -> u64 {
        self.0.dropped_lines() as u64
    }
}

impl Log {
    pub fn dropped(&self) -> Dropped {
        self.dropped.clone()
    }
}

/// A line for everything that the service does; more of the rest with `verbose`, or as `RUST_LOG` says.
pub fn start(format: LogFormat, verbose: u8) -> Log {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        EnvFilter::new(match verbose {
            0 => "off,keyfleet=warn,keyfleet::serve=info",
            1 => "off,keyfleet=info",
            2 => "off,keyfleet=debug",
            _ => "off,keyfleet=trace",
        })
    });
    let (writer, log) = behind(std::io::stderr());
    let colour = std::io::stderr().is_terminal();
    // Whoever embeds this library may have set up logging already.
    let _ = tracing::subscriber::set_global_default(subscriber(format, filter, writer, colour));
    log
}

/// A thread that writes, and a queue before it.
fn behind(output: impl Write + Send + 'static) -> (NonBlocking, Log) {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING)
        .lossy(true)
        .thread_name("log")
        .finish(output);
    let dropped = Dropped(writer.error_counter());
    let log = Log {
        dropped,
        _writer: guard,
    };
    (writer, log)
}

fn subscriber(
    format: LogFormat,
    filter: EnvFilter,
    writer: NonBlocking,
    colour: bool,
) -> Box<dyn tracing::Subscriber + Send + Sync> {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_target(false)
        .with_ansi(colour && format == LogFormat::Text);
    match format {
        LogFormat::Text => {
            let fields = debug_fn(write_field).delimited(" ");
            Box::new(lines.fmt_fields(fields).finish())
        }
        LogFormat::Json => Box::new(
            lines
                .json()
                .flatten_event(true)
                .with_current_span(true)
                .with_span_list(false)
                .finish(),
        ),
    }
}

/// What a server said may hold anything: it makes no line of its own, and does nothing to a terminal.
fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> std::fmt::Result {
    if field.name() != "message" {
        write!(writer, "{field}=")?;
    }
    write!(writer, "{}", clean(&format!("{value:?}")))
}

/// What is wrong with the settings, a line each: nobody looks at a log for a drawing.
pub fn problems(problems: &Diagnostics, sources: &Sources) {
    for problem in problems.sorted() {
        let Diagnostic {
            place,
            message,
            hint,
            ..
        } = problem;
        // What a flag said has no line.
        let place = if sources.contains_key(&*place.file) {
            place.to_string()
        } else {
            place.file.to_string()
        };
        let hint = hint.as_deref();
        if problem.severity == Severity::Error {
            tracing::error!(target: "keyfleet::serve", place, hint, "settings: {message}");
        } else {
            tracing::warn!(target: "keyfleet::serve", place, hint, "settings: {message}");
        }
    }
}

/// The span of a pass: whatever is logged within it names its run, its revision and its scope.
pub fn pass_span(scope: &str, run: &str, revision: &str) -> Span {
    tracing::info_span!(target: "keyfleet::serve", "pass", scope, run, revision)
}

/// The line of a pass that ended, where there is something to say. Call it within the span of the pass.
pub fn pass_ended(pass: &Pass) {
    let written = pass.written.iter();
    let failed_writes = written.filter(|one| one.failure.is_some()).count();
    let written = pass.written.len() - failed_writes;
    let findings = pass.findings.iter().map(|finding| &finding.standing);
    let unread = findings.clone().filter_map(|standing| match standing {
        Standing::Unread(failure) => Some(failure),
        _ => None,
    });
    // The others are on the dashboard: of what hangs together, each says the same.
    let first = unread.clone().next().map(ToString::to_string);
    let unread = unread.count();
    let is_held = |standing: &&Standing| matches!(standing, Standing::Held { .. });
    let held = findings.filter(is_held).count();
    let end = pass.end.word();
    let why = pass.why.word();
    let seconds = pass.took.as_secs_f64();
    let findings = pass.findings.len();
    let is_cut_short = matches!(pass.end, PassEnd::Deadline | PassEnd::Panicked);
    if pass.end == PassEnd::Skipped {
        // The pass after which it was let alone said why.
        tracing::debug!(target: "keyfleet::serve", why, "the pass was skipped");
    } else if is_cut_short || failed_writes > 0 || unread > 0 {
        tracing::warn!(target: "keyfleet::serve", end, why, seconds, written, failed_writes, findings, unread, held, failure = first, "the pass failed");
    } else if written > 0 {
        tracing::info!(target: "keyfleet::serve", end, why, seconds, written, failed_writes, findings, held, "the pass wrote");
    } else {
        tracing::debug!(target: "keyfleet::serve", end, why, seconds, findings, held, "the pass wrote nothing");
    }
}

#[cfg(test)]
mod tests {
    use super::{EnvFilter, Log, LogFormat, WAITING, behind, pass_ended, pass_span, subscriber};
    use super::{Pass, PassEnd, Standing};
    use crate::drift::Finding;
    use crate::drift::Written;
    use crate::names::VaultName;
    use crate::observe::{Failure, FailureClass};
    use crate::plan::{Kind, Scope, Target};
    use crate::serve::board::Trigger;
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, Instant};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, output: impl Write + Send + 'static, say: impl FnOnce()) -> Log {
        let (writer, log) = behind(output);
        let filter = EnvFilter::new("off,keyfleet::serve=info");
        tracing::subscriber::with_default(subscriber(format, filter, writer, false), say);
        log
    }

    #[test]
    fn a_line_of_json_names_the_run_and_the_revision() {
        let kept = Kept::default();
        let log = logged(LogFormat::Json, kept.clone(), || {
            let _within = pass_span("cluster prod-eu", "r-17", "3f2a9c1").entered();
            tracing::info!(target: "keyfleet::serve", written = 2, "the pass\nwrote");
            tracing::debug!(target: "keyfleet::serve", "not told");
        });
        drop(log);
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
        assert_eq!(line["message"], "the pass\nwrote");
        assert_eq!(
            (&line["level"], &line["written"]),
            (&"INFO".into(), &2.into())
        );
        let span = &line["span"];
        assert_eq!(span["run"], "r-17");
        assert_eq!(span["revision"], "3f2a9c1");
        assert_eq!(span["scope"], "cluster prod-eu");
        let _: jiff::Timestamp = line["timestamp"].as_str().unwrap().parse().unwrap();
    }

    fn pass(end: PassEnd, written: Vec<Written>, findings: Vec<Finding>) -> Pass {
        Pass {
            run: "r-17".to_owned(),
            revision: "3f2a9c1".to_owned(),
            began: jiff::Timestamp::UNIX_EPOCH,
            took: Duration::from_millis(1500),
            why: Trigger::Period,
            end,
            written,
            findings,
            notes: Vec::new(),
            looked_at: 10,
            seen: None,
        }
    }

    fn finding() -> Finding {
        let failure = Failure::new(FailureClass::Forbidden, "read policy", "why");
        Finding {
            target: Target {
                scope: Scope::Vault(VaultName::parse("main").unwrap()),
                kind: Kind::Policy,
                name: "canary-name".to_owned(),
            },
            standing: Standing::Unread(failure),
            fields: Vec::new(),
            place: None,
        }
    }

    #[test]
    fn a_pass_is_a_line_when_it_wrote_or_failed() {
        let written = |failure: Option<&str>| Written {
            finding: finding(),
            failure: failure.map(str::to_owned),
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        for (pass, said) in [
            (pass(PassEnd::Done, vec![], vec![]), None),
            (pass(PassEnd::Skipped, vec![], vec![finding()]), None),
            (
                pass(PassEnd::Done, vec![written(None)], vec![]),
                Some(("INFO", 1, 0)),
            ),
            (
                pass(
                    PassEnd::Done,
                    vec![written(None), written(Some("no"))],
                    vec![],
                ),
                Some(("WARN", 1, 1)),
            ),
            (
                pass(PassEnd::Done, vec![], vec![finding()]),
                Some(("WARN", 0, 0)),
            ),
            (
                pass(PassEnd::Deadline, vec![], vec![]),
                Some(("WARN", 0, 0)),
            ),
        ] {
            let kept = Kept::default();
            drop(logged(LogFormat::Json, kept.clone(), || pass_ended(&pass)));
            let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
            let Some((level, written, failed)) = said else {
                assert_eq!(text, "");
                continue;
            };
            let line: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(
                (&line["level"], &line["why"]),
                (&level.into(), &"period".into())
            );
            assert_eq!(
                (&line["written"], &line["failed_writes"]),
                (&written.into(), &failed.into())
            );
            let unread = pass.findings.first().map(|it| it.standing.clone());
            if let Some(Standing::Unread(failure)) = unread {
                assert_eq!(line["failure"], failure.to_string());
            }
            assert_eq!(line["seconds"], 1.5);
        }
    }

    #[test]
    fn text_from_outside_makes_no_line_of_its_own() {
        let kept = Kept::default();
        let log = logged(LogFormat::Text, kept.clone(), || {
            let forged = "x\n2026-01-01T00:00:00Z ERROR forged \u{1b}[31m";
            tracing::info!(target: "keyfleet::serve", name = %forged, "named");
            tracing::info!(target: "keyfleet::serve", name = forged, "named");
            tracing::info!(target: "keyfleet::serve", "named {forged}");
        });
        drop(log);
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    /// A pipe that nobody reads.
    struct Blocked;

    impl Write for Blocked {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            std::thread::sleep(Duration::from_secs(2));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_writer_that_hangs_costs_lines_and_no_time() {
        let began = Instant::now();
        let mut took = Duration::ZERO;
        let log = logged(LogFormat::Json, Blocked, || {
            for number in 0..WAITING + 100 {
                tracing::info!(target: "keyfleet::serve", number, "a line");
            }
            took = began.elapsed();
        });
        assert!(took < Duration::from_secs(2), "{took:?}");
        let lost = log.dropped().lines();
        assert!((90..=100).contains(&lost), "{lost}");
    }
}
