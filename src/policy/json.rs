//! JSON policies, as the server's parser takes them, which is more than JSON.
//!
//! It stops at the end of the first object, wants no closing braces at the end of the text, and
//! skips booleans in lists. Objects of objects are then flattened into items with several keys,
//! so that `{"path": {"a": {…}}}` and the list-of-objects form become the tree of HCL.

use super::error::{ParseError, Position};
use super::lexer::{Grammar, Lexer, Token};
use super::syntax::{Item, Key, MAX_DEPTH, Node, NodeKind};

pub(super) fn parse(text: &str) -> Result<Vec<Item>, ParseError> {
    let mut parser = Parser {
        lexer: Lexer::new(text, Grammar::Json),
        after_brace: false,
    };
    let (token, position) = parser.next()?;
    match token {
        Token::Mark('{') => match parser.object(0, position) {
            Ok(items) => Ok(flatten(items)),
            Err(Stop::Grammar(error) | Stop::Fatal(error)) => Err(error),
            Err(Stop::End) => Ok(Vec::new()),
        },
        _ => Err(ParseError::new(position, "expected '{'")),
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// Whether the last token was a closing brace.
    after_brace: bool,
}

/// Why an item could not be read. What the server's grammar stumbles over is forgotten when a
/// closing brace follows; what its scanner refuses never is.
enum Stop {
    End,
    Grammar(ParseError),
    Fatal(ParseError),
}

impl From<ParseError> for Stop {
    fn from(error: ParseError) -> Self {
        Self::Fatal(error)
    }
}

impl Parser<'_> {
    fn next(&mut self) -> Result<(Token, Position), ParseError> {
        let (token, position) = self.lexer.next()?;
        self.after_brace = token == Token::Mark('}');
        Ok((token, position))
    }

    fn object(&mut self, depth: usize, position: Position) -> Result<Vec<Item>, Stop> {
        if depth >= MAX_DEPTH {
            let message = format!("objects and lists may nest {MAX_DEPTH} deep, not deeper");
            return Err(ParseError::new(position, message).into());
        }
        let mut items = Vec::new();
        loop {
            match self.item(depth) {
                Ok(item) => items.push(item),
                Err(Stop::End) => break,
                Err(Stop::Grammar(_)) if self.after_brace => break,
                Err(stop) => return Err(stop),
            }
            if self.next()?.0 != Token::Mark(',') {
                break;
            }
        }
        Ok(items)
    }

    fn item(&mut self, depth: usize) -> Result<Item, Stop> {
        let mut keys = Vec::new();
        loop {
            let (token, position) = self.next()?;
            match token {
                Token::End => return Err(Stop::End),
                Token::Text(text) => keys.push(Key { text, position }),
                Token::Mark(':') if !keys.is_empty() => break,
                _ => return Err(grammar(position, "expected a name in quotes")),
            }
        }
        let (token, position) = self.next()?;
        let kind = match token {
            Token::End => return Err(Stop::End),
            Token::Null => NodeKind::Text(String::new()),
            Token::Bool(value) => NodeKind::Bool(value),
            Token::Mark('[') => NodeKind::List(self.list(depth + 1)?),
            token => self.value(token, position, depth)?,
        };
        Ok(Item {
            keys,
            value: Node { position, kind },
        })
    }

    fn value(&mut self, token: Token, position: Position, depth: usize) -> Result<NodeKind, Stop> {
        match token {
            Token::Text(text) => Ok(NodeKind::Text(text)),
            Token::Number(text) => Ok(NodeKind::Number(text)),
            Token::Float(text) => Ok(NodeKind::Float(text)),
            Token::Mark('{') => Ok(NodeKind::Object(self.object(depth + 1, position)?)),
            _ => Err(grammar(position, "expected a value")),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Stop> {
        let mut nodes = Vec::new();
        loop {
            let (token, position) = self.next()?;
            match token {
                Token::Mark(']') => return Ok(nodes),
                // A list within a list is not one to the server: its first end ends both.
                Token::Mark(',' | '[') | Token::Bool(_) => {}
                token => {
                    let kind = self.value(token, position, depth)?;
                    nodes.push(Node { position, kind });
                }
            }
        }
    }
}

fn grammar(position: Position, message: &str) -> Stop {
    Stop::Grammar(ParseError::new(position, message))
}

/// Turns an object that holds only objects, and a list that holds only objects, into items with
/// longer keys; at every level.
fn flatten(items: Vec<Item>) -> Vec<Item> {
    let mut flat = Vec::with_capacity(items.len());
    for item in items {
        spread(item, &mut flat);
    }
    for item in &mut flat {
        flatten_below(&mut item.value);
    }
    flat
}

fn spread(item: Item, flat: &mut Vec<Item>) {
    let Item { keys, value } = item;
    let position = value.position;
    match value.kind {
        NodeKind::Object(below) if only(below.iter().map(|item| &item.value)) => {
            for Item { keys: more, value } in below {
                let keys = keys.iter().cloned().chain(more).collect();
                spread(Item { keys, value }, flat);
            }
        }
        NodeKind::List(nodes) if only(nodes.iter()) => {
            for value in nodes {
                spread(
                    Item {
                        keys: keys.clone(),
                        value,
                    },
                    flat,
                );
            }
        }
        kind => flat.push(Item {
            keys,
            value: Node { position, kind },
        }),
    }
}

fn only<'a>(mut nodes: impl ExactSizeIterator<Item = &'a Node>) -> bool {
    nodes.len() > 0 && nodes.all(|node| matches!(node.kind, NodeKind::Object(_)))
}

fn flatten_below(node: &mut Node) {
    match &mut node.kind {
        NodeKind::Object(items) => *items = flatten(std::mem::take(items)),
        NodeKind::List(nodes) => nodes.iter_mut().for_each(flatten_below),
        _ => {}
    }
}
