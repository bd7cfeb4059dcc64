//! Repositories of the tests, as texts and as folders.

use keyfleet::declare::{self, Unreadable};
use keyfleet::desire::Desired;
use keyfleet::diagnostics::{Severity, Sources};
use keyfleet::pipeline::{self, Repository, Wanted};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of this project.
pub(crate) fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The declarations below a folder, as the git stage would give them.
pub(crate) fn sources(root: &Path) -> Sources {
    let mut sources = Sources::new();
    collect(root, root, &mut sources);
    sources
}

fn collect(root: &Path, below: &Path, sources: &mut Sources) {
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        let name = path
            .strip_prefix(root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        if path.is_dir() {
            collect(root, &path, sources);
        } else if declare::is_wanted(&name) {
            sources.insert(name, fs::read_to_string(path).unwrap().into());
        }
    }
}

/// A repository of these texts, with what could not be read and why.
pub(crate) fn repository(sources: Sources, unreadable: &[(&str, &str)]) -> Repository {
    let unreadable = unreadable.iter().map(|(path, why)| Unreadable {
        path: (*path).to_owned(),
        why: (*why).to_owned(),
    });
    Repository {
        name: "acme".to_owned(),
        revision: "unversioned".to_owned(),
        sources,
        unreadable: unreadable.collect(),
    }
}

/// What it asks for.
pub(crate) fn compile(sources: Sources, unreadable: &[(&str, &str)]) -> Wanted {
    pipeline::compile(repository(sources, unreadable))
}

/// The messages of one severity, each with its place.
pub(crate) fn messages(wanted: &Wanted, severity: Severity) -> Vec<String> {
    let all = wanted.problems.sorted();
    all.iter()
        .filter(|problem| problem.severity == severity)
        .map(|problem| format!("{} {}", problem.place, problem.message))
        .collect()
}

/// The desired state as text, without the places where it was said.
pub(crate) fn canonical(desired: &Desired) -> String {
    let text = format!("{desired:#?}");
    let mut kept = Vec::new();
    let mut skipped_until = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        if let Some(end) = skipped_until {
            if indent == end {
                skipped_until = None;
            }
        } else if line.ends_with("Place {") {
            skipped_until = Some(indent);
        } else {
            kept.push(line);
        }
    }
    kept.join("\n")
}
