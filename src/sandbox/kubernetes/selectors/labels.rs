//! The grammar of label selectors: `a`, `!a`, `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a>1`, joined by commas.

mod names;

use serde_json::{Map, Value};
use std::collections::{BTreeSet, VecDeque};

#[derive(Debug, Clone)]
pub(super) struct Requirement {
    key: String,
    operator: Operator,
    values: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    Missing,
    Greater,
    Less,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Mark(&'static str),
    End,
}

/// The longest first.
const MARKS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", "<", ">"];
const OPERATORS: &str = "in, notin, =, ==, !=, gt, lt";

pub(super) fn read(text: &str) -> Result<Vec<Requirement>, String> {
    let mut parser = Parser::of(text);
    let mut requirements = Vec::new();
    loop {
        match parser.next() {
            Token::Word(_) | Token::Mark("!") => {}
            Token::End => return Ok(requirements),
            other @ Token::Mark(_) => {
                return Err(format!(
                    "found '{}', expected: !, identifier, or 'end of string'",
                    other.text()
                ));
            }
        }
        let requirement = parser.requirement();
        requirements
            .push(requirement.map_err(|why| format!("unable to parse requirement: {why}"))?);
        match parser.take() {
            Token::End => return Ok(requirements),
            Token::Mark(",") => {
                let next = parser.next();
                if !matches!(next, Token::Word(_) | Token::Mark("!")) {
                    return Err(format!(
                        "found '{}', expected: identifier after ','",
                        next.text()
                    ));
                }
            }
            other => {
                return Err(format!(
                    "found '{}', expected: ',' or 'end of string'",
                    other.text()
                ));
            }
        }
    }
}

impl Requirement {
    pub(super) fn match_labels(&self, labels: Option<&Map<String, Value>>) -> bool {
        let value = labels.and_then(|labels| labels.get(&self.key)?.as_str());
        let number = |text: &str| text.parse::<i64>().ok();
        let wanted = || self.values.first().and_then(|text| number(text));
        match (self.operator, value) {
            (Operator::In, Some(value)) => self.values.contains(value),
            (Operator::NotIn, Some(value)) => !self.values.contains(value),
            (Operator::Exists, value) => value.is_some(),
            (Operator::Missing, value) => value.is_none(),
            (Operator::NotIn, None) => true,
            (Operator::Greater, Some(value)) => {
                matches!((number(value), wanted()), (Some(is), Some(than)) if is > than)
            }
            (Operator::Less, Some(value)) => {
                matches!((number(value), wanted()), (Some(is), Some(than)) if is < than)
            }
            (Operator::In | Operator::Greater | Operator::Less, None) => false,
        }
    }

    fn checked(self) -> Result<Self, String> {
        let number = matches!(self.operator, Operator::Greater | Operator::Less);
        for (index, value) in self.values.iter().enumerate() {
            if number && value.parse::<i64>().is_err() {
                return Err(format!(
                    "values[{index}]: Invalid value: {value:?}: for 'Gt', 'Lt' operators, the value must be an integer"
                ));
            }
            if let Some(why) = names::not_a_value(value) {
                let key = &self.key;
                return Err(format!(
                    "values[{index}][{key}]: Invalid value: {value:?}: {why}"
                ));
            }
        }
        Ok(self)
    }
}

impl Token {
    fn text(&self) -> &str {
        match self {
            Self::Word(text) => text,
            Self::Mark(text) => text,
            Self::End => "",
        }
    }
}

struct Parser(VecDeque<Token>);

impl Parser {
    fn of(text: &str) -> Self {
        let mut tokens = VecDeque::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let mark = MARKS.iter().find(|mark| rest.starts_with(**mark));
            if let Some(mark) = mark {
                tokens.push_back(Token::Mark(mark));
                rest = &rest[mark.len()..];
            } else {
                let ends = |letter: char| letter.is_whitespace() || "=!(),<>".contains(letter);
                let end = rest.find(ends).unwrap_or(rest.len());
                tokens.push_back(Token::Word(rest[..end].to_owned()));
                rest = &rest[end..];
            }
            rest = rest.trim_start();
        }
        Self(tokens)
    }

    fn next(&self) -> Token {
        self.0.front().cloned().unwrap_or(Token::End)
    }

    fn take(&mut self) -> Token {
        self.0.pop_front().unwrap_or(Token::End)
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let mut token = self.take();
        let missing = token == Token::Mark("!");
        if missing {
            token = self.take();
        }
        let Token::Word(key) = token else {
            return Err(format!("found '{}', expected: identifier", token.text()));
        };
        if let Some(why) = names::not_a_key(&key) {
            return Err(format!("<nil>: Invalid value: {key:?}: {why}"));
        }
        let of = |operator, values| Requirement {
            key: key.clone(),
            operator,
            values,
        };
        if missing {
            return Ok(of(Operator::Missing, BTreeSet::new()));
        }
        if matches!(self.next(), Token::End | Token::Mark(",")) {
            return Ok(of(Operator::Exists, BTreeSet::new()));
        }
        let (operator, several) = self.operator()?;
        let values = if several {
            self.values()?
        } else {
            self.value()?
        };
        of(operator, values).checked()
    }

    /// And whether several values follow.
    fn operator(&mut self) -> Result<(Operator, bool), String> {
        let token = self.take();
        Ok(match &token {
            Token::Word(word) if word == "in" => (Operator::In, true),
            Token::Word(word) if word == "notin" => (Operator::NotIn, true),
            Token::Mark("=" | "==") => (Operator::In, false),
            Token::Mark("!=") => (Operator::NotIn, false),
            Token::Mark(">") => (Operator::Greater, false),
            Token::Mark("<") => (Operator::Less, false),
            other => return Err(format!("found '{}', expected: {OPERATORS}", other.text())),
        })
    }

    fn value(&mut self) -> Result<BTreeSet<String>, String> {
        if matches!(self.next(), Token::End | Token::Mark(",")) {
            return Ok(BTreeSet::from([String::new()]));
        }
        match self.take() {
            Token::Word(word) => Ok(BTreeSet::from([word])),
            other => Err(format!("found '{}', expected: identifier", other.text())),
        }
    }

    fn values(&mut self) -> Result<BTreeSet<String>, String> {
        let open = self.take();
        if open != Token::Mark("(") {
            return Err(format!("found '{}' expected: '('", open.text()));
        }
        match self.next() {
            Token::Mark(")") => {
                self.take();
                return Ok(BTreeSet::from([String::new()]));
            }
            Token::Word(_) | Token::Mark(",") => {}
            other => {
                return Err(format!(
                    "found '{}', expected: ',', ')' or identifier",
                    other.text()
                ));
            }
        }
        let values = self.list()?;
        match self.take() {
            Token::Mark(")") => Ok(values),
            other => Err(format!("found '{}', expected: ')'", other.text())),
        }
    }

    fn list(&mut self) -> Result<BTreeSet<String>, String> {
        let mut values = BTreeSet::new();
        loop {
            match self.take() {
                Token::Word(word) => {
                    values.insert(word);
                    match self.next() {
                        Token::Mark(",") => {}
                        Token::Mark(")") => return Ok(values),
                        other => {
                            return Err(format!("found '{}', expected: ',' or ')'", other.text()));
                        }
                    }
                }
                Token::Mark(",") => {
                    if values.is_empty() {
                        values.insert(String::new());
                    }
                    match self.next() {
                        Token::Mark(")") => {
                            values.insert(String::new());
                            return Ok(values);
                        }
                        Token::Mark(",") => {
                            self.take();
                            values.insert(String::new());
                        }
                        _ => {}
                    }
                }
                other => {
                    return Err(format!(
                        "found '{}', expected: ',', or identifier",
                        other.text()
                    ));
                }
            }
        }
    }
}
