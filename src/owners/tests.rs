//! What the forges' own documentation says of their files, case by case.

use super::*;
use crate::diagnostics::Severity;

/// The owners of a path, section by section.
fn owners(forge: Forge, text: &str, path: &str) -> Vec<String> {
    let mut problems = Diagnostics::default();
    let owners = Owners::parse(forge, "CODEOWNERS", text, &mut problems);
    let owned = owners.of(path);
    let names = owned.iter().flat_map(|owned| owned.owners);
    names.map(Owner::to_string).collect()
}

/// Each pattern with paths that it matches, and with paths that it does not.
fn check(forge: Forge, cases: &[(&str, &[&str], &[&str])]) {
    for (pattern, matched, others) in cases {
        let text = format!("{pattern} @owner\n");
        for path in *matched {
            assert_eq!(owners(forge, &text, path), ["@owner"], "{pattern} {path}");
        }
        for path in *others {
            assert!(owners(forge, &text, path).is_empty(), "{pattern} {path}");
        }
    }
}

#[test]
fn patterns_of_github_are_those_of_gitignore_but_for_some() {
    check(
        Forge::GitHub,
        &[
            ("*", &["a", "a/b/c.md", ".hidden"], &[]),
            ("*.js", &["a.js", "web/a.js"], &["a.jsx", "a.js.map"]),
            ("/*.js", &["a.js"], &["web/a.js"]),
            (
                "/build/logs/",
                &["build/logs/a", "build/logs/a/b"],
                &["build/logs", "x/build/logs/a"],
            ),
            (
                "docs/*",
                &["docs/start.md"],
                &["docs/app/help.md", "x/docs/start.md"],
            ),
            ("apps/", &["apps/a", "x/apps/a/b"], &["apps", "myapps/a"]),
            ("/docs/", &["docs/a", "docs/a/b"], &["x/docs/a"]),
            (
                "**/logs",
                &["logs/a", "build/logs/a", "deeply/nested/logs"],
                &["logs.txt"],
            ),
            (
                "/apps/github",
                &["apps/github", "apps/github/a"],
                &["apps/githubber"],
            ),
            ("apps/github", &["apps/github/a"], &["x/apps/github/a"]),
            ("docs", &["docs", "x/docs/y"], &["docs2/y"]),
            ("/a/**/b", &["a/b", "a/x/y/b", "a/x/b/c"], &["x/a/b"]),
            ("/a/**", &["a/b", "a/b/c"], &["a"]),
            ("*.md", &["a.md"], &["a.MD"]),
            ("/a?c", &["abc"], &["a/c", "abbc"]),
            ("/with\\ space/", &["with space/a"], &["with/a"]),
            ("/{a,b}", &["{a,b}"], &["a", "b"]),
            ("/", &["a", "a/b"], &[]),
        ],
    );
}

#[test]
fn the_last_line_of_github_that_matches_decides() {
    let text = "\u{feff}* @all\r\n/apps/ @apps @more # and why\n/apps/free/\n  # indented\n*.go a@example.com\n";
    assert_eq!(owners(Forge::GitHub, text, "README"), ["@all"]);
    assert_eq!(owners(Forge::GitHub, text, "apps/a"), ["@apps", "@more"]);
    assert!(owners(Forge::GitHub, text, "apps/free/a").is_empty());
    assert_eq!(
        owners(Forge::GitHub, text, "apps/free/a.go"),
        ["a@example.com"]
    );
}

#[test]
fn patterns_of_gitlab_are_those_of_fnmatch() {
    check(
        Forge::GitLab,
        &[
            ("*", &["a", "a/b", ".hidden"], &[]),
            ("*.rb", &["a.rb", "x/a.rb", "x/.rb"], &["a.rbx"]),
            ("docs", &["docs", "x/docs"], &["docs/a"]),
            ("ee/docs", &["ee/docs", "x/ee/docs"], &["ee/docs/a"]),
            ("/docs/", &["docs/a", "docs/a/b"], &["x/docs/a", "docs"]),
            ("lib/", &["lib/a", "x/lib/a/b"], &["lib"]),
            ("/docs/*", &["docs/a"], &["docs/a/b"]),
            ("/docs/**", &["docs/a"], &["docs/a/b"]),
            ("/docs/**/*.md", &["docs/a.md", "docs/a/b.md"], &["a.md"]),
            (
                "/db/**/index.md",
                &["db/index.md", "db/a/b/index.md"],
                &["index.md"],
            ),
            ("/[ab].md", &["a.md", "b.md"], &["c.md"]),
            ("\\#file", &["#file", "x/#file"], &["file"]),
            ("path\\ with\\ spaces/", &["path with spaces/a"], &["path"]),
            ("/", &["a", "a/b"], &[]),
        ],
    );
}

#[test]
fn sections_of_gitlab_are_asked_one_by_one() {
    let text = "* @all\n\n[Docs][2] @docs\ndocs/\nREADME.md @writer\n\n^[Database] @db\nmodel/db/\n!model/db/free.rb\n[docs]\n*.txt @text\n*.none\n";
    let mut problems = Diagnostics::default();
    let parsed = Owners::parse(Forge::GitLab, "CODEOWNERS", text, &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    let of = |path| owners(Forge::GitLab, text, path);
    assert_eq!(of("main.c"), ["@all"]);
    assert_eq!(of("docs/a.md"), ["@all", "@docs"]);
    assert_eq!(of("docs/a.txt"), ["@all", "@text"]);
    assert_eq!(of("docs/a.none"), ["@all"]);
    assert_eq!(of("README.md"), ["@all", "@writer"]);
    assert_eq!(of("model/db/a.rb"), ["@all", "@db"]);
    assert_eq!(of("model/db/free.rb"), ["@all"]);
    let section = |path: &str| {
        parsed
            .of(path)
            .last()
            .and_then(|owned| owned.section)
            .cloned()
    };
    let docs = section("docs/a.md").unwrap();
    assert_eq!(
        (docs.name.as_str(), docs.optional, docs.approvals),
        ("Docs", false, 2)
    );
    assert!(section("model/db/a.rb").unwrap().optional);
    assert_eq!(section("main.c"), None);
}

#[test]
fn what_gitlab_excludes_stays_excluded() {
    let text = "!a.md\n*.md @docs\n";
    assert!(owners(Forge::GitLab, text, "a.md").is_empty());
    assert_eq!(owners(Forge::GitLab, text, "b.md"), ["@docs"]);
}

#[test]
fn gitlab_finds_owners_in_comments_and_passes_over_other_words() {
    let text = "a @@maintainer and # @group/sub\n# b @nobody\n";
    assert_eq!(
        owners(Forge::GitLab, text, "a"),
        ["@@maintainer", "@group/sub"]
    );
    assert!(owners(Forge::GitLab, text, "b").is_empty());
}

#[test]
fn every_expression_of_gitea_that_matches_counts() {
    let text = ".*\\\\.go @go @more # why\ndocs/.* @org/docs\n!docs/.* @rest\nwith\\#hash @hash\npath\\ a @space\n";
    let of = |path| owners(Forge::Gitea, text, path);
    assert_eq!(of("docs/a.go"), ["@go", "@more", "@org/docs"]);
    assert_eq!(of("a.go"), ["@go", "@more", "@rest"]);
    assert_eq!(of("axgo"), ["@rest"]);
    assert_eq!(of("with#hash"), ["@rest", "@hash"]);
    assert_eq!(of("path a"), ["@rest", "@space"]);
    assert_eq!(of("x/path a"), ["@rest"]);
}

#[test]
fn a_line_that_the_forge_does_not_use_is_warned_of_and_not_used() {
    for (forge, line) in [
        (Forge::GitHub, "!a @b"),
        (Forge::GitHub, "[ab] @b"),
        (Forge::GitHub, "\\#a @b"),
        (Forge::GitHub, "a b"),
        (Forge::GitHub, "a @b<script>"),
        (Forge::GitLab, "[] @b"),
        (Forge::GitLab, "[a][x] @b"),
        (Forge::GitLab, "/[a @b"),
        (Forge::Gitea, "( @b"),
        (Forge::Gitea, "(a{1000}){1000} @b"),
    ] {
        let mut problems = Diagnostics::default();
        let owners = Owners::parse(forge, "CODEOWNERS", line, &mut problems);
        assert_eq!(problems.count(Severity::Warning), 1, "{line}: {problems:?}");
        assert!(owners.of("a").is_empty(), "{line}");
    }
}

#[test]
fn what_is_too_long_is_said_and_not_used() {
    let lines = |count: usize, line: &str| format!("{line}\n").repeat(count);
    let long = format!("{} @b", "a".repeat(3000));
    for (text, warnings) in [
        (lines(5_001, "* @a"), 1),
        (long, 1),
        (lines(100, "!a @b"), 21),
        (lines(5_000, &format!("{}/x @b", "*a?".repeat(600))), 1),
    ] {
        let mut problems = Diagnostics::default();
        let owners = Owners::parse(Forge::GitHub, "CODEOWNERS", &text, &mut problems);
        assert_eq!(problems.count(Severity::Warning), warnings, "{text:.40}");
        assert!(owners.of("a").is_empty());
    }
}

#[test]
fn each_forge_has_its_own_order_of_places() {
    let texts =
        |paths: &'static [&'static str]| move |path: &str| paths.contains(&path).then_some("a @b");
    let found = |forge, paths| {
        let owners = Owners::find(forge, texts(paths), &mut Diagnostics::default())?;
        Some((owners.forge, owners.of("a")[0].place.file.to_string()))
    };
    let all = &PATHS;
    for (forge, path) in [
        (Forge::GitHub, ".github/CODEOWNERS"),
        (Forge::GitLab, "CODEOWNERS"),
        (Forge::Gitea, "CODEOWNERS"),
    ] {
        assert_eq!(found(Some(forge), all), Some((forge, path.to_owned())));
        assert!(forge.paths().iter().all(|path| is_wanted(path)));
    }
    assert_eq!(found(Some(Forge::GitHub), &[".gitlab/CODEOWNERS"]), None);
    for (path, forge) in [
        (".gitlab/CODEOWNERS", Forge::GitLab),
        (".forgejo/CODEOWNERS", Forge::Gitea),
        ("docs/CODEOWNERS", Forge::GitHub),
    ] {
        let paths: &'static [&'static str] = vec![path].leak();
        assert_eq!(found(None, paths), Some((forge, path.to_owned())));
    }
    let sections = |path: &str| (path == "CODEOWNERS").then_some("[A] @a\nx\n");
    let owners = Owners::find(None, sections, &mut Diagnostics::default()).unwrap();
    assert_eq!(owners.forge, Forge::GitLab);
}
