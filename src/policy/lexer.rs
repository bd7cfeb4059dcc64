//! Cuts a policy text into tokens, by the server's rules for HCL 1 and for JSON.
//!
//! Tokens are read one at a time: what follows the end of a JSON policy is never looked at, there
//! as here. A text is never changed, only read.

use super::error::{ParseError, Position};
use super::quoted;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grammar {
    Hcl,
    Json,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Name(String),
    Text(String),
    Heredoc(String),
    Number(String),
    Float(String),
    Bool(bool),
    Null,
    /// One of `{ } [ ] , = : . + -`.
    Mark(char),
    End,
}

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    position: Position,
    grammar: Grammar,
}

type Lexed<T> = Result<T, ParseError>;

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, grammar: Grammar) -> Self {
        Self {
            text,
            at: 0,
            position: Position { line: 1, column: 1 },
            grammar,
        }
    }

    pub(super) fn next(&mut self) -> Lexed<(Token, Position)> {
        self.skip_blanks()?;
        let position = self.position;
        let Some(c) = self.peek() else {
            return Ok((Token::End, position));
        };
        let token = match c {
            '"' => self.string(position)?,
            '0'..='9' => self.number(position)?,
            '-' if self.second().is_some_and(|c| c.is_ascii_digit()) => self.number(position)?,
            '.' if self.second().is_some_and(|c| c.is_ascii_digit()) => self.number(position)?,
            '{' | '}' | '[' | ']' | ',' | '.' => self.mark(c)?,
            '=' | '+' | '-' if self.grammar == Grammar::Hcl => self.mark(c)?,
            ':' if self.grammar == Grammar::Json => self.mark(c)?,
            '<' if self.grammar == Grammar::Hcl => self.heredoc(position)?,
            _ if is_letter(c) => self.name(position)?,
            '\u{feff}' => {
                return Err(
                    ParseError::new(position, "a byte order mark is not allowed")
                        .hint("save the file as UTF-8 without a byte order mark"),
                );
            }
            _ => {
                return Err(ParseError::new(
                    position,
                    format!("unexpected character {c:?}"),
                ));
            }
        };
        Ok((token, position))
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn second(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().nth(1)
    }

    fn bump(&mut self) -> Lexed<Option<char>> {
        let Some(c) = self.peek() else {
            return Ok(None);
        };
        // The server's scanner keeps U+E123 for itself and takes a zero byte for the end.
        if c == '\0' || (c == '\u{e123}' && self.grammar == Grammar::Hcl) {
            let message = format!("the character U+{:04X} is not allowed", u32::from(c));
            return Err(ParseError::new(self.position, message));
        }
        self.at += c.len_utf8();
        if c == '\n' {
            self.position = Position {
                line: self.position.line + 1,
                column: 1,
            };
        } else {
            self.position.column += 1;
        }
        Ok(Some(c))
    }

    fn mark(&mut self, c: char) -> Lexed<Token> {
        self.bump()?;
        Ok(Token::Mark(c))
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn skip_while(&mut self, keep: impl Fn(char) -> bool) -> Lexed<()> {
        while self.peek().is_some_and(&keep) {
            self.bump()?;
        }
        Ok(())
    }

    fn skip_blanks(&mut self) -> Lexed<()> {
        loop {
            self.skip_while(|c| matches!(c, ' ' | '\t' | '\n' | '\r'))?;
            if self.grammar == Grammar::Json {
                return Ok(());
            }
            match (self.peek(), self.second()) {
                (Some('#'), _) | (Some('/'), Some('/')) => self.skip_while(|c| c != '\n')?,
                (Some('/'), Some('*')) => self.block_comment()?,
                (Some('/'), _) => {
                    return Err(
                        ParseError::new(self.position, "expected a comment after '/'")
                            .hint("write a path in double quotes"),
                    );
                }
                _ => return Ok(()),
            }
        }
    }

    fn block_comment(&mut self) -> Lexed<()> {
        let start = self.position;
        self.bump()?;
        self.bump()?;
        loop {
            match self.bump()? {
                Some('*') if self.peek() == Some('/') => {
                    self.bump()?;
                    return Ok(());
                }
                Some(_) => {}
                None => return Err(ParseError::new(start, "this comment is never closed")),
            }
        }
    }

    fn name(&mut self, position: Position) -> Lexed<Token> {
        let start = self.at;
        let dots = self.grammar == Grammar::Hcl;
        self.skip_while(|c| is_letter(c) || is_digit(c) || c == '-' || (dots && c == '.'))?;
        match (self.since(start), self.grammar) {
            ("true", _) => Ok(Token::Bool(true)),
            ("false", _) => Ok(Token::Bool(false)),
            ("null", Grammar::Json) => Ok(Token::Null),
            (name, Grammar::Hcl) => Ok(Token::Name(name.to_owned())),
            (name, Grammar::Json) => Err(ParseError::new(
                position,
                format!("unexpected word {name:?}"),
            )
            .hint("in JSON every name and string is in double quotes")),
        }
    }

    fn string(&mut self, position: Position) -> Lexed<Token> {
        self.bump()?;
        let start = self.at;
        let unclosed = || ParseError::new(position, "this string is never closed");
        // In HCL quotes and newlines between `${` and `}` belong to the string.
        let mut braces = 0usize;
        loop {
            match self.bump()? {
                None => return Err(unclosed()),
                Some('\n') if braces == 0 => return Err(unclosed()),
                Some('"') if braces == 0 => break,
                Some('$') if braces == 0 && self.hcl() && self.peek() == Some('{') => {
                    braces = 1;
                    self.bump()?;
                }
                Some('{') if braces > 0 => braces += 1,
                Some('}') if braces > 0 => braces -= 1,
                Some('\\') => self.escape()?,
                Some(_) => {}
            }
        }
        let inside = self.text.get(start..self.at - 1).unwrap_or_default();
        quoted::unquote(inside, self.hcl())
            .map(Token::Text)
            .ok_or_else(|| {
                ParseError::new(position, "a backslash escape in this string is wrong").hint(
                    "allowed are \\\" \\\\ \\n \\r \\t, \\u followed by four hexadecimal digits",
                )
            })
    }

    fn hcl(&self) -> bool {
        self.grammar == Grammar::Hcl
    }

    /// The letters after a backslash; which digits must follow some of them is the unquoting's
    /// affair, but not inside `${…}`, which is never unquoted.
    fn escape(&mut self) -> Lexed<()> {
        let position = self.position;
        let wrong = || ParseError::new(position, "this backslash escape is not allowed");
        let (digits, radix) = match self.bump()? {
            Some('a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' | '"') => return Ok(()),
            Some('0'..='7') => (2, 8),
            Some('x') => (2, 16),
            Some('u') => (4, 16),
            Some('U') => (8, 16),
            _ => return Err(wrong()),
        };
        for _ in 0..digits {
            if !self.bump()?.is_some_and(|c| c.is_digit(radix)) {
                return Err(wrong());
            }
        }
        Ok(())
    }

    fn number(&mut self, position: Position) -> Lexed<Token> {
        let start = self.at;
        if self.peek() == Some('-') {
            self.bump()?;
        }
        let leading_zero = self.peek() == Some('0');
        if leading_zero && self.hcl() && matches!(self.second(), Some('x' | 'X')) {
            self.bump()?;
            self.bump()?;
            self.skip_while(|c| c.is_ascii_hexdigit())?;
            return Ok(Token::Number(self.since(start).to_owned()));
        }
        self.skip_while(|c| c.is_ascii_digit())?;
        let mut float = false;
        if self.peek() == Some('.') {
            float = true;
            self.bump()?;
            self.skip_while(|c| c.is_ascii_digit())?;
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            float = true;
            self.bump()?;
            if matches!(self.peek(), Some('+' | '-')) {
                self.bump()?;
            }
            self.skip_while(|c| c.is_ascii_digit())?;
        }
        let written = self.since(start);
        if float {
            return Ok(Token::Float(written.to_owned()));
        }
        let digits = written.trim_start_matches('-');
        let octal = self.hcl() && digits.chars().all(|c| c.is_digit(8));
        if leading_zero && digits.len() > 1 && !octal {
            return Err(ParseError::new(position, "a number may not start with 0"));
        }
        Ok(Token::Number(written.to_owned()))
    }

    fn heredoc(&mut self, position: Position) -> Lexed<Token> {
        let start = self.at;
        self.bump()?;
        if self.bump()? != Some('<') {
            return Err(ParseError::new(position, "unexpected character '<'"));
        }
        let anchor_start = self.at;
        if self.peek() == Some('-') {
            self.bump()?;
        }
        self.skip_while(|c| is_letter(c) || is_digit(c))?;
        let anchor = self.since(anchor_start);
        let word = anchor.trim_start_matches('-');
        if word.is_empty() || self.bump()? != Some('\n') {
            return Err(
                ParseError::new(position, "a heredoc starts with << and one word")
                    .hint("write <<EOF, the lines, and EOF on a line of its own"),
            );
        }
        loop {
            let line_start = self.at;
            self.skip_while(|c| c != '\n')?;
            let line = self.since(line_start);
            if self.bump()?.is_none() {
                return Err(ParseError::new(position, "this heredoc is never closed")
                    .hint(format!("end it with {word} on a line of its own")));
            }
            if line.len() >= anchor.len() && closes(line, word) {
                break;
            }
        }
        quoted::heredoc(self.since(start))
            .map(Token::Heredoc)
            .ok_or_else(|| ParseError::new(position, "this heredoc cannot be read"))
    }
}

fn closes(line: &str, word: &str) -> bool {
    line.trim_end_matches('\r')
        .trim_start_matches([' ', '\t', '\u{b}', '\u{c}', '\r'])
        == word
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || (!c.is_ascii() && c.is_alphabetic())
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric())
}
