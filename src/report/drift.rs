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

use super::machine;
use super::style::Style;
use crate::drift::Report;

pub use super::format::Format;
pub use slack::slack;
pub use teams::teams;
pub use text::text;

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
        Format::Text => text(report, Style::PAGE),
        Format::Markdown => markdown::markdown(report),
        Format::Html => html::html(report),
        // `keyfleet.dev/drift/v1`: the report itself.
        Format::Json => machine::json(report),
        Format::Junit => junit::junit(report),
        Format::Sarif => sarif::sarif(report),
    }
}
