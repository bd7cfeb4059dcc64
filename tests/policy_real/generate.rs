//! Policies and paths that are likely to meet: few letters, many wildcards.

use keyfleet::policy::Dialect;

/// A fixed sequence: every run asks the same.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`, by xorshift.
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits fit") % bound
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

pub(crate) struct Case {
    pub(crate) policies: Vec<String>,
    pub(crate) paths: Vec<String>,
}

const CAPABILITIES: [&str; 9] = [
    "create", "read", "update", "delete", "list", "sudo", "patch", "scan", "deny",
];

impl Case {
    pub(crate) fn generate(random: &mut Random, dialect: Dialect) -> Self {
        // Vault has no `scan`.
        let word = if dialect == Dialect::Vault {
            "\"list\""
        } else {
            "\"scan\""
        };
        let policies = (0..=random.below(3))
            .map(|_| policy(random).replace("\"scan\"", word))
            .collect();
        let paths = (0..25).map(|_| path(random)).collect();
        Self { policies, paths }
    }
}

fn policy(random: &mut Random) -> String {
    let stanzas: Vec<String> = (0..=random.below(5)).map(|_| stanza(random)).collect();
    stanzas.join(random.pick(&["\n", " ", " , ", "\n# comment\n"]))
}

fn stanza(random: &mut Random) -> String {
    let pattern = pattern(random);
    let attributes = if random.one_in(6) {
        let old = random.pick(&["read", "write", "sudo", "deny"]);
        format!("policy = \"{old}\"")
    } else {
        let words: Vec<String> = (0..random.below(4))
            .map(|_| format!("\"{}\"", random.pick(&CAPABILITIES)))
            .collect();
        format!("capabilities = [{}]", words.join(", "))
    };
    let more = match random.below(8) {
        0 => "\n  min_wrapping_ttl = \"1m\"",
        1 => " required_parameters = [\"x\"]",
        2 => ", capabilities = [\"list\"]",
        _ => "",
    };
    format!("path \"{pattern}\" {{ {attributes}{more} }}")
}

fn pattern(random: &mut Random) -> String {
    if random.one_in(40) {
        return random
            .pick(&["*", "+", "", "/", "+/*", "**", "+/"])
            .to_owned();
    }
    let segments: Vec<&str> = (0..=random.below(4))
        .map(|_| match random.below(14) {
            0..=3 => "+",
            4 => "*",
            5 => random.pick(&["+b", "b+", "a*b", "{{identity.entity.id}}", "x{{ y }}"]),
            _ => random.pick(&["a", "b", "ab", "a", "b", ""]),
        })
        .collect();
    let start = if random.one_in(8) { "/" } else { "" };
    let end = random.pick(&["", "", "", "/", "*", "*", "/*", "/*", "/+", "b*"]);
    let pattern = format!("{start}{}{end}", segments.join("/"));
    pattern.replace("+*", "+/*")
}

fn path(random: &mut Random) -> String {
    loop {
        let segments: Vec<&str> = (0..=random.below(4))
            .map(|_| match random.below(20) {
                0 => "",
                1 => random.pick(&["+", "*", "+b", "a*b"]),
                _ => random.pick(&["a", "b", "ab", "abb", "x1"]),
            })
            .collect();
        let path = format!("{}{}", segments.join("/"), random.pick(&["", "", "/"]));
        if !path.trim_matches('/').is_empty() {
            return path;
        }
    }
}

/// A text of the corpus with one or two slips: something is missing, twice, foreign, or the text
/// ends like another one.
pub(crate) fn slip(random: &mut Random, corpus: &[&str]) -> String {
    // Wrong escapes make the server drop the connection, filters are templates, which only the
    // server can check, and of a stanza that has expired it checks no more than that.
    let usable: Vec<&str> = corpus
        .iter()
        .copied()
        .filter(|text| !text.is_empty() && !text.contains('\\') && !text.contains("filter_path"))
        .filter(|text| !text.contains("2001"))
        .collect();
    let mut text: Vec<char> = random.pick(&usable).chars().collect();
    for _ in 0..=usize::from(random.one_in(3)) {
        let mut at = random.below(text.len() + 1);
        if random.one_in(2) {
            // Between two words a slip is more likely to be none.
            at += text[at..].iter().take_while(|&&c| c != ' ').count();
        }
        let end = text.len().min(at + 1 + random.below(4));
        match random.below(5) {
            0 => drop(text.drain(at..end)),
            1 => {
                let twice: Vec<char> = text[at..end].to_vec();
                text.splice(at..at, twice);
            }
            2 | 3 => {
                let foreign = random.pick(&[
                    "{",
                    "}",
                    "[",
                    "]",
                    ",",
                    "=",
                    ":",
                    "\"",
                    "#",
                    "/",
                    "*",
                    "$",
                    "${",
                    "+",
                    "-",
                    ".",
                    "<",
                    "0",
                    "1",
                    "x",
                    " ",
                    "\n",
                    "path",
                    "\"a\"",
                    "true",
                    "null",
                    "1.5",
                    "policy = \"read\"",
                    "capabilities = [\"list\"]",
                    "-1",
                    "0x1f",
                    "017",
                ]);
                text.splice(at..at, foreign.chars());
            }
            _ => {
                let other: Vec<char> = random.pick(&usable).chars().collect();
                text.truncate(at);
                text.extend(&other[random.below(other.len())..]);
            }
        }
        // What could be base64 is decoded by the server; no policy with a path in it could be.
        if text
            .iter()
            .all(|c| c.is_ascii_alphanumeric() || "+/=\n".contains(*c))
        {
            text.push(' ');
        }
    }
    text.into_iter().collect()
}
