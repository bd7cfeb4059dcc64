//! The shape of the project, held: which stage may know of what, how long a file gets, and that the example works.
//!
//! Reads the sources as text. What the compiler already refuses is not tested here.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a test fail as the test does"
)]

use keyfleet::desire;
use keyfleet::diagnostics::{Diagnostics, Severity, Sources};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The stages that only compute: the same input gives the same output, on any machine, at any time.
const PURE: [&str; 17] = [
    "declare",
    "desire",
    "plan",
    "guard",
    "drift",
    "report",
    "policy",
    "property",
    "yaml",
    "names",
    "insight",
    "review",
    "mark",
    "owners",
    "diagnostics",
    "schedule",
    "spread",
];

/// What would make a stage depend on more than its input: clients, clocks, the environment, the disk, the network, and
/// whatever waits for any of them. The type of an address opens nothing and may be named.
const IMPURE: [&str; 23] = [
    "kube::",
    "k8s_openapi",
    "reqwest",
    "git2",
    "hyper",
    "rustls",
    "tokio",
    "futures",
    "async_trait",
    "std::time::Instant",
    "std::time::SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "std::env",
    "std::fs",
    "std::io",
    "std::process",
    "TcpStream",
    "UdpSocket",
    "ToSocketAddrs",
    "std::thread",
    "tracing_subscriber",
];

const SOFT_CAP: usize = 400;
const HARD_CAP: usize = 600;

/// A source file, by its path below the project.
struct Source {
    path: String,
    /// Without comments.
    code: String,
    text: String,
}

impl Source {
    /// The top-level module that it belongs to: `plan` for `src/plan/role.rs`.
    fn module(&self) -> &str {
        let inner = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        inner.split('/').next().unwrap_or(inner)
    }

    fn lines(&self) -> usize {
        self.text.lines().count()
    }
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn relative(path: &Path) -> String {
    let inner = path.strip_prefix(project()).unwrap();
    inner.to_str().unwrap().replace('\\', "/")
}

fn rust_below(folder: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    files_below(&project().join(folder), &mut paths);
    let mut sources: Vec<Source> = paths
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .map(|path| {
            let text = fs::read_to_string(path).unwrap();
            Source {
                path: relative(path),
                code: without_comments(&text),
                text,
            }
        })
        .collect();
    sources.sort_by(|left, right| left.path.cmp(&right.path));
    assert!(!sources.is_empty(), "{folder} was found");
    sources
}

/// Whole-line comments only: a `//` within a line may be part of an address.
fn without_comments(text: &str) -> String {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}

/// `crate::x` wherever it is named, in a `use` or in full, with the names of `use crate::{…}` as well.
fn modules_named(code: &str) -> Vec<String> {
    let mut named = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        let rest = &code[start + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let group = group.split(';').next().unwrap_or(group);
            named.extend(group.split([',', '{', '}']).map(first_word));
        } else {
            named.push(first_word(rest));
        }
    }
    named
}

fn first_word(text: &str) -> String {
    let word = text
        .trim_start()
        .chars()
        .take_while(|character| character.is_alphanumeric() || *character == '_');
    word.collect()
}

/// Every place where a file of these modules does what `is_wrong` says, as one message.
fn complaints(
    modules: &[&str],
    is_wrong: impl Fn(&Source) -> Vec<String>,
) -> Result<(), Vec<String>> {
    let sources = rust_below("src");
    for module in modules {
        let known = sources.iter().any(|source| source.module() == *module);
        assert!(known, "src/{module}.rs was moved: change this test");
    }
    let of_modules = sources
        .iter()
        .filter(|source| modules.contains(&source.module()));
    let found: Vec<String> = of_modules
        .flat_map(|source| {
            let wrong = is_wrong(source).into_iter();
            wrong.map(|what| format!("{} names {what}", source.path))
        })
        .collect();
    if found.is_empty() { Ok(()) } else { Err(found) }
}

fn naming(source: &Source, forbidden: &[&str]) -> Vec<String> {
    let named = modules_named(&source.code);
    let is_named = |module: &&&str| named.iter().any(|name| name == **module);
    let hits = forbidden.iter().filter(is_named);
    hits.map(|module| format!("crate::{module}")).collect()
}

#[test]
fn the_reader_of_imports_sees_every_way_to_name_a_module() {
    let code = "use crate::{cli, plan::{self, Sheet}};\nfn a() { crate::backends::vault::open(); }";
    let named = modules_named(code);
    for module in ["cli", "plan", "backends"] {
        assert!(named.iter().any(|name| name == module), "{module}");
    }
    assert!(!named.iter().any(|name| name == "vault"));
}

#[test]
fn the_pure_stages_reach_for_no_client_clock_environment_or_disk() {
    let found = complaints(&PURE, |source| {
        let code = source.code.split("#[cfg(test)]").next().unwrap();
        let hits = IMPURE.iter().filter(|name| code.contains(**name));
        hits.map(|name| (*name).to_owned()).collect()
    });
    assert_eq!(found, Ok(()));
}

#[test]
fn what_decides_cannot_write() {
    let deciding = [
        "declare", "desire", "plan", "guard", "drift", "insight", "review", "report",
    ];
    let found = complaints(&deciding, |source| {
        let writers = ["WriteVault", "WriteCluster", "ReadVault", "ReadCluster"];
        let hits = writers.iter().filter(|name| source.code.contains(**name));
        hits.map(|name| (*name).to_owned()).collect()
    });
    assert_eq!(found, Ok(()));
}

#[test]
fn only_the_command_line_chooses_the_real_servers() {
    let others: Vec<&str> = PURE
        .into_iter()
        .chain(["git", "observe", "apply", "pipeline", "secret"])
        .collect();
    assert_eq!(
        complaints(&others, |source| naming(
            source,
            &["backends", "cli", "connect"]
        )),
        Ok(())
    );
}

#[test]
fn the_stages_do_not_reach_back_to_what_drives_them() {
    let stages = [
        "git",
        "declare",
        "desire",
        "observe",
        "plan",
        "guard",
        "apply",
        "policy",
        "yaml",
        "names",
        "insight",
        "review",
        "mark",
        "diagnostics",
        "secret",
        "backends",
    ];
    assert_eq!(
        complaints(&stages, |source| naming(
            source,
            &["pipeline", "report", "cli", "connect"]
        )),
        Ok(())
    );
}

/// They meet over the network only: what holds in the sandbox must hold for the real servers, and the other way round.
#[test]
fn the_sandbox_knows_no_stage_and_no_stage_knows_the_sandbox() {
    let stages = [
        "git",
        "declare",
        "desire",
        "observe",
        "plan",
        "guard",
        "apply",
        "report",
        "pipeline",
        "backends",
        "connect",
        "mark",
        "names",
        "insight",
        "review",
        "yaml",
        "diagnostics",
        "secret",
    ];
    assert_eq!(
        complaints(&["sandbox"], |source| naming(source, &stages)),
        Ok(())
    );
    assert_eq!(
        complaints(&stages, |source| naming(source, &["sandbox"])),
        Ok(())
    );
}

#[test]
fn the_leaves_know_of_no_stage() {
    let leaves = ["names", "secret"];
    let stages = [
        "git",
        "declare",
        "desire",
        "observe",
        "plan",
        "guard",
        "apply",
        "policy",
        "yaml",
        "mark",
        "diagnostics",
    ];
    assert_eq!(
        complaints(&leaves, |source| naming(source, &stages)),
        Ok(())
    );
}

#[test]
fn a_file_that_holds_modules_says_what_they_are_for() {
    let silent: Vec<String> = rust_below("src")
        .into_iter()
        .filter(|source| {
            let folder = project().join(source.path.trim_end_matches(".rs"));
            folder.is_dir() && !source.text.starts_with("//!")
        })
        .map(|source| source.path)
        .collect();
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn no_file_is_too_long_to_read() {
    let mut sources = rust_below("src");
    sources.extend(rust_below("tests"));
    sources.extend(rust_below("benches"));
    sources.sort_by_key(Source::lines);
    for long in sources.iter().filter(|source| source.lines() > SOFT_CAP) {
        println!("{} lines: {}", long.lines(), long.path);
    }
    let too_long: Vec<&str> = sources
        .iter()
        .filter(|source| source.lines() > HARD_CAP)
        .map(|source| source.path.as_str())
        .collect();
    assert_eq!(too_long, Vec::<&str>::new(), "over {HARD_CAP} lines");
}

#[test]
fn no_test_is_left_out() {
    // In two parts, so that this file does not find itself.
    let mark = ["#[ig", "nore"].concat();
    let mut sources = rust_below("src");
    sources.extend(rust_below("tests"));
    let left_out: Vec<&str> = sources
        .iter()
        .filter(|source| source.code.contains(&mark))
        // One that the file itself starts, in a process with an environment of its own, is not left out.
        .filter(|source| !source.code.contains("\"--ignored\""))
        .map(|source| source.path.as_str())
        .collect();
    assert_eq!(left_out, Vec::<&str>::new());
}

#[test]
fn the_example_repository_has_no_error_and_no_warning() {
    let root = project().join("examples/repo-layout");
    let mut paths = Vec::new();
    files_below(&root, &mut paths);
    let sources: Sources = paths
        .iter()
        .map(|path| {
            let inner = path.strip_prefix(&root).unwrap().to_str().unwrap();
            (
                inner.replace('\\', "/"),
                fs::read_to_string(path).unwrap().into(),
            )
        })
        .collect::<BTreeMap<_, _>>();
    let mut problems = Diagnostics::default();
    let declarations = keyfleet::declare::load(&sources, &[], &mut problems);
    let desired = desire::resolve(&declarations, &mut problems);
    assert_eq!(
        (
            problems.count(Severity::Error),
            problems.count(Severity::Warning)
        ),
        (0, 0),
        "{}",
        keyfleet::diagnostics::render(&problems, &sources, false)
    );
    assert!(desired.cells.iter().all(|cell| cell.complete));
    let secrets: usize = desired.cells.iter().map(|cell| cell.secrets.len()).sum();
    assert_eq!((desired.cells.len(), secrets), (2, 6));
}
