//! YAML as API servers take it: one document, turned into what JSON could have said.
//!
//! Absent: aliases and merge keys, which no client of these kinds sends.

use super::json::Tree;
use granit_parser::{Event, Options, Parser, ScalarStyle, Span, StrInput};

const DEEPEST: usize = 1_000;

/// The document, and each line where a name stands a second time.
pub(super) fn parse(text: &str) -> Result<(Tree, Vec<String>), String> {
    let mut options = Options::default();
    options.emit_comments = false;
    let mut reader = Reader {
        parser: Parser::new_from_str_with_options(text, options),
        twice: Vec::new(),
    };
    while let Some((event, _)) = reader.next()? {
        if matches!(event, Event::DocumentStart(..)) {
            let tree = match reader.next()? {
                Some((event, _)) if !matches!(event, Event::DocumentEnd) => {
                    reader.tree(event, 0)?
                }
                _ => Tree::Null,
            };
            return Ok((tree, reader.twice));
        }
    }
    Ok((Tree::Null, Vec::new()))
}

/// Whether nothing is said twice, so that JSON need not be read as YAML to say in which line.
pub(super) fn names_once(tree: &Tree) -> bool {
    match tree {
        Tree::Object(fields) => {
            let mut names: Vec<&String> = fields.iter().map(|(name, _)| name).collect();
            names.sort();
            names.windows(2).all(|pair| pair[0] != pair[1])
                && fields.iter().all(|(_, tree)| names_once(tree))
        }
        Tree::List(items) => items.iter().all(names_once),
        _ => true,
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    twice: Vec<String>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, String> {
        let event = self.parser.next_event().transpose();
        event.map_err(|error| {
            let line = error.marker().line().max(1);
            let message = error.to_string();
            let message = message.split(" at char ").next().unwrap_or_default();
            let message = message.split(" at byte ").next().unwrap_or_default();
            format!("yaml: line {line}: {message}")
        })
    }

    fn tree(&mut self, event: Event<'a>, depth: usize) -> Result<Tree, String> {
        if depth > DEEPEST {
            return Err("yaml: exceeded max depth".to_owned());
        }
        match event {
            Event::Scalar(text, style, _, tag) => {
                let is_text = tag.is_some_and(|tag| tag.suffix() == "str");
                Ok(match style {
                    ScalarStyle::Plain if !is_text => plain(&text),
                    _ => Tree::Text(text.into_owned()),
                })
            }
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                while let Some((event, _)) = self.next()? {
                    if matches!(event, Event::SequenceEnd) {
                        break;
                    }
                    items.push(self.tree(event, depth + 1)?);
                }
                Ok(Tree::List(items))
            }
            Event::MappingStart(..) => self.mapping(depth),
            _ => Err("yaml: unknown anchor".to_owned()),
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Tree, String> {
        let mut fields: Vec<(String, Tree)> = Vec::new();
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let name = match event {
                Event::Scalar(text, ..) => text.into_owned(),
                _ => return Err("yaml: invalid map key".to_owned()),
            };
            let Some((event, _)) = self.next()? else {
                break;
            };
            let tree = self.tree(event, depth + 1)?;
            if let Some(known) = fields.iter_mut().find(|(known, _)| *known == name) {
                let line = span.start.line().max(1);
                self.twice
                    .push(format!("line {line}: key {name:?} already set in map"));
                known.1 = tree;
            } else {
                fields.push((name, tree));
            }
        }
        Ok(Tree::Object(fields))
    }
}

/// A scalar without quotes, as YAML 1.1 has it where YAML 1.2 does not disagree loudly.
fn plain(text: &str) -> Tree {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Tree::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Tree::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            Tree::Bool(false)
        }
        _ => match super::json::parse(text) {
            Ok(Tree::Number(number)) => Tree::Number(number),
            _ => Tree::Text(text.to_owned()),
        },
    }
}
