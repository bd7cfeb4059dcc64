//! A file as a whole: its lines in their sections.

use super::line::{self, Line};
use super::pattern::{Matcher, Pattern};
use super::{Entry, Forge, Owner, Owners, Section};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The longest file that is read; GitHub's own limit.
const MOST_BYTES: usize = 3 << 20;
const MOST_LINES: usize = 5_000;
/// How many lines are warned of, one by one.
const MOST_WARNINGS: usize = 20;

pub(super) fn read(forge: Forge, path: &str, text: &str, problems: &mut Diagnostics) -> Owners {
    let mut reader = Reader {
        forge,
        file: Arc::from(path),
        entries: Vec::new(),
        patterns: Vec::new(),
        sections: vec![None],
        named: BTreeMap::new(),
        section: 0,
        default: Vec::new(),
        warnings: Vec::new(),
    };
    if text.len() > MOST_BYTES || text.lines().count() > MOST_LINES {
        reader.whole(format!(
            "this file is longer than {MOST_LINES} lines or {} MiB, and is not used",
            MOST_BYTES >> 20
        ));
    } else {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (number, text) in (1..).zip(text.lines()) {
            reader.line(number, text);
        }
    }
    reader.owners(problems)
}

struct Reader {
    forge: Forge,
    file: Arc<str>,
    entries: Vec<Entry>,
    /// One for each entry.
    patterns: Vec<Pattern>,
    sections: Vec<Option<Section>>,
    /// Where each is, by its name in small letters.
    named: BTreeMap<String, usize>,
    /// The section that is being read, and its owners where a line names none.
    section: usize,
    default: Vec<Owner>,
    warnings: Vec<Diagnostic>,
}

impl Reader {
    fn line(&mut self, number: usize, text: &str) {
        let place = Place {
            file: self.file.clone(),
            line: number,
            column: 1,
            length: text.chars().count().max(1),
        };
        match line::parse(self.forge, text) {
            Ok(Line::Nothing) => {}
            Ok(Line::Heading { section, owners }) => self.heading(section, owners),
            Ok(Line::Entry {
                pattern,
                owners,
                negative,
                unknown,
            }) => {
                for word in unknown {
                    let said = format!("{word:?} is no user, team or address");
                    self.warn(&place, said, "write @user, @org/team or an address");
                }
                match Pattern::parse(self.forge, &pattern) {
                    Ok(pattern) => self.entry(place, pattern, owners, negative),
                    Err((said, hint)) => self.warn(&place, said, hint),
                }
            }
            Err((said, hint)) => self.warn(&place, said, hint),
        }
    }

    fn entry(&mut self, place: Place, pattern: Pattern, owners: Vec<Owner>, negative: bool) {
        let owners = if owners.is_empty() {
            self.default.clone()
        } else {
            owners
        };
        self.patterns.push(pattern);
        self.entries.push(Entry {
            place,
            owners,
            section: self.section,
            negative,
        });
    }

    /// Sections of one name, in whatever letters, are one: required if any of them is.
    fn heading(&mut self, section: Section, owners: Vec<Owner>) {
        self.default = owners;
        let next = self.sections.len();
        self.section = *self
            .named
            .entry(section.name.to_lowercase())
            .or_insert(next);
        match self.sections.get_mut(self.section) {
            Some(Some(known)) => {
                known.optional &= section.optional;
                known.approvals = known.approvals.max(section.approvals);
            }
            _ => self.sections.push(Some(section)),
        }
    }

    fn warn(&mut self, place: &Place, said: String, hint: &str) {
        self.warnings
            .push(Diagnostic::warning(place, said).hint(hint));
    }

    fn whole(&mut self, said: String) {
        let place = Place::file(&self.file);
        let problem = Diagnostic::warning(&place, said).without_line();
        self.warnings
            .push(problem.hint("name folders instead of files; one line may name several owners"));
    }

    fn owners(mut self, problems: &mut Diagnostics) -> Owners {
        let matcher = Matcher::of(&self.patterns).unwrap_or_else(|| {
            self.entries.clear();
            self.whole(
                "the patterns of this file are too large together, and are not used".to_owned(),
            );
            Matcher::none()
        });
        let more = self.warnings.len().saturating_sub(MOST_WARNINGS);
        for warning in self.warnings.drain(..).take(MOST_WARNINGS) {
            problems.push(warning);
        }
        if more > 0 {
            let said = format!("{more} more lines of this file are not used");
            problems.push(Diagnostic::warning(&Place::file(&self.file), said).without_line());
        }
        Owners {
            forge: self.forge,
            entries: self.entries,
            sections: self.sections,
            matcher,
        }
    }
}
