//! A compiler that knows an earlier revision gives what one that knows nothing gives, to the last letter.

use crate::properties::{self, good};
use crate::repository::{folder, repository, sources};
use keyfleet::diagnostics::{self, Sources};
use keyfleet::pipeline::{Compiler, Wanted};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::sync::Arc;

/// A revision: texts, and paths that could not be read.
#[derive(Debug, Clone, Default)]
struct Revision {
    sources: Sources,
    unreadable: Vec<(String, &'static str)>,
}

impl Revision {
    fn example() -> Self {
        Self {
            sources: sources(&folder("examples/repo-layout")),
            unreadable: Vec::new(),
        }
    }

    fn edit(&mut self, path: &str, from: &str, to: &str) {
        let text = self.sources[path].replace(from, to);
        assert_ne!(*text, *self.sources[path], "{path} has {from}");
        self.sources.insert(path.to_owned(), text.into());
    }

    fn add_rule(&mut self, path: &str) {
        let rule = format!(
            "apiVersion: keyfleet.dev/v1alpha1\nkind: Rule\nmetadata: {{name: a}}\nspec: {{namespaces: ['*'], paths: ['{path}']}}\n"
        );
        self.sources.insert("rules/a.yaml".to_owned(), rule.into());
    }

    fn compile(&self, compiler: &mut Compiler) -> Wanted {
        let unreadable = self.unreadable.iter();
        let unreadable: Vec<_> = unreadable
            .map(|(path, why)| (path.as_str(), *why))
            .collect();
        // Texts of their own, as after a second reading of the same files.
        let texts = self.sources.iter();
        let texts = texts.map(|(path, text)| (path.clone(), Arc::from(&**text)));
        compiler.compile(repository(texts.collect(), &unreadable))
    }
}

/// Everything that comes out.
fn all_of(wanted: &Wanted) -> String {
    format!(
        "{:#?}\n{:#?}\n{}\n{}",
        wanted.desired,
        wanted.problems,
        diagnostics::render(&wanted.problems, &wanted.sources, false),
        wanted.is_empty,
    )
}

#[test]
fn one_change_after_another_gives_what_each_gives_alone() {
    type Change = fn(&mut Revision);
    let changes: [(&str, Change); 17] = [
        ("a file of a cluster", |it| {
            it.edit("clusters/prod-eu/checkout.yaml", "username", "user");
        }),
        ("the labels of a cluster", |it| {
            it.edit("clusters/staging/cluster.yaml", "region: eu", "region: us");
        }),
        ("a variable of a group", |it| {
            it.edit("groups/all/group.yaml", "noreply", "sender");
        }),
        ("an unknown variable", |it| {
            it.edit("groups/all/mail.yaml", "cluster.name", "cluster.labels.env");
            it.edit("clusters/staging/cluster.yaml", "env:", "environment:");
        }),
        ("a problem on every cluster", |it| {
            it.edit("groups/all/mail.yaml", "kv/data/shared", "kv/shared");
        }),
        ("a default of the fleet", |it| {
            it.edit("fleet.yaml", "ttl: 24h", "ttl: 2h");
        }),
        ("an error in the fleet", |it| {
            it.edit("fleet.yaml", "kvMounts", "kvMount");
        }),
        ("a policy that goes", |it| {
            it.sources.remove("policies/platform-read.hcl");
        }),
        ("a certificate that goes", |it| {
            it.sources.remove("clusters/prod-eu/ca.crt");
        }),
        ("a cluster that goes", |it| {
            it.sources.retain(|path, _| !path.contains("/staging/"));
        }),
        ("a second cluster at the same mount", |it| {
            it.edit(
                "clusters/staging/cluster.yaml",
                "spec:",
                "spec:\n  mount: prod-eu",
            );
        }),
        ("a path that cannot be read", |it| {
            let path = "clusters/staging/more".to_owned();
            it.unreadable.push((path, "is a symbolic link; remove it"));
        }),
        ("a folder that cannot be read", |it| {
            it.sources.retain(|path, _| !path.starts_with("groups/"));
            let path = "groups".to_owned();
            it.unreadable.push((path, "is a submodule; remove it"));
        }),
        ("a rule", |it| it.add_rule("kv/data/shared/*")),
        ("another rule", |it| it.add_rule("kv/data/prod-eu/*")),
        ("a rule that cannot be read", |it| {
            it.add_rule("kv/*/shared");
        }),
        ("nothing at all", |it| it.sources.clear()),
    ];
    let example = Revision::example();
    let unchanged = all_of(&example.compile(&mut Compiler::default()));
    let mut compiler = Compiler::default();
    for (what, change) in changes {
        let mut revision = example.clone();
        change(&mut revision);
        let alone = all_of(&revision.compile(&mut Compiler::default()));
        assert_ne!(alone, unchanged, "{what}");
        assert_eq!(all_of(&revision.compile(&mut compiler)), alone, "{what}");
        let back = all_of(&example.compile(&mut compiler));
        assert_eq!(back, unchanged, "back from {what}");
    }
}

#[test]
fn a_cluster_that_did_not_change_is_asked_again_when_a_rule_does() {
    let mut compiler = Compiler::default();
    for path in ["kv/data/shared/*", "*", "kv/data/prod-eu/*", "kv/*/a"] {
        let mut revision = Revision::example();
        revision.add_rule(path);
        let alone = all_of(&revision.compile(&mut Compiler::default()));
        assert_eq!(all_of(&revision.compile(&mut compiler)), alone, "{path}");
    }
}

#[test]
fn an_edit_of_one_cluster_leaves_the_others_as_they_are() {
    let mut compiler = Compiler::default();
    let mut revision = Revision::example();
    let before = revision.compile(&mut compiler).desired.cells;
    revision.edit("clusters/prod-eu/checkout.yaml", "username", "user");
    let after = revision.compile(&mut compiler).desired.cells;
    let kept = before.iter().zip(&after);
    let kept: Vec<_> = kept
        .map(|(before, after)| (after.cluster.as_str(), Arc::ptr_eq(before, after)))
        .collect();
    assert_eq!(kept, [("prod-eu", false), ("staging", true)]);
}

/// One change to a repository.
#[derive(Debug, Clone)]
enum Change {
    /// Anything anywhere, which mostly breaks a file.
    Edit(properties::Edit),
    /// A word in the place of another, which mostly does not.
    Word {
        file: Index,
        at: Index,
        word: Index,
    },
    Remove(Index),
    /// The text of one file also at another's place, or beside it.
    Copy {
        from: Index,
        to: Index,
        beside: bool,
    },
    /// Something that cannot be read: a file, or a folder above one.
    Hide {
        file: Index,
        above: usize,
    },
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        2 => properties::edit().prop_map(Change::Edit),
        6 => (index(), index(), index())
            .prop_map(|(file, at, word)| Change::Word { file, at, word }),
        1 => index().prop_map(Change::Remove),
        2 => (index(), index(), any::<bool>())
            .prop_map(|(from, to, beside)| Change::Copy { from, to, beside }),
        1 => (index(), select(&[0, 1, 2])).prop_map(|(file, above)| Change::Hide { file, above }),
    ]
}

impl Change {
    fn make(&self, revision: &mut Revision) {
        let paths: Vec<String> = revision.sources.keys().cloned().collect();
        if paths.is_empty() {
            return;
        }
        match self {
            Self::Edit(edit) => properties::apply(edit, &mut revision.sources),
            Self::Word { file, at, word } => {
                let path = file.get(&paths);
                let text = with_word(&revision.sources, &revision.sources[path], at, word);
                revision.sources.insert(path.clone(), text.into());
            }
            Self::Remove(file) => drop(revision.sources.remove(file.get(&paths))),
            Self::Copy { from, to, beside } => {
                let text = revision.sources[from.get(&paths)].clone();
                let to = to
                    .get(&paths)
                    .replace(".yaml", if *beside { "-2.yaml" } else { ".yaml" });
                revision.sources.insert(to, text);
            }
            Self::Hide { file, above } => {
                let mut hidden = file.get(&paths).as_str();
                for _ in 0..*above {
                    hidden = hidden.rsplit_once('/').map_or(hidden, |(folder, _)| folder);
                }
                let below = format!("{hidden}/");
                let sources = &mut revision.sources;
                sources.retain(|path, _| path != hidden && !path.starts_with(&below));
                let why = "is a symbolic link; remove it";
                revision.unreadable.push((hidden.to_owned(), why));
            }
        }
    }
}

/// A text with one of its words replaced by one of all words.
fn with_word(sources: &Sources, text: &str, at: &Index, word: &Index) -> String {
    let is_outside = |letter: char| !letter.is_alphanumeric();
    let words = |text| str::split(text, is_outside).filter(|word| !word.is_empty());
    let known: Vec<&str> = sources.values().flat_map(|text| words(text)).collect();
    let own: Vec<&str> = words(text).collect();
    if own.is_empty() {
        return text.to_owned();
    }
    let old = at.get(&own);
    let start = old.as_ptr() as usize - text.as_ptr() as usize;
    let (before, after) = (&text[..start], &text[start + old.len()..]);
    format!("{before}{}{after}", word.get(&known))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_compiled_before_makes_no_difference(
        sources in good(),
        steps in prop::collection::vec(prop::collection::vec(change(), 0..4), 1..6),
    ) {
        let first = Revision { sources, unreadable: Vec::new() };
        let mut compiler = Compiler::default();
        first.compile(&mut compiler);
        let mut revision = first.clone();
        for changes in &steps {
            for change in changes {
                change.make(&mut revision);
            }
            let alone = all_of(&revision.compile(&mut Compiler::default()));
            prop_assert_eq!(all_of(&revision.compile(&mut compiler)), alone);
        }
        let alone = all_of(&first.compile(&mut Compiler::default()));
        prop_assert_eq!(all_of(&first.compile(&mut compiler)), alone, "back at the first");
    }
}
