//! Directories and repositories on this machine, made by the `git` command or, where a working tree could not hold them,
//! written into the object database directly.

#![allow(clippy::unwrap_used)] // Clippy does not see that the helpers of a test are tests.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use keyfleet::git::{Access, Checkout, Error, Limits, Problem, Source, checkout};
use tempfile::TempDir;

#[path = "git_local/again.rs"]
mod again;
#[path = "git_remote/command.rs"]
mod command;
#[path = "git_local/crafted.rs"]
mod crafted;
use command::{commit_all, git, new_repository};

fn write(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn read_with(
    source: &Source,
    reference: Option<&str>,
    limits: &Limits,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Checkout, Error> {
    checkout(source, reference, limits, wanted, &Access::default())
}

fn try_read(root: &Path, reference: Option<&str>) -> Result<Checkout, Error> {
    let source = Source::Directory(root.to_owned());
    read_with(&source, reference, &Limits::default(), &|_| true)
}

fn read(root: &Path) -> Checkout {
    try_read(root, None).unwrap()
}

fn paths(checkout: &Checkout) -> Vec<&str> {
    checkout.files.keys().map(String::as_str).collect()
}

fn problems(checkout: &Checkout) -> Vec<(&str, &Problem)> {
    checkout
        .problems
        .iter()
        .map(|problem| (problem.path.as_str(), &problem.what))
        .collect()
}

/// A repository with one commit of two files.
fn repository() -> TempDir {
    let dir = new_repository();
    write(dir.path(), "fleet.yaml", "kind: Fleet\n");
    write(dir.path(), "clusters/prod/cluster.yaml", "kind: Cluster\n");
    commit_all(dir.path());
    dir
}

#[test]
fn a_plain_directory_is_read_and_called_unversioned() {
    let dir = TempDir::new().unwrap();
    write(dir.path(), "a/b.yaml", "\u{feff}x: 1\r\ny: 2\r\n");
    let checkout = read(dir.path());
    assert_eq!(checkout.revision.to_string(), "unversioned");
    assert_eq!(&*checkout.files["a/b.yaml"], "x: 1\ny: 2\n");
    assert_eq!(
        checkout.name,
        dir.path().file_name().unwrap().to_str().unwrap()
    );
}

#[test]
fn a_clean_working_tree_is_its_commit() {
    let dir = repository();
    let checkout = read(dir.path());
    let head = git(dir.path(), &["rev-parse", "HEAD"]);
    assert_eq!(checkout.revision.commit.as_deref(), Some(head.as_str()));
    assert_eq!(checkout.revision.to_string(), head[..7]);
    assert_eq!(
        paths(&checkout),
        ["clusters/prod/cluster.yaml", "fleet.yaml"]
    );
    assert_eq!(
        checkout,
        try_read(dir.path(), Some("HEAD"))
            .map(|mut c| {
                c.name.clone_from(&checkout.name);
                c
            })
            .unwrap()
    );
}

#[test]
fn any_difference_to_the_commit_makes_it_edited() {
    let edits: [fn(&Path); 4] = [
        |root| write(root, "fleet.yaml", "kind: Fleets\n"),
        |root| write(root, "clusters/new/cluster.yaml", "new"),
        |root| fs::remove_file(root.join("fleet.yaml")).unwrap(),
        |root| symlink("elsewhere", root.join("clusters/link")).unwrap(),
    ];
    for edit in edits {
        let dir = repository();
        edit(dir.path());
        assert!(read(dir.path()).revision.edited);
    }
}

#[test]
fn an_edit_outside_the_wanted_paths_does_not_count() {
    let dir = repository();
    write(dir.path(), "README.md", "new");
    let source = Source::Directory(dir.path().to_owned());
    let yaml = |path: &str| path.rsplit('.').next() == Some("yaml");
    let checkout = read_with(&source, None, &Limits::default(), &yaml).unwrap();
    assert!(!checkout.revision.edited);
    assert_eq!(
        paths(&checkout),
        ["clusters/prod/cluster.yaml", "fleet.yaml"]
    );
}

#[test]
fn a_subdirectory_of_a_repository_has_paths_of_its_own() {
    let dir = repository();
    let clusters = dir.path().join("clusters");
    for reference in [None, Some("HEAD")] {
        let checkout = try_read(&clusters, reference).unwrap();
        assert_eq!(paths(&checkout), ["prod/cluster.yaml"]);
        assert!(!checkout.revision.edited && checkout.revision.commit.is_some());
    }
    write(dir.path(), "fleet.yaml", "edited outside");
    assert!(!read(&clusters).revision.edited);
    write(dir.path(), "new/a.yaml", "");
    let missing = try_read(&dir.path().join("new"), Some("HEAD")).unwrap_err();
    assert!(matches!(missing, Error::NoDirectory { .. }), "{missing}");
}

#[test]
fn what_git_ignores_is_left_out_unless_it_is_tracked() {
    let dir = repository();
    write(dir.path(), ".gitignore", "build/\n*.tmp\n");
    write(dir.path(), "clusters/.gitignore", "local.yaml\n");
    write(dir.path(), "build/kept.yaml", "tracked although ignored");
    git(dir.path(), &["add", "-f", "build/kept.yaml"]);
    commit_all(dir.path());
    for ignored in [
        "build/out.yaml",
        "a.tmp",
        "clusters/local.yaml",
        "deep/build/x",
    ] {
        write(dir.path(), ignored, "ignored");
    }
    write(dir.path(), "untracked.yaml", "counts");
    let checkout = read(dir.path());
    let expected = [
        ".gitignore",
        "build/kept.yaml",
        "clusters/.gitignore",
        "clusters/prod/cluster.yaml",
        "fleet.yaml",
        "untracked.yaml",
    ];
    assert_eq!(paths(&checkout), expected);
    assert!(checkout.revision.edited);
}

#[test]
fn a_directory_that_its_repository_ignores_is_a_plain_directory() {
    let dir = repository();
    write(dir.path(), ".gitignore", "*\n");
    write(dir.path(), "mine/fleet.yaml", "x");
    let checkout = read(&dir.path().join("mine"));
    assert_eq!(paths(&checkout), ["fleet.yaml"]);
    assert_eq!(checkout.revision.to_string(), "unversioned");
}

#[test]
fn a_repository_without_commits_is_read_as_it_stands() {
    let dir = new_repository();
    write(dir.path(), "a.yaml", "x");
    assert_eq!(paths(&read(dir.path())), ["a.yaml"]);
    let url = Source::parse(&format!("file://{}", dir.path().display())).unwrap();
    let said = read_with(&url, None, &Limits::default(), &|_| true).unwrap_err();
    assert!(matches!(said, Error::NoCommits { .. }), "{said}");
}

#[test]
fn a_reference_is_read_from_the_object_database_and_not_from_disk() {
    let dir = repository();
    git(dir.path(), &["tag", "-a", "-m", "first", "v1"]);
    write(dir.path(), "fleet.yaml", "second\n");
    commit_all(dir.path());
    write(dir.path(), "fleet.yaml", "on disk\n");
    let first = git(dir.path(), &["rev-parse", "v1^{commit}"]);
    let fleet =
        |reference| try_read(dir.path(), Some(reference)).unwrap().files["fleet.yaml"].clone();
    for reference in ["v1", &first, &first[..8], "main~1"] {
        assert_eq!(&*fleet(reference), "kind: Fleet\n", "{reference}");
    }
    assert_eq!(&*fleet("main"), "second\n");
    assert_eq!(&*read(dir.path()).files["fleet.yaml"], "on disk\n");
}

#[test]
fn a_reference_that_is_not_there_gets_a_suggestion() {
    let dir = repository();
    let said = try_read(dir.path(), Some("mian")).unwrap_err().to_string();
    assert!(
        said.contains("'mian'") && said.contains("did you mean 'main'?"),
        "{said}"
    );
    let plain = TempDir::new().unwrap();
    let said = try_read(plain.path(), Some("main"))
        .unwrap_err()
        .to_string();
    assert!(said.contains("leave out --ref"), "{said}");
}

#[test]
fn a_file_url_and_a_bare_repository_are_read_from_the_object_database() {
    let dir = repository();
    write(dir.path(), "fleet.yaml", "not committed");
    let bare = TempDir::new().unwrap();
    let acme = bare.path().join("acme.git");
    git(
        bare.path(),
        &[
            "clone",
            "-q",
            "--bare",
            dir.path().to_str().unwrap(),
            "acme.git",
        ],
    );
    for source in [
        format!("file://{}", acme.display()),
        acme.display().to_string(),
        format!("file://{}", dir.path().display()),
    ] {
        let source = Source::parse(&source).unwrap();
        let checkout = read_with(&source, None, &Limits::default(), &|_| true).unwrap();
        assert_eq!(&*checkout.files["fleet.yaml"], "kind: Fleet\n");
        assert!(!checkout.revision.edited);
    }
    assert_eq!(Source::Directory(acme).name(), "acme");
}

#[test]
fn the_directory_of_git_itself_is_never_read() {
    let dir = repository();
    let said = try_read(&dir.path().join(".git"), None).unwrap_err();
    assert!(matches!(said, Error::Directory { .. }), "{said}");
    assert!(
        read(dir.path())
            .files
            .keys()
            .all(|path| !path.starts_with(".git/"))
    );
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let said = try_read(Path::new("/nowhere/at/all"), None)
        .unwrap_err()
        .to_string();
    assert!(said.contains("/nowhere/at/all"), "{said}");
}

#[test]
fn links_special_files_and_unreadable_content_on_disk_are_problems_at_their_paths() {
    let dir = repository();
    let root = dir.path();
    symlink("/etc/passwd", root.join("clusters/passwd.yaml")).unwrap();
    symlink("/etc", root.join("clusters/etc")).unwrap();
    write(
        root,
        "clusters/lfs.yaml",
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n",
    );
    write(root, "clusters/big.yaml", vec![b'a'; (1 << 20) + 1]);
    write(root, "clusters/latin1.yaml", b"ok\ncaf\xe9\n");
    write(root, "clusters/utf16.yaml", b"\xff\xfea\0");
    write(root, "clusters/nul.yaml", b"a\n\0");
    write(root, "clusters/back\\slash.yaml", "x");
    write(root, "clusters/PROD/cluster.yaml", "x");
    std::process::Command::new("mkfifo")
        .arg(root.join("clusters/pipe"))
        .status()
        .unwrap();
    let checkout = read(root);
    let found: Vec<_> = problems(&checkout);
    let expected = [
        (
            "clusters/PROD",
            Problem::CaseCollision {
                other: "clusters/prod".to_owned(),
            },
        ),
        ("clusters/back\\slash.yaml", Problem::Name),
        (
            "clusters/big.yaml",
            Problem::TooBig {
                bytes: (1 << 20) + 1,
                limit: 1 << 20,
            },
        ),
        ("clusters/etc", Problem::Symlink),
        ("clusters/latin1.yaml", Problem::NotUtf8 { line: 2 }),
        ("clusters/lfs.yaml", Problem::LfsPointer),
        ("clusters/nul.yaml", Problem::Nul { line: 2 }),
        ("clusters/passwd.yaml", Problem::Symlink),
        ("clusters/pipe", Problem::Special),
        (
            "clusters/prod",
            Problem::CaseCollision {
                other: "clusters/PROD".to_owned(),
            },
        ),
        ("clusters/utf16.yaml", Problem::Utf16),
    ];
    assert_eq!(
        found,
        expected
            .iter()
            .map(|(path, what)| (*path, what))
            .collect::<Vec<_>>()
    );
    assert_eq!(paths(&checkout), ["fleet.yaml"]);
}

#[test]
fn a_committed_link_or_big_file_does_not_count_as_edited() {
    let dir = repository();
    symlink("fleet.yaml", dir.path().join("link.yaml")).unwrap();
    write(dir.path(), "big.yaml", vec![b'a'; (1 << 20) + 1]);
    commit_all(dir.path());
    let checkout = read(dir.path());
    assert_eq!(checkout.problems.len(), 2);
    assert!(!checkout.revision.edited);
}

#[test]
fn submodules_and_nested_repositories_are_problems_even_where_they_are_empty() {
    let (dir, other) = (repository(), repository());
    let url = other.path().to_str().unwrap();
    git(
        dir.path(),
        &[
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "--quiet",
            "add",
            url,
            "clusters/sub",
        ],
    );
    commit_all(dir.path());
    git(
        dir.path(),
        &["submodule", "--quiet", "deinit", "-f", "clusters/sub"],
    );
    git(dir.path(), &["clone", "-q", url, "clusters/nested"]);
    let checkout = read(dir.path());
    assert_eq!(
        problems(&checkout),
        [
            ("clusters/nested", &Problem::Submodule),
            ("clusters/sub", &Problem::Submodule)
        ]
    );
    let committed = try_read(dir.path(), Some("HEAD")).unwrap();
    assert_eq!(
        problems(&committed),
        [("clusters/sub", &Problem::Submodule)]
    );
}

#[test]
fn files_that_a_sparse_checkout_leaves_out_do_not_look_deleted() {
    let dir = repository();
    write(dir.path(), "groups/all/a.yaml", "x");
    commit_all(dir.path());
    git(dir.path(), &["sparse-checkout", "set", "clusters"]);
    let checkout = read(dir.path());
    assert_eq!(
        problems(&checkout),
        [("groups/all/a.yaml", &Problem::NotCheckedOut)]
    );
}

#[test]
fn content_is_taken_raw_and_no_filter_runs() {
    let dir = repository();
    write(dir.path(), ".gitattributes", "*.yaml filter=evil\n");
    let witness = dir.path().join("witness");
    let command = format!("touch {}", witness.display());
    for key in ["filter.evil.clean", "filter.evil.smudge", "core.fsmonitor"] {
        git(dir.path(), &["config", key, &command]);
    }
    write(dir.path(), "new.yaml", "raw");
    let checkout = read(dir.path());
    assert_eq!(&*checkout.files["new.yaml"], "raw");
    try_read(dir.path(), Some("HEAD")).unwrap();
    assert!(!witness.exists());
}

#[test]
fn limits_of_the_whole_name_themselves_and_the_path() {
    let dir = repository();
    write(dir.path(), "a/b/c/d.yaml", "x");
    commit_all(dir.path());
    let standard = Limits::default();
    for (limits, limit, path) in [
        (
            Limits {
                files: 1,
                ..standard
            },
            "files",
            "",
        ),
        (
            Limits {
                depth: 2,
                ..standard
            },
            "depth",
            "a/b/c",
        ),
        (
            Limits {
                total_bytes: 14,
                ..standard
            },
            "total_bytes",
            "clusters/prod/cluster.yaml",
        ),
    ] {
        for reference in [None, Some("HEAD")] {
            let source = Source::Directory(dir.path().to_owned());
            let said = read_with(&source, reference, &limits, &|_| true)
                .unwrap_err()
                .to_string();
            assert!(
                said.contains(path) && said.contains(&format!("--git-limit {limit}=N")),
                "{said}"
            );
        }
    }
}

#[test]
fn a_repository_of_another_user_says_how_to_trust_it() {
    let dir = repository();
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return; // Only root can give a repository away.
    }
    std::os::unix::fs::chown(dir.path().join(".git"), Some(12345), None).unwrap();
    std::os::unix::fs::chown(dir.path(), Some(12345), None).unwrap();
    let said = try_read(dir.path(), None).unwrap_err().to_string();
    assert!(said.contains("safe.directory"), "{said}");
}

#[test]
fn a_file_without_read_permission_is_a_problem_for_whoever_lacks_it() {
    let dir = repository();
    let file = dir.path().join("fleet.yaml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    let checkout = read(dir.path());
    // Root reads everything; anyone else must be told.
    let readable = fs::read(&file).is_ok();
    assert_eq!(checkout.problems.is_empty(), readable);
    assert_eq!(checkout.files.contains_key("fleet.yaml"), readable);
}
