//! What holds for any text: reading it never panics, and the order and form of what is written mean nothing.

use crate::repository::{canonical, compile, folder, messages, sources};
use keyfleet::diagnostics::{self, Diagnostics, Severity, Sources};
use keyfleet::yaml::{self, Content, Node};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::collections::BTreeMap;

/// Repositories without an error, which use every field.
const GOOD: [&str; 9] = [
    "examples/repo-layout",
    "tests/cases/fleet_every_field/repo",
    "tests/cases/cluster_every_field/repo",
    "tests/cases/kes_every_field/repo",
    "tests/cases/eso_every_field/repo",
    "tests/cases/group_every_field/repo",
    "tests/cases/group_places_a_store/repo",
    "tests/cases/approval_every_field/repo",
    "tests/cases/rule_every_field/repo",
];

pub(crate) fn good() -> impl Strategy<Value = Sources> {
    select(&GOOD).prop_map(|path| sources(&folder(path)))
}

/// Compiles and renders; only a panic is a failure.
fn read(sources: Sources) {
    let wanted = compile(sources, &[]);
    diagnostics::render(&wanted.problems, &wanted.sources, true);
}

/// Pieces that mean something to YAML, to HCL, or to the formats.
const PIECES: [&str; 24] = [
    ": ", "\n", "- ", "{", "}", "[", "]", "\"", "'", "|\n", "&a ", "*a", "<<: ", "!t ", "---\n",
    "# ", "\t", "${", "$${", "..", "*", "\u{0}", "\u{feff}", "日",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "\\PC{0,200}",
        prop::collection::vec(
            prop_oneof![select(&PIECES).prop_map(str::to_owned), "[a-z]{1,8}"],
            0..60
        )
        .prop_map(|pieces| pieces.concat()),
    ]
}

/// One change to a text: a span goes, and something else comes in its place.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    file: Index,
    at: Index,
    length: usize,
    piece: String,
}

pub(crate) fn edit() -> impl Strategy<Value = Edit> {
    let piece = prop_oneof![
        select(&PIECES).prop_map(str::to_owned),
        "[a-z]{0,4}",
        any::<char>().prop_map(String::from),
    ];
    (any::<Index>(), any::<Index>(), 0_usize..40, piece).prop_map(|(file, at, length, piece)| {
        Edit {
            file,
            at,
            length,
            piece,
        }
    })
}

pub(crate) fn apply(edit: &Edit, sources: &mut Sources) {
    let path = edit
        .file
        .get(&sources.keys().cloned().collect::<Vec<_>>())
        .clone();
    let letters: Vec<char> = sources[&path].chars().collect();
    let at = edit.at.index(letters.len() + 1);
    let end = (at + edit.length).min(letters.len());
    let text = letters[..at].iter().collect::<String>()
        + &edit.piece
        + &letters[end..].iter().collect::<String>();
    sources.insert(path, text.into());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_text_in_any_file_is_read_without_a_panic(
        mut sources in good(), file in any::<Index>(), text in text(),
    ) {
        let path = file.get(&sources.keys().cloned().collect::<Vec<_>>()).clone();
        sources.insert(path, text.into());
        read(sources);
    }

    #[test]
    fn an_edited_repository_is_read_without_a_panic(
        mut sources in good(), edits in prop::collection::vec(edit(), 1..6),
    ) {
        for edit in &edits {
            apply(edit, &mut sources);
        }
        read(sources);
    }

    #[test]
    fn order_and_form_do_not_change_what_is_wanted(sources in good(), choices in prop::collection::vec(any::<u32>(), 64)) {
        let as_written = compile(sources.clone(), &[]);
        prop_assert_eq!(messages(&as_written, Severity::Error), Vec::<String>::new());
        let rewritten = Writer { choices, next: 0 }.rewrite(&sources);
        let other = compile(rewritten.clone(), &[]);
        prop_assert_eq!(messages(&other, Severity::Error), Vec::<String>::new(), "{:#?}", rewritten);
        prop_assert_eq!(canonical(&as_written.desired), canonical(&other.desired), "{:#?}", rewritten);
    }
}

/// Writes the same documents in another order, other files and another form.
struct Writer {
    choices: Vec<u32>,
    next: usize,
}

impl Writer {
    fn choose(&mut self, of: usize) -> usize {
        let choice = self.choices[self.next % self.choices.len()];
        self.next += 1;
        choice.rotate_left(u32::try_from(self.next % 32).unwrap()) as usize % of
    }

    fn shuffled<T>(&mut self, mut items: Vec<T>) -> Vec<T> {
        for last in (1..items.len()).rev() {
            let other = self.choose(last + 1);
            items.swap(last, other);
        }
        items
    }

    fn rewrite(&mut self, sources: &Sources) -> Sources {
        let mut rewritten: BTreeMap<String, String> = BTreeMap::new();
        let mut moving: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (path, text) in sources {
            let is_yaml = std::path::Path::new(path)
                .extension()
                .is_some_and(|ending| ending == "yaml");
            if !is_yaml {
                rewritten.insert(path.clone(), text.to_string());
                continue;
            }
            let documents = yaml::parse(path, text, &mut Diagnostics::default()).documents;
            let mut written: Vec<_> = documents.iter().map(|node| self.document(node)).collect();
            if ["fleet.yaml", "cluster.yaml", "group.yaml"]
                .iter()
                .any(|head| path.ends_with(head))
            {
                rewritten.insert(path.clone(), written.remove(0));
            }
            if let Some((folder, _)) = path.rsplit_once('/') {
                moving.entry(folder.to_owned()).or_default().extend(written);
            }
        }
        for (folder, documents) in moving {
            for document in self.shuffled(documents) {
                let file = format!("{folder}/{}.yaml", ["a", "z", "sub/m"][self.choose(3)]);
                rewritten.entry(file).or_default().push_str(&document);
            }
        }
        let texts = rewritten.into_iter();
        texts.map(|(path, text)| (path, text.into())).collect()
    }

    fn document(&mut self, node: &Node) -> String {
        let body = match self.choose(3) {
            0 => self.flow(node),
            _ => self.block(node, 0),
        };
        format!(
            "---\n# {}\n{}\n",
            self.choose(1000),
            body.trim_start_matches('\n')
        )
    }

    fn entries<'node>(&mut self, node: &'node Node) -> Vec<&'node yaml::Entry> {
        self.shuffled(node.entries().iter().collect())
    }

    fn block(&mut self, node: &Node, indent: usize) -> String {
        let pad = " ".repeat(indent);
        let step = 1 + self.choose(4);
        match &node.content {
            Content::Scalar { .. } => format!(" {}", self.scalar(node)),
            Content::List(items) if items.is_empty() => " []".to_owned(),
            Content::Map(entries) if entries.is_empty() => " {}".to_owned(),
            _ if self.choose(4) == 0 => format!(" {}", self.flow(node)),
            Content::List(items) => items.iter().fold(String::new(), |text, item| {
                format!("{text}\n{pad}-{}", self.block(item, indent + step))
            }),
            Content::Map(_) => self
                .entries(node)
                .iter()
                .fold(String::new(), |text, entry| {
                    let gap = ["", "  # said twice: a: b", "   "][self.choose(3)];
                    let value = self.block(&entry.value, indent + step);
                    let gap = if value.starts_with('\n') { gap } else { "" };
                    format!("{text}\n{pad}{}:{gap}{value}", entry.key)
                }),
        }
    }

    fn flow(&mut self, node: &Node) -> String {
        match &node.content {
            Content::Scalar { .. } => self.quoted(node),
            Content::List(items) => {
                let items: Vec<_> = items.iter().map(|item| self.flow(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Content::Map(_) => {
                let entries = self.entries(node);
                let entries: Vec<_> = entries
                    .iter()
                    .map(|entry| format!("{}: {}", entry.key, self.flow(&entry.value)))
                    .collect();
                format!("{{{}}}", entries.join(",\n "))
            }
        }
    }

    fn scalar(&mut self, node: &Node) -> String {
        match &node.content {
            Content::Scalar {
                text,
                quoted: false,
            } if self.choose(2) == 0 => text.clone(),
            _ => self.quoted(node),
        }
    }

    /// In quotes, but for what is only itself without them.
    fn quoted(&mut self, node: &Node) -> String {
        match &node.content {
            Content::Scalar {
                text,
                quoted: false,
            } if text == "true" || text == "false" || node.is_null() => text.clone(),
            Content::Scalar { text, .. } if self.choose(2) == 0 && !text.contains('\n') => {
                format!("'{}'", text.replace('\'', "''"))
            }
            Content::Scalar { text, .. } => serde_json::to_string(text).unwrap(),
            Content::List(_) | Content::Map(_) => unreachable!("only scalars are quoted"),
        }
    }
}
