//! HCL version 1, as the server's parser takes it.
//!
//! Newlines mean nothing, so several blocks or attributes may share a line; a comma may follow any
//! item. A key may come back: what that means is the reader of the tree's affair.

use super::error::{ParseError, Position};
use super::lexer::{Grammar, Lexer, Token};
use super::syntax::{Item, Key, MAX_DEPTH, Node, NodeKind};

pub(super) fn parse(text: &str) -> Result<Vec<Item>, ParseError> {
    let mut parser = Parser::new(text)?;
    let items = parser.items(0)?;
    match parser.token {
        Token::End => Ok(items),
        _ => Err(parser.unexpected("the name of a block or attribute")),
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    position: Position,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Self, ParseError> {
        let mut lexer = Lexer::new(text, Grammar::Hcl);
        let (token, position) = lexer.next()?;
        Ok(Self {
            lexer,
            token,
            position,
        })
    }

    fn advance(&mut self) -> Result<Token, ParseError> {
        let (token, position) = self.lexer.next()?;
        self.position = position;
        Ok(std::mem::replace(&mut self.token, token))
    }

    fn unexpected(&self, wanted: &str) -> ParseError {
        let found = match &self.token {
            Token::End => "the end of the text".to_owned(),
            Token::Mark(c) => format!("'{c}'"),
            Token::Name(name) => format!("the word {name}"),
            Token::Bool(value) => format!("the word {value}"),
            Token::Null => "null".to_owned(),
            Token::Text(_) => "a string".to_owned(),
            Token::Heredoc(_) => "a heredoc".to_owned(),
            Token::Number(_) | Token::Float(_) => "a number".to_owned(),
        };
        ParseError::new(self.position, format!("expected {wanted}, found {found}"))
    }

    /// Items up to a closing brace or the end; the caller knows which of the two it wants.
    fn items(&mut self, depth: usize) -> Result<Vec<Item>, ParseError> {
        let mut items = Vec::new();
        while !matches!(self.token, Token::End | Token::Mark('}')) {
            items.extend(self.item(depth)?);
            if self.token == Token::Mark(',') {
                self.advance()?;
            }
        }
        Ok(items)
    }

    /// `None`: the text ends after `key =`, at the top. The server forgets such a key.
    fn item(&mut self, depth: usize) -> Result<Option<Item>, ParseError> {
        let keys = self.keys()?;
        let value = match self.token {
            Token::Mark('=') if keys.len() == 1 => {
                self.advance()?;
                if self.token == Token::End && depth == 0 {
                    return Ok(None);
                }
                self.value(depth)?
            }
            Token::Mark('{') if !keys.is_empty() => self.object(depth)?,
            _ if keys.is_empty() => {
                return Err(self.unexpected("the name of a block or attribute"));
            }
            _ => return Err(self.unexpected("'{' or '='").hint(key_hint(&keys))),
        };
        Ok(Some(Item { keys, value }))
    }

    fn keys(&mut self) -> Result<Vec<Key>, ParseError> {
        let mut keys = Vec::new();
        while let Token::Name(text) | Token::Text(text) = &self.token {
            keys.push(Key {
                text: text.clone(),
                position: self.position,
            });
            self.advance()?;
        }
        Ok(keys)
    }

    fn value(&mut self, depth: usize) -> Result<Node, ParseError> {
        let position = self.position;
        let kind = match &self.token {
            Token::Mark('{') => return self.object(depth),
            Token::Mark('[') => return self.list(depth),
            Token::Text(text) => NodeKind::Text(text.clone()),
            Token::Heredoc(text) => NodeKind::Heredoc(text.clone()),
            Token::Number(text) => NodeKind::Number(text.clone()),
            Token::Float(text) => NodeKind::Float(text.clone()),
            Token::Bool(value) => NodeKind::Bool(*value),
            Token::Name(_) => {
                return Err(self
                    .unexpected("a value")
                    .hint("write strings in double quotes"));
            }
            _ => return Err(self.unexpected("a value")),
        };
        self.advance()?;
        Ok(Node { position, kind })
    }

    fn object(&mut self, depth: usize) -> Result<Node, ParseError> {
        let position = self.deeper(depth)?;
        let items = self.items(depth + 1)?;
        if self.token != Token::Mark('}') {
            return Err(self.unexpected("'}'").hint(format!(
                "the block that starts on line {} is never closed",
                position.line
            )));
        }
        self.advance()?;
        Ok(Node {
            position,
            kind: NodeKind::Object(items),
        })
    }

    fn list(&mut self, depth: usize) -> Result<Node, ParseError> {
        let position = self.deeper(depth)?;
        let mut nodes: Vec<Node> = Vec::new();
        let mut needs_comma = false;
        loop {
            match self.token {
                Token::Mark(']') => break,
                Token::Mark(',') => {
                    needs_comma = false;
                    self.advance()?;
                }
                _ if needs_comma => return Err(self.unexpected("',' or ']'")),
                _ => {
                    let node = self.value(depth + 1)?;
                    // The server wants no comma after a list within a list.
                    needs_comma = !matches!(node.kind, NodeKind::List(_));
                    nodes.push(node);
                }
            }
        }
        self.advance()?;
        Ok(Node {
            position,
            kind: NodeKind::List(nodes),
        })
    }

    fn deeper(&mut self, depth: usize) -> Result<Position, ParseError> {
        let position = self.position;
        if depth >= MAX_DEPTH {
            let message = format!("blocks and lists may nest {MAX_DEPTH} deep, not deeper");
            return Err(ParseError::new(position, message));
        }
        self.advance()?;
        Ok(position)
    }
}

fn key_hint(keys: &[Key]) -> String {
    match keys.first() {
        Some(key) if key.text == "path" => "write path \"…\" { capabilities = […] }".to_owned(),
        Some(key) => format!("{} needs a value: {} = …", key.text, key.text),
        None => "write name = value".to_owned(),
    }
}
