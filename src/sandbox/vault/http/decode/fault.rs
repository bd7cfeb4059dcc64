//! What is wrong with a text that is no JSON, as `OpenBao` says it.

/// The first fault, if there is any.
pub(super) fn of(text: &str) -> Option<String> {
    let mut reader = Reader {
        rest: text.chars().collect(),
        at: 0,
    };
    let read = reader.value().and_then(|()| match reader.next_letter() {
        None => Ok(()),
        Some(letter) => Err(unexpected(letter, BEGINNING)),
    });
    read.err()
}

const BEGINNING: &str = "looking for beginning of value";

struct Reader {
    rest: Vec<char>,
    at: usize,
}

type Read = Result<(), String>;

fn unexpected(letter: char, place: &str) -> String {
    let shown = match letter {
        '\'' => "\\'".to_owned(),
        '"' => "\"".to_owned(),
        letter => letter.escape_default().to_string(),
    };
    format!("invalid character '{shown}' {place}")
}

fn end() -> String {
    "unexpected EOF".to_owned()
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    /// The next letter that is no space, which stays where it is.
    fn next_letter(&mut self) -> Option<char> {
        while matches!(self.peek(), Some(' ' | '\t' | '\r' | '\n')) {
            self.at += 1;
        }
        self.peek()
    }

    fn value(&mut self) -> Read {
        match self.next_letter() {
            None => Err(end()),
            Some('{') => self.object(),
            Some('[') => self.array(),
            Some('"') => self.string(),
            Some('t') => self.literal("true"),
            Some('f') => self.literal("false"),
            Some('n') => self.literal("null"),
            Some('-' | '0'..='9') => self.number(),
            Some(letter) => Err(unexpected(letter, BEGINNING)),
        }
    }

    fn object(&mut self) -> Read {
        self.at += 1;
        if self.next_letter() == Some('}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            match self.next_letter() {
                None => return Err(end()),
                Some('"') => self.string()?,
                Some(letter) => return Err(unexpected(letter, BEGINNING)),
            }
            match self.next_letter() {
                None => return Err(end()),
                Some(':') => self.at += 1,
                Some(letter) => return Err(unexpected(letter, "after object key")),
            }
            self.value()?;
            if self.closes('}', "after object key:value pair")? {
                return Ok(());
            }
        }
    }

    fn array(&mut self) -> Read {
        self.at += 1;
        if self.next_letter() == Some(']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value()?;
            if self.closes(']', "after array element")? {
                return Ok(());
            }
        }
    }

    /// Whether this was the last one; a comma before the end is the fault itself.
    fn closes(&mut self, closing: char, place: &str) -> Result<bool, String> {
        match self.next_letter() {
            None => return Err(end()),
            Some(',') => self.at += 1,
            Some(letter) if letter == closing => {
                self.at += 1;
                return Ok(true);
            }
            Some(letter) => return Err(unexpected(letter, place)),
        }
        match self.next_letter() {
            Some('}' | ']') => Err(unexpected(',', BEGINNING)),
            _ => Ok(false),
        }
    }

    fn string(&mut self) -> Read {
        self.at += 1;
        loop {
            let letter = self.peek().ok_or_else(end)?;
            self.at += 1;
            match letter {
                '"' => return Ok(()),
                '\\' => {
                    let escaped = self.peek().ok_or_else(end)?;
                    self.at += 1;
                    if !"\"\\/bfnrtu".contains(escaped) {
                        return Err(format!("invalid escape sequence `\\{escaped}` in string"));
                    }
                }
                letter if letter < ' ' => return Err(unexpected(letter, "in string")),
                _ => {}
            }
        }
    }

    fn literal(&mut self, word: &str) -> Read {
        for wanted in word.chars() {
            let letter = self.peek().ok_or_else(end)?;
            if letter != wanted {
                let place = format!("in literal {word} (expecting '{wanted}')");
                return Err(unexpected(letter, &place));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Read {
        if self.peek() == Some('-') {
            self.at += 1;
        }
        match self.peek() {
            None => return Err(end()),
            // What follows a zero is not of the number any more.
            Some('0') => self.at += 1,
            Some('1'..='9') => self.digits(),
            Some(letter) => return Err(unexpected(letter, "in numeric literal")),
        }
        if self.peek() == Some('.') {
            self.at += 1;
            self.digits();
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.at += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.at += 1;
            }
            self.digits();
        }
        Ok(())
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|letter| letter.is_ascii_digit()) {
            self.at += 1;
        }
    }
}
