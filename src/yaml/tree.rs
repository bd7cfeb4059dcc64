//! From text to nodes, within limits.

#[cfg(test)]
mod tests;

use super::{Content, DEEPEST_NESTING, Documents, Entry, MOST_NODES, Node};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use std::collections::HashSet;
use std::sync::Arc;

/// Reads all documents of a file. A document with an error is left out, the ones after it are still read.
pub fn parse(file: &str, text: &str, problems: &mut Diagnostics) -> Documents {
    let mut options = Options::default();
    options.emit_comments = false;
    let parser = Parser::new_from_str_with_options(text, options);
    let mut reader = Reader {
        file: Arc::from(file),
        parser,
        nodes: 0,
        text,
        holds_secret: None,
        problems,
        failed: false,
    };
    let documents = reader.documents();
    let whole = !reader.failed;
    Documents {
        file: reader.file,
        documents,
        whole,
    }
}

/// Where a tab stands among the spaces that a line begins with. A parser stops at it, or at the end of the line before.
fn indenting_tab(text: &str, stopped_at: usize) -> Option<(usize, usize)> {
    let lines = (1..).zip(text.lines()).skip(stopped_at - 1);
    let mut filled = lines.filter(|(line, text)| *line == stopped_at || !text.trim().is_empty());
    filled.by_ref().take(2).find_map(|(line, text)| {
        let indentation = &text[..text.len() - text.trim_start().len()];
        indentation.find('\t').map(|index| (line, index + 1))
    })
}

/// Looks for `kind: Secret` in text that may not be YAML.
fn holds_secret(text: &str) -> bool {
    text.lines().any(|line| {
        let bare: String = line
            .chars()
            .filter(|character| !character.is_whitespace() && !"\"'{,-".contains(*character))
            .collect();
        bare.replace("kind:SecretStore", "").contains("kind:Secret")
    })
}

struct Reader<'a, 'text> {
    file: Arc<str>,
    parser: Parser<'text, StrInput<'text>>,
    nodes: usize,
    text: &'text str,
    /// Whether a Secret with its values may stand here: then no line of the file is shown. Known once something is wrong.
    holds_secret: Option<bool>,
    problems: &'a mut Diagnostics,
    failed: bool,
}

/// The keys of a mapping so far. Few are compared one by one, which is faster than any table.
#[derive(Default)]
struct Keys(HashSet<String>);

impl Keys {
    const FEW: usize = 16;

    fn is_new(&mut self, key: &str, entries: &[Entry]) -> bool {
        if entries.len() <= Self::FEW {
            return entries.iter().all(|entry| entry.key != key);
        }
        if self.0.is_empty() {
            self.0.extend(entries.iter().map(|entry| entry.key.clone()));
        }
        self.0.insert(key.to_owned())
    }
}

/// Why reading a document stopped. Everything else is reported and read past.
struct Stop;

impl<'text> Reader<'_, 'text> {
    fn documents(&mut self) -> Vec<Node> {
        let mut documents = Vec::new();
        loop {
            match self.next() {
                Ok(Some((Event::DocumentStart(..), _))) => match self.document() {
                    Ok(Some(node)) => documents.push(node),
                    Ok(None) => {}
                    Err(Stop) if self.skip_to_next_document() => {}
                    Err(Stop) => return documents,
                },
                Ok(Some((Event::StreamEnd, _)) | None) => return documents,
                Ok(Some(_)) => {}
                Err(Stop) if self.skip_to_next_document() => {}
                Err(Stop) => return documents,
            }
        }
    }

    /// A limit ends the file, since what follows may be the rest of a bomb; a syntax error ends its document only.
    fn skip_to_next_document(&mut self) -> bool {
        self.nodes <= MOST_NODES && matches!(self.parser.proceed_next_document(), Ok(true))
    }

    fn document(&mut self) -> Result<Option<Node>, Stop> {
        let Some((event, span)) = self.next()? else {
            return Ok(None);
        };
        if matches!(event, Event::DocumentEnd) {
            return Ok(None);
        }
        let before = std::mem::replace(&mut self.failed, false);
        let node = self.node(event, span, 0);
        // What was read past makes the meaning of the whole document a guess.
        let is_whole = !self.failed;
        self.failed |= before;
        Ok(Some(node?).filter(|node| is_whole && !node.is_null()))
    }

    fn next(&mut self) -> Result<Option<(Event<'text>, Span)>, Stop> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok(event)) => Ok(Some(event)),
            Some(Err(error)) => Err(self.syntax(&error)),
        }
    }

    fn node(&mut self, event: Event<'text>, span: Span, depth: usize) -> Result<Node, Stop> {
        let place = self.place(&span);
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(self.stop(
                &place,
                format!("this file holds more than {MOST_NODES} values"),
                "split it into several files",
            ));
        }
        if depth > DEEPEST_NESTING {
            return Err(self.stop(
                &place,
                format!("this is nested more than {DEEPEST_NESTING} levels deep"),
                "no declaration needs that; flatten it",
            ));
        }
        self.check_tag(&event, &place);
        let content = match event {
            Event::Scalar(text, style, _, tag) => Content::Scalar {
                text: text.into_owned(),
                quoted: style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.suffix() == "str"),
            },
            Event::SequenceStart(..) => Content::List(self.list(depth)?),
            Event::MappingStart(..) => Content::Map(self.map(depth)?),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                return Err(self.stop(
                    &place,
                    "aliases are not read in declarations".to_owned(),
                    "write the value out where it is used",
                ));
            }
            _ => {
                return Err(self.stop(
                    &place,
                    "this is not a value".to_owned(),
                    "check the indentation",
                ));
            }
        };
        Ok(Node { place, content })
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Stop> {
        let mut items = Vec::new();
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::SequenceEnd) {
                break;
            }
            items.push(self.node(event, span, depth + 1)?);
        }
        Ok(items)
    }

    fn map(&mut self, depth: usize) -> Result<Vec<Entry>, Stop> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen = Keys::default();
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key = self.node(event, span, depth + 1)?;
            let Some((event, span)) = self.next()? else {
                break;
            };
            let value = self.node(event, span, depth + 1)?;
            self.entry(key, value, &mut seen, &mut entries);
        }
        Ok(entries)
    }

    fn entry(&mut self, key: Node, value: Node, seen: &mut Keys, entries: &mut Vec<Entry>) {
        let place = key.place;
        let Content::Scalar { text, quoted } = key.content else {
            self.report(
                &place,
                "a key must be a single value".to_owned(),
                "check the brackets and the indentation",
            );
            return;
        };
        if text == "<<" && !quoted {
            self.report(
                &place,
                "merge keys (`<<`) are not read in declarations".to_owned(),
                "write the fields out",
            );
        } else if seen.is_new(&text, entries) {
            entries.push(Entry {
                key: text,
                place,
                value,
            });
        } else {
            self.report(
                &place,
                format!("the key `{text}` stands here a second time"),
                "keep one of the two",
            );
        }
    }

    /// Tags that say what the plain value is anyway may stay.
    fn check_tag(&mut self, event: &Event<'text>, place: &Place) {
        let custom = |tag: &Tag| !tag.is_yaml_core_schema();
        if event.tag().is_some_and(custom) {
            self.report(
                place,
                "tags (`!…`) are not read in declarations".to_owned(),
                "remove the tag",
            );
        }
    }

    fn syntax(&mut self, error: &ScanError) -> Stop {
        let marker = error.marker();
        let place = |line, column| Place {
            file: self.file.clone(),
            line,
            column,
            length: 1,
        };
        let message = error.to_string();
        let line = marker.line().max(1);
        let tab = message
            .contains("tab")
            .then(|| indenting_tab(self.text, line));
        if let Some((line, column)) = tab.flatten() {
            let place = place(line, column);
            return self.stop(
                &place,
                "this is not valid YAML: a tab stands in the indentation".to_owned(),
                "indent with spaces: YAML takes no tabs there",
            );
        }
        let place = place(line, marker.col() + 1);
        // The parser's message ends with its own position, which the place already says.
        let message = message
            .split(" at char ")
            .next()
            .unwrap_or(&message)
            .split(" at byte ")
            .next()
            .unwrap_or_default()
            .to_owned();
        self.stop(
            &place,
            format!("this is not valid YAML: {message}"),
            "check the indentation and the quotes around here",
        )
    }

    fn report(&mut self, place: &Place, message: String, hint: &str) {
        self.failed = true;
        let problem = Diagnostic::error(place, message).hint(hint);
        let text = self.text;
        let hidden = *self.holds_secret.get_or_insert_with(|| holds_secret(text));
        self.problems.push(if hidden {
            problem.without_line()
        } else {
            problem
        });
    }

    fn stop(&mut self, place: &Place, message: String, hint: &str) -> Stop {
        self.report(place, message, hint);
        Stop
    }

    fn place(&self, span: &Span) -> Place {
        let (start, end) = (&span.start, &span.end);
        let length = if start.line() == end.line() {
            end.col().saturating_sub(start.col()).max(1)
        } else {
            1
        };
        Place {
            file: self.file.clone(),
            line: start.line().max(1),
            column: start.col() + 1,
            length,
        }
    }
}
