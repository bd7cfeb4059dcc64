//! Lines for people: when, how bad, what, and then the fields, those of the pass last.

use crate::report::clean;
use std::fmt::{self, Debug, Write as _};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

const QUIET: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

pub(super) struct Lines {
    pub(super) colour: bool,
}

/// Fields as `name=value`; what has a space in it is quoted.
pub(super) struct Fields;

#[derive(Default)]
struct Words {
    message: String,
    fields: String,
}

impl Words {
    fn add(&mut self, field: &Field, text: &str) {
        // What a server said may hold anything: it makes no line of its own, and does nothing to a terminal.
        let text = clean(text);
        if field.name() == "message" {
            self.message = text;
            return;
        }
        let is_plain = !text.is_empty() && !text.contains([' ', '"', '=']);
        let space = if self.fields.is_empty() { "" } else { " " };
        let text = if is_plain { text } else { format!("{text:?}") };
        // Writing to a string does not fail.
        let _ = write!(self.fields, "{space}{field}={text}");
    }
}

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, &format!("{value:.3}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, &format!("{value:?}"));
    }
}

impl<'w> FormatFields<'w> for Fields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut words = Words::default();
        fields.record(&mut words);
        writer.write_str(&words.fields)
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut words = Words::default();
        event.record(&mut words);
        let spans = context.event_scope().into_iter();
        let spans = spans.flat_map(tracing_subscriber::registry::Scope::from_root);
        for span in spans {
            if let Some(of_span) = span.extensions().get::<FormattedFields<N>>()
                && !of_span.is_empty()
            {
                let space = if words.fields.is_empty() { "" } else { " " };
                write!(words.fields, "{space}{of_span}")?;
            }
        }
        let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%SZ");
        let level = event.metadata().level();
        let (quiet, strong, plain) = if self.colour {
            (QUIET, ink(*level), PLAIN)
        } else {
            ("", "", "")
        };
        let Words { message, fields } = words;
        write!(
            writer,
            "{quiet}{now}{plain} {strong}{level:<5}{plain} {message}"
        )?;
        if !fields.is_empty() {
            write!(writer, "  {quiet}{fields}{plain}")?;
        }
        writeln!(writer)
    }
}

fn ink(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\u{1b}[1;31m",
        Level::WARN => "\u{1b}[33m",
        Level::INFO => "\u{1b}[32m",
        _ => QUIET,
    }
}
