//! Diagnostics as text: the place, the line itself with the place marked, what is wrong and what to do.

use super::{Diagnostic, Diagnostics, Place, Severity, Sources};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::ops::Range;

/// A line longer than this is not shown: nobody reads it, and a terminal breaks it.
const LONGEST_SHOWN_LINE: usize = 400;

/// Renders all diagnostics, files and lines in order.
pub fn render(diagnostics: &Diagnostics, sources: &Sources, colour: bool) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    diagnostics
        .sorted()
        .iter()
        .fold(String::new(), |mut text, diagnostic| {
            text.push_str(&renderer.render(&report(diagnostic, sources)));
            text.push_str("\n\n");
            text
        })
}

fn report<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(inert(&diagnostic.message));
    let mut group = Group::with_title(title);
    group = match diagnostic.shown_line(sources) {
        Some(line) => group.element(snippet(line, &diagnostic.place)),
        None => group.element(origin(&diagnostic.place, sources)),
    };
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(inert(hint)));
    }
    vec![group]
}

/// A file that was not read has no lines.
fn origin<'a>(place: &'a Place, sources: &Sources) -> Origin<'a> {
    let origin = Origin::path(place.file.as_ref());
    if sources.contains_key(place.file.as_ref()) {
        origin.line(place.line).char_column(place.column)
    } else {
        origin
    }
}

impl Diagnostic {
    /// The line that it points into, where that may be shown.
    pub fn shown_line<'a>(&self, sources: &'a Sources) -> Option<&'a str> {
        let source = sources.get(self.place.file.as_ref())?;
        let line = source.lines().nth(self.place.line.checked_sub(1)?)?;
        (self.show_line && line.len() <= LONGEST_SHOWN_LINE && !line.is_empty()).then_some(line)
    }
}

fn snippet<'a>(line: &'a str, place: &'a Place) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    Snippet::source(line)
        .line_start(place.line)
        .path(place.file.as_ref())
        .annotation(AnnotationKind::Primary.span(span(line, place)))
}

/// The bytes of `line` that the place means.
fn span(line: &str, place: &Place) -> Range<usize> {
    let offset = |characters: usize| {
        line.char_indices()
            .nth(characters)
            .map_or(line.len(), |(index, _)| index)
    };
    let start = offset(place.column - 1);
    start..offset(place.column - 1 + place.length).max(start)
}

/// Text from a repository must not move the cursor or change colours.
fn inert(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character.is_control() {
                '\u{fffd}'
            } else {
                character
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(diagnostic: Diagnostic, source: &str) -> String {
        let mut diagnostics = Diagnostics::default();
        diagnostics.push(diagnostic);
        render(
            &diagnostics,
            &Sources::from([("a.yaml".to_owned(), source.into())]),
            false,
        )
    }

    #[test]
    fn the_line_is_shown_with_its_place_marked() {
        let place = Place {
            file: "a.yaml".into(),
            line: 2,
            column: 3,
            length: 4,
        };
        let text = shown(
            Diagnostic::error(&place, "unknown field `kind`").hint("remove it"),
            "a: 1\nb kind\n",
        );
        assert!(text.contains("error: unknown field `kind`"), "{text}");
        assert!(text.contains("a.yaml:2:3"), "{text}");
        assert!(text.contains("2 | b kind"), "{text}");
        assert!(text.contains("^^^^"), "{text}");
        assert!(text.contains("help: remove it"), "{text}");
    }

    #[test]
    fn a_line_that_may_hold_a_secret_is_not_shown() {
        let text = shown(
            Diagnostic::error(&Place::file("a.yaml"), "no").without_line(),
            "canary\n",
        );
        assert!(
            !text.contains("canary") && text.contains("a.yaml:1:1"),
            "{text}"
        );
    }

    #[test]
    fn a_place_past_the_end_of_its_line_does_not_panic() {
        let place = Place {
            file: "a.yaml".into(),
            line: 1,
            column: 90,
            length: 9,
        };
        assert!(
            shown(Diagnostic::error(&place, "\u{1b}[31mred"), "ü\n").contains("\u{fffd}[31mred")
        );
    }
}
