//! Reading a mapping strictly: each field is taken once, and what is left over is an error with its place.

use super::{Content, Node};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::names::NameError;

/// The fields of one mapping while they are being read.
pub struct Fields<'node> {
    pub place: Place,
    what: &'static str,
    entries: Vec<(&'node super::Entry, bool)>,
    asked: Vec<&'static str>,
}

impl<'node> Fields<'node> {
    /// Begins to read `node`, called `what` in messages. Nothing there counts as an empty mapping.
    pub fn of(node: &'node Node, what: &'static str, problems: &mut Diagnostics) -> Option<Self> {
        let entries = match &node.content {
            Content::Map(entries) => entries.iter().map(|entry| (entry, false)).collect(),
            Content::Scalar { .. } if node.is_null() => Vec::new(),
            Content::Scalar { .. } | Content::List(_) => {
                let wrong = format!("{what} must be a mapping, but is {}", node.kind());
                let hint = "write its fields below it, each as `name: value` on a line of its own";
                problems.push(Diagnostic::error(&node.place, wrong).hint(hint));
                return None;
            }
        };
        Some(Self {
            place: node.place.clone(),
            what,
            entries,
            asked: Vec::new(),
        })
    }

    /// Takes a field, if it is there and not empty.
    pub fn optional(&mut self, key: &'static str) -> Option<&'node Node> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        let found = self
            .entries
            .iter_mut()
            .find(|(entry, _)| entry.key == key)?;
        found.1 = true;
        (!found.0.value.is_null()).then_some(&found.0.value)
    }

    /// Takes a field that must be there.
    pub fn required(
        &mut self,
        key: &'static str,
        problems: &mut Diagnostics,
    ) -> Option<&'node Node> {
        let found = self.optional(key);
        if found.is_none() {
            problems.push(self.missing(key)?);
        }
        found
    }

    /// Takes a field that may be left out, but not be left empty: where that would mean more than what was to be written.
    pub fn filled(&mut self, key: &'static str, problems: &mut Diagnostics) -> Option<&'node Node> {
        if self.entries.iter().any(|(entry, _)| entry.key == key) {
            self.required(key, problems)
        } else {
            self.optional(key)
        }
    }

    /// What to say of a field that is not there; nothing when a slip of the pen is there, which is an error by itself.
    fn missing(&self, key: &'static str) -> Option<Diagnostic> {
        let entries = self.entries.iter();
        if let Some((empty, _)) = entries.clone().find(|(entry, _)| entry.key == key) {
            return Some(
                Diagnostic::error(&empty.place, format!("`{key}` is empty"))
                    .hint("give it a value"),
            );
        }
        let mut unknown = entries.filter(|(_, taken)| !taken);
        if unknown.any(|(entry, _)| nearest(&entry.key, std::iter::once(key)).is_some()) {
            return None;
        }
        let wrong = format!("{} needs the field `{key}`", self.what);
        Some(Diagnostic::error(&self.place, wrong).hint(format!("add `{key}:`")))
    }

    /// Takes a field of one value.
    pub fn text(&mut self, key: &'static str, problems: &mut Diagnostics) -> Option<&'node str> {
        self.optional(key)
            .and_then(|node| node.text(&format!("`{key}`"), problems))
    }

    /// Takes a field of one value that has a grammar.
    pub fn parsed<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, NameError>,
        problems: &mut Diagnostics,
    ) -> Option<T> {
        let node = self.optional(key)?;
        named(node, key, parse, problems)
    }

    /// Takes a field that is `true` or `false`.
    pub fn boolean(&mut self, key: &'static str, problems: &mut Diagnostics) -> Option<bool> {
        let node = self.optional(key)?;
        match (&node.content, node.scalar()) {
            (Content::Scalar { quoted: false, .. }, Some("true")) => Some(true),
            (Content::Scalar { quoted: false, .. }, Some("false")) => Some(false),
            _ => {
                let wrong = format!("`{key}` must be true or false");
                let hint = "write one of these two words, without quotes";
                problems.push(Diagnostic::error(&node.place, wrong).hint(hint));
                None
            }
        }
    }

    /// Takes a field that is a whole number.
    pub fn number(&mut self, key: &'static str, problems: &mut Diagnostics) -> Option<u64> {
        let node = self.optional(key)?;
        let number = node.text(&format!("`{key}`"), problems)?.parse().ok();
        if number.is_none() {
            let wrong = format!("`{key}` must be a whole number");
            let hint = "write it in digits alone, such as 5";
            problems.push(Diagnostic::error(&node.place, wrong).hint(hint));
        }
        number
    }

    /// Takes a list; nothing there is an empty one.
    pub fn list(&mut self, key: &'static str, problems: &mut Diagnostics) -> &'node [Node] {
        let Some(node) = self.optional(key) else {
            return &[];
        };
        if let Content::List(items) = &node.content {
            return items;
        }
        let wrong = format!("`{key}` must be a list, but is {}", node.kind());
        let hint = "write each entry on a line of its own, after `- `; a list of one is a list too";
        problems.push(Diagnostic::error(&node.place, wrong).hint(hint));
        &[]
    }

    /// The place of a field's key, or of the whole mapping.
    pub fn place_of(&self, key: &str) -> Place {
        self.entries
            .iter()
            .find(|(entry, _)| entry.key == key)
            .map_or_else(|| self.place.clone(), |(entry, _)| entry.place.clone())
    }

    /// Leaves out fields that a server adds to what it stores.
    pub fn ignore(&mut self, keys: &[&str]) {
        for (entry, taken) in &mut self.entries {
            *taken |= keys.contains(&entry.key.as_str());
        }
    }

    /// Names fields that exist in this format but are not honoured yet: never dropped in silence.
    pub fn unsupported(&mut self, known: &[&str], problems: &mut Diagnostics) {
        let what = self.what;
        for (entry, taken) in self
            .entries
            .iter_mut()
            .filter(|(entry, taken)| !taken && known.contains(&entry.key.as_str()))
        {
            *taken = true;
            problems.push(
                Diagnostic::error(&entry.place, format!("`{}` of {what} is not supported yet", entry.key))
                    .hint("remove it if the declaration means the same without it; nothing of this declaration is applied meanwhile"),
            );
        }
    }

    /// Ends the reading: what nobody asked for is an error.
    pub fn finish(self, problems: &mut Diagnostics) {
        for (entry, _) in self.entries.iter().filter(|(_, taken)| !taken) {
            let mut problem = Diagnostic::error(
                &entry.place,
                format!("{} has no field `{}`", self.what, entry.key),
            );
            problem = match nearest(&entry.key, self.asked.iter().copied()) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None if self.asked.is_empty() => problem,
                None => problem.hint(format!("its fields are {}", self.asked.join(", "))),
            };
            problems.push(problem);
        }
    }
}

/// Parses the text of a node, or says at its place why it is not one.
pub(super) fn named<T>(
    node: &Node,
    what: &str,
    parse: impl Fn(&str) -> Result<T, NameError>,
    problems: &mut Diagnostics,
) -> Option<T> {
    let text = node.text(&format!("`{what}`"), problems)?;
    parse(text)
        .map_err(|error| {
            problems.push(Diagnostic::error(&node.place, error.wrong()).hint(error.rule));
        })
        .ok()
}

impl Node {
    /// Parses this node's text, or says at its place why it is not what it should be.
    pub fn parsed<T>(
        &self,
        what: &str,
        parse: impl Fn(&str) -> Result<T, NameError>,
        problems: &mut Diagnostics,
    ) -> Option<T> {
        named(self, what, parse, problems)
    }
}

/// The known word that was probably meant.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| {
            (
                distance(&word.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters to add, drop or change (Levenshtein), on short words only.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    if left.len() > 64 || right.len() > 64 {
        return usize::MAX;
    }
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    for (row, letter) in left.chars().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let change = previous[column] + usize::from(letter != *other);
            current.push(
                change
                    .min(previous[column + 1] + 1)
                    .min(current[column] + 1),
            );
        }
        previous = current;
    }
    previous[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mut problems = Diagnostics::default();
        let documents = super::super::parse("a.yaml", text, &mut problems);
        let mut fields = Fields::of(&documents.documents[0], "the thing", &mut problems).unwrap();
        fields.text("server", &mut problems);
        fields.boolean("adopt", &mut problems);
        fields.unsupported(&["template"], &mut problems);
        fields.finish(&mut problems);
        problems
            .sorted()
            .iter()
            .map(|problem| {
                format!(
                    "{} {}",
                    problem.message,
                    problem.hint.clone().unwrap_or_default()
                )
            })
            .collect()
    }

    #[test]
    fn an_unknown_field_says_what_was_probably_meant() {
        assert_eq!(
            read("sever: x\n"),
            ["the thing has no field `sever` did you mean `server`?"]
        );
        assert_eq!(
            read("colour: x\n"),
            ["the thing has no field `colour` its fields are server, adopt"]
        );
    }

    #[test]
    fn a_field_that_is_not_honoured_yet_is_named() {
        assert!(
            read("template: {}\n")[0].starts_with("`template` of the thing is not supported yet")
        );
    }

    #[test]
    fn only_true_and_false_are_booleans() {
        assert_eq!(
            read("adopt: yes\n"),
            ["`adopt` must be true or false write one of these two words, without quotes"]
        );
        assert!(read("adopt: true\nserver: \"1\"\n").is_empty());
    }
}
