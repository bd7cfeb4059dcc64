//! Trees as an attacker would push them: built byte by byte, since git's own tools refuse some of the names.

use std::path::PathBuf;

use git2::{ObjectType, Oid, Repository, Signature};
use keyfleet::git::{Checkout, Error, Limits, Problem, Source};
use tempfile::TempDir;

use super::{paths, problems, read_with};

struct Crafted {
    dir: TempDir,
    repository: Repository,
}

impl Crafted {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let repository = Repository::init_bare(dir.path()).unwrap();
        Self { dir, repository }
    }

    fn blob(&self, content: &[u8]) -> Oid {
        self.repository.blob(content).unwrap()
    }

    fn tree(&self, entries: &[(&str, &[u8], Oid)]) -> Oid {
        let mut bytes = Vec::new();
        for (mode, name, id) in entries {
            bytes.extend_from_slice(mode.as_bytes());
            bytes.push(b' ');
            bytes.extend_from_slice(name);
            bytes.push(0);
            bytes.extend_from_slice(id.as_bytes());
        }
        self.repository
            .odb()
            .unwrap()
            .write(ObjectType::Tree, &bytes)
            .unwrap()
    }

    fn read(&self, root: Oid, limits: &Limits) -> Result<Checkout, Error> {
        let tree = self.repository.find_tree(root).unwrap();
        let author = Signature::now("a", "a@example").unwrap();
        self.repository
            .commit(Some("HEAD"), &author, &author, "crafted", &tree, &[])
            .unwrap();
        let source = Source::File(PathBuf::from(self.dir.path()));
        read_with(&source, None, limits, &|_| true)
    }
}

#[test]
fn crafted_trees_end_as_problems_at_their_paths() {
    let crafted = Crafted::new();
    let text = crafted.blob(b"x: 1\n");
    let inner = crafted.tree(&[("100644", b"a.yaml", text)]);
    let big = crafted.blob(&vec![b'a'; (1 << 20) + 1]);
    let pointer =
        crafted.blob(b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n");
    let elsewhere = Oid::from_str(&"1".repeat(40)).unwrap();
    let root = crafted.tree(&[
        ("40000", b"..", inner),
        ("40000", b".GIT", inner),
        ("100644", b"/etc/a.yaml", text),
        ("40000", b"A", inner),
        ("40000", b"a", inner),
        ("100644", b"b\\c.yaml", text),
        ("100644", b"big.yaml", big),
        ("100644", b"esc\x1b[2J.yaml", text),
        ("100644", b"latin\xe9.yaml", text),
        ("100644", b"lfs.yaml", pointer),
        ("120000", b"link", text),
        ("100755", b"ok.yaml", text),
        ("160000", b"sub", elsewhere),
    ]);
    let checkout = crafted.read(root, &Limits::default()).unwrap();
    assert_eq!(paths(&checkout), ["ok.yaml"]);
    let mut found = problems(&checkout);
    found.sort();
    let mut expected = [
        ("..", Problem::Name),
        (".GIT", Problem::Name),
        ("/etc/a.yaml", Problem::Name),
        (
            "A",
            Problem::CaseCollision {
                other: "a".to_owned(),
            },
        ),
        (
            "a",
            Problem::CaseCollision {
                other: "A".to_owned(),
            },
        ),
        ("b\\c.yaml", Problem::Name),
        (
            "big.yaml",
            Problem::TooBig {
                bytes: (1 << 20) + 1,
                limit: 1 << 20,
            },
        ),
        ("esc\\u{1b}[2J.yaml", Problem::Name),
        ("latin\u{fffd}.yaml", Problem::Name),
        ("lfs.yaml", Problem::LfsPointer),
        ("link", Problem::Symlink),
        ("sub", Problem::Submodule),
    ];
    expected.sort();
    assert_eq!(
        found,
        expected
            .iter()
            .map(|(path, what)| (*path, what))
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_tree_that_explodes_ends_at_the_limit() {
    let crafted = Crafted::new();
    let mut tree = crafted.tree(&[]);
    let names: Vec<String> = (0..10).map(|n| format!("d{n}")).collect();
    for _ in 0..20 {
        let entries: Vec<_> = names
            .iter()
            .map(|name| ("40000", name.as_bytes(), tree))
            .collect();
        tree = crafted.tree(&entries);
    }
    let started = std::time::Instant::now();
    let said = crafted
        .read(
            tree,
            &Limits {
                files: 1000,
                ..Limits::default()
            },
        )
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("ten times") && said.contains("`files` = 1000"),
        "{said}"
    );
    assert!(started.elapsed().as_secs() < 10);
}

#[test]
fn a_missing_object_is_an_error_and_not_a_missing_file() {
    let crafted = Crafted::new();
    let gone = Oid::from_str(&"1".repeat(40)).unwrap();
    let root = crafted.tree(&[("100644", b"a.yaml", gone)]);
    let said = crafted.read(root, &Limits::default()).unwrap_err();
    assert!(
        matches!(&said, Error::Object { path, .. } if path == "a.yaml"),
        "{said}"
    );
}
