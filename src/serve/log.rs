//! Logs of the service: to stderr, as text for people or as one JSON object a line.
//!
//! Promises: whoever logs waits for nobody: a pipe that nobody reads costs lines, which are counted, and no time. Text from
//! outside stays on its line. No line holds a value or a token: types that hold one cannot be printed.
//!
//! Each event is a line, once: a pass that wrote something, one that failed as none before it did, what is held and what is held no
//! more. A pass that found everything as declared is silent.

mod pass;
mod text;

pub use pass::{pass_ended, pass_span, step};

use super::settings::LogFormat;
use crate::diagnostics::{Diagnostics, Severity};
use std::io::{IsTerminal, Write};
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

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
    let wished = std::env::var("RUST_LOG").ok();
    let filter = filter(wished.as_deref().map(str::trim), verbose);
    let (writer, log) = behind(std::io::stderr());
    let colour = std::io::stderr().is_terminal();
    // Whoever embeds this library may have set up logging already.
    let _ = tracing::subscriber::set_global_default(subscriber(format, filter, writer, colour));
    log
}

/// What is told to who looks after the service; what every pass of every cluster looks at is no news there.
const USUAL: &str = "off,keyfleet=warn,keyfleet::serve=info";

/// `RUST_LOG=info` alone means these lines, and no library's; any other means what it says.
fn filter(wished: Option<&str>, verbose: u8) -> EnvFilter {
    let told = match (wished, verbose) {
        (Some(wished), _) if wished.eq_ignore_ascii_case("info") => USUAL.to_owned(),
        (Some(wished), _) if !wished.is_empty() => wished.to_owned(),
        (_, 0) => USUAL.to_owned(),
        (_, 1) => "off,keyfleet=info".to_owned(),
        (_, 2) => "off,keyfleet=debug".to_owned(),
        _ => "off,keyfleet=trace".to_owned(),
    };
    EnvFilter::try_new(told).unwrap_or_else(|_| EnvFilter::new(USUAL))
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
        .with_target(false);
    match format {
        LogFormat::Text => {
            let lines = lines.fmt_fields(text::Fields);
            Box::new(lines.event_format(text::Lines { colour }).finish())
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

/// What is wrong with the settings, a line each: nobody looks at a log for a drawing.
pub fn problems(problems: &Diagnostics) {
    for problem in problems.sorted() {
        let (message, hint) = (&problem.message, problem.hint.as_deref());
        let place = tracing::field::display(&problem.place);
        if problem.severity == Severity::Error {
            tracing::error!(target: "keyfleet::serve", place, hint, "settings: {message}");
        } else {
            tracing::warn!(target: "keyfleet::serve", place, hint, "settings: {message}");
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{EnvFilter, Log, LogFormat, WAITING, behind, filter, pass_span, subscriber};
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, Instant};

    #[derive(Clone, Default)]
    pub(in crate::serve::log) struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Kept {
        pub(in crate::serve::log) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    pub(in crate::serve::log) fn logged(
        format: LogFormat,
        output: impl Write + Send + 'static,
        say: impl FnOnce(),
    ) -> Log {
        let (writer, log) = behind(output);
        let filter = EnvFilter::new("off,keyfleet::serve=info");
        tracing::subscriber::with_default(subscriber(format, filter, writer, false), say);
        log
    }

    #[test]
    fn info_alone_is_of_the_service() {
        let told = |wished, verbose| filter(wished, verbose).to_string();
        let usual = told(None, 0);
        assert!(usual.contains("keyfleet::serve=info") && usual.contains("keyfleet=warn"));
        assert_eq!(told(Some("info"), 0), usual);
        assert_eq!(told(Some(""), 0), usual);
        assert_eq!(told(Some("trace"), 0), "trace");
        assert_eq!(told(Some("hyper=debug"), 2), "hyper=debug");
        assert!(told(None, 1).contains("keyfleet=info"));
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
        let text = kept.text();
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
        let text = kept.text();
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_line_for_people_begins_with_what_happened() {
        let kept = Kept::default();
        let log = logged(LogFormat::Text, kept.clone(), || {
            let _within = pass_span("cluster prod-eu", "r-17", "3f2a9c1").entered();
            let (cause, by) = ("drift", None::<&str>);
            tracing::info!(target: "keyfleet::serve", target = "secret shop/app", cause, by, seconds = 0.123_456, "written");
        });
        drop(log);
        let text = kept.text();
        let (time, rest) = text.split_at("2026-11-28 09:00:00Z ".len());
        assert!(time.ends_with("Z ") && time.starts_with("20"), "{text}");
        assert_eq!(
            rest,
            "INFO  written  target=\"secret shop/app\" cause=drift seconds=0.123 scope=\"cluster prod-eu\" run=r-17 revision=3f2a9c1\n"
        );
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
