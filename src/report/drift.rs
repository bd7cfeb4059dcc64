//! A drift report in every form that somebody reads or a machine takes.
//!
//! Names come from a repository and from servers, and are hostile: `words` keeps them apart from our own words to the end,
//! and each form shows them in its own harmless way. Nothing here holds a value; nothing here sends anything.

mod chat;
mod html;
mod junit;
mod markdown;
mod sarif;
mod slack;
mod teams;
mod text;
mod words;

use super::style::Style;
use crate::drift::Report;

pub use slack::slack;
pub use teams::teams;
pub use text::text;

/// The width of a text that nobody looks at yet.
const PAGE: Style = Style {
    colour: false,
    width: 110,
};

/// The forms that are written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Format {
    Text,
    Markdown,
    Html,
    Json,
    Junit,
    Sarif,
}

impl Format {
    pub const ALL: [Self; 6] = [
        Self::Text,
        Self::Markdown,
        Self::Html,
        Self::Json,
        Self::Junit,
        Self::Sarif,
    ];

    /// How the name of a file in this form ends.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Json => "json",
            Self::Junit => "junit.xml",
            Self::Sarif => "sarif",
        }
    }
}

/// In one line, for a list of reports by their names.
pub fn subject(report: &Report, name: &str) -> String {
    match words::unlooked(report) {
        Some(unlooked) => format!("drift: {name}: {unlooked}"),
        None => format!("drift: {name}"),
    }
}

/// The report in this form, whole.
pub fn render(report: &Report, format: Format) -> String {
    match format {
        Format::Text => text(report, PAGE),
        Format::Markdown => markdown::markdown(report),
        Format::Html => html::html(report),
        Format::Json => json(report),
        Format::Junit => junit::junit(report),
        Format::Sarif => sarif::sarif(report),
    }
}

/// `keyfleet.dev/drift/v1`: the report itself.
fn json(report: &Report) -> String {
    // Names, numbers and times: nothing in it can fail to be written.
    let text = serde_json::to_string_pretty(report).unwrap_or_default();
    format!("{text}\n")
}
