//! JSON with its order and its repetitions, and with the errors that Go's reader words.

use serde_json::{Map, Number, Value};

#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Tree {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Self>),
    /// In the order of the text; names may repeat.
    Object(Vec<(String, Self)>),
}

impl Tree {
    /// The last of what repeats counts.
    pub(in super::super) fn into_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(is) => is.into(),
            Self::Number(text) => text
                .parse::<Number>()
                .map_or(Value::Null, |number| whole(number).into()),
            Self::Text(text) => text.into(),
            Self::List(items) => items.into_iter().map(Self::into_value).collect(),
            Self::Object(fields) => {
                let fields = fields
                    .into_iter()
                    .map(|(name, inner)| (name, inner.into_value()));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    pub(in super::super) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => {
                let mut named = fields.iter().rev().filter(|(known, _)| known == name);
                named.next().map(|(_, inner)| inner)
            }
            _ => None,
        }
    }

    /// What Go calls it.
    pub(in super::super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Object(_) => "object",
        }
    }
}

/// `1.0` is `1`.
fn whole(number: Number) -> Number {
    match number.as_f64() {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is whole and small, as is checked"
        )]
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
            (float as i64).into()
        }
        _ => number,
    }
}

/// The one value that the text holds.
pub(in super::super) fn parse(text: &str) -> Result<Tree, String> {
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
    };
    let tree = reader.value()?;
    reader.space();
    match reader.peek() {
        None => Ok(tree),
        Some(other) => Err(unexpected(other, "after top-level value")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

const DEEPEST: usize = 10_000;

fn unexpected(found: char, place: &str) -> String {
    let shown = match found {
        '\'' => "'\\''".to_owned(),
        '"' => "'\"'".to_owned(),
        other => format!("'{}'", other.escape_debug()),
    };
    format!("invalid character {shown} {place}")
}

fn ended() -> String {
    "unexpected end of JSON input".to_owned()
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Result<char, String> {
        let found = self.peek().ok_or_else(ended)?;
        self.at += found.len_utf8();
        Ok(found)
    }

    fn space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn value(&mut self) -> Result<Tree, String> {
        self.space();
        match self.next()? {
            '{' => self.nested(Self::object),
            '[' => self.nested(Self::list),
            '"' => Ok(Tree::Text(self.string()?)),
            't' => self.literal("true", Tree::Bool(true)),
            'f' => self.literal("false", Tree::Bool(false)),
            'n' => self.literal("null", Tree::Null),
            found if found == '-' || found.is_ascii_digit() => self.number(found),
            found => Err(unexpected(found, "looking for beginning of value")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Tree, String>) -> Result<Tree, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("exceeded max depth".to_owned());
        }
        let tree = read(self);
        self.depth -= 1;
        tree
    }

    fn object(&mut self) -> Result<Tree, String> {
        let mut fields = Vec::new();
        self.space();
        if self.peek() == Some('}') {
            self.at += 1;
            return Ok(Tree::Object(fields));
        }
        loop {
            self.space();
            match self.next()? {
                '"' => {}
                found => {
                    return Err(unexpected(
                        found,
                        "looking for beginning of object key string",
                    ));
                }
            }
            let name = self.string()?;
            self.space();
            match self.next()? {
                ':' => {}
                found => return Err(unexpected(found, "after object key")),
            }
            fields.push((name, self.value()?));
            self.space();
            match self.next()? {
                ',' => {}
                '}' => return Ok(Tree::Object(fields)),
                found => return Err(unexpected(found, "after object key:value pair")),
            }
        }
    }

    fn list(&mut self) -> Result<Tree, String> {
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(']') {
            self.at += 1;
            return Ok(Tree::List(items));
        }
        loop {
            items.push(self.value()?);
            self.space();
            match self.next()? {
                ',' => {}
                ']' => return Ok(Tree::List(items)),
                found => return Err(unexpected(found, "after array element")),
            }
        }
    }

    fn literal(&mut self, word: &str, tree: Tree) -> Result<Tree, String> {
        for expected in word.chars().skip(1) {
            let found = self.next()?;
            if found != expected {
                let place = format!("in literal {word} (expecting '{expected}')");
                return Err(unexpected(found, &place));
            }
        }
        Ok(tree)
    }

    fn number(&mut self, first: char) -> Result<Tree, String> {
        let start = self.at - first.len_utf8();
        let mut first = first;
        if first == '-' {
            first = self.next()?;
            if !first.is_ascii_digit() {
                return Err(unexpected(first, "in numeric literal"));
            }
        }
        if first != '0' {
            self.digits();
        }
        if self.peek() == Some('.') {
            self.at += 1;
            self.some_digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.at += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.at += 1;
            }
            self.some_digits("in exponent of numeric literal")?;
        }
        Ok(Tree::Number(self.text[start..self.at].to_owned()))
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|found| found.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self, place: &str) -> Result<(), String> {
        match self.next()? {
            found if found.is_ascii_digit() => {
                self.digits();
                Ok(())
            }
            found => Err(unexpected(found, place)),
        }
    }

    /// After the opening quote.
    fn string(&mut self) -> Result<String, String> {
        let mut read = String::new();
        loop {
            match self.next()? {
                '"' => return Ok(read),
                '\\' => read.push(self.escape()?),
                found if found < ' ' => return Err(unexpected(found, "in string literal")),
                found => read.push(found),
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        Ok(match self.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            same @ ('"' | '\\' | '/') => same,
            'u' => {
                let high = self.hex()?;
                if !(0xd800..0xdc00).contains(&high) {
                    return Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                let back = self.at;
                if self.text[self.at..].starts_with("\\u") {
                    self.at += 2;
                    let low = self.hex()?;
                    if (0xdc00..0xe000).contains(&low) {
                        let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                        return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    self.at = back;
                }
                char::REPLACEMENT_CHARACTER
            }
            found => return Err(unexpected(found, "in string escape code")),
        })
    }

    fn hex(&mut self) -> Result<u32, String> {
        let mut code = 0;
        for _ in 0..4 {
            let found = self.next()?;
            let digit = found
                .to_digit(16)
                .ok_or_else(|| unexpected(found, "in \\u hexadecimal character escape"))?;
            code = code * 16 + digit;
        }
        Ok(code)
    }
}
