//! Printing: data on stdout, talk on stderr, colour only where somebody looks.

use crate::report::Style;
use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

/// A window of a pipe: nothing is broken for it.
const PIPE_WIDTH: usize = 200;

/// How to print on stdout.
pub(super) fn style() -> Style {
    let terminal = std::io::stdout().is_terminal();
    let colour = terminal && !wished("NO_COLOR") || wished("CLICOLOR_FORCE");
    let columns = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    let width = columns.unwrap_or_else(|| {
        if terminal {
            terminal_width()
        } else {
            PIPE_WIDTH
        }
    });
    Style { colour, width }
}

fn wished(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

fn terminal_width() -> usize {
    terminal_size::terminal_size().map_or(80, |(terminal_size::Width(columns), _)| {
        usize::from(columns)
    })
}

/// Why what was printed did not arrive, the first time.
static LOST: OnceLock<io::Error> = OnceLock::new();

pub(super) fn data(text: &str) {
    let mut output = io::stdout().lock();
    let printed = output.write_all(text.as_bytes());
    keep_lost(printed.and_then(|()| output.flush()));
}

/// A reader that stops reading is not an error.
pub(super) fn keep_lost(printed: io::Result<()>) {
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = LOST.set(error);
        }
        _ => {}
    }
}

/// An error where some of what was printed was lost, such as on a full disk.
pub(super) fn all_printed() -> anyhow::Result<()> {
    match LOST.get() {
        None => Ok(()),
        Some(error) => anyhow::bail!("failed to print: {error}"),
    }
}

pub(super) fn talk(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Logs go to stderr: warnings, and more with `-v`. keyfleet's own words only, unless `RUST_LOG` says otherwise.
pub(super) fn start_logging(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(format!("off,keyfleet={level}")));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && !wished("NO_COLOR"))
        .with_target(false);
    // Whoever embeds this library may have set up logging already.
    let _ = subscriber.try_init();
}

/// Shows that something is going on, where somebody looks; gone as soon as it is dropped.
pub(super) struct Busy(indicatif::ProgressBar);

pub(super) fn busy(what: String) -> Busy {
    // Draws on stderr, and nothing at all when that is no terminal.
    let spinner = indicatif::ProgressBar::new_spinner().with_message(what);
    spinner.enable_steady_tick(std::time::Duration::from_millis(120));
    Busy(spinner)
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Shows how far something has come; gone as soon as it is dropped.
pub(super) struct Progress(indicatif::ProgressBar);

pub(super) fn progress(what: &'static str) -> Progress {
    let bar = indicatif::ProgressBar::new(0).with_message(what);
    let look = "{msg} {wide_bar} {pos}/{len}";
    // The template is right as it stands; a bar of the usual look would do as well.
    if let Ok(style) = indicatif::ProgressStyle::with_template(look) {
        bar.set_style(style);
    }
    Progress(bar)
}

impl Progress {
    pub(super) fn at(&self, done: u64, all: u64) {
        self.0.set_length(all);
        self.0.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
