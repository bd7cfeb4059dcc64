//! The README names what there is: every command, flag and variable. What it shows of the output was run.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn keyfleet(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keyfleet"))
        .args(arguments)
        .env_clear()
        .output()
        .expect("keyfleet can be started")
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(path).expect("the file is there")
}

fn help(arguments: &[&str]) -> String {
    let output = keyfleet(arguments);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
    String::from_utf8(output.stdout).expect("help is text")
}

/// The names in the list of commands.
fn commands() -> Vec<String> {
    let help = help(&["--help"]);
    let (_, list) = help.split_once("Commands:\n").expect("a list of commands");
    let names = list.lines().take_while(|line| !line.is_empty());
    names
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(ToOwned::to_owned)
        .collect()
}

#[test]
fn the_readme_names_every_command_and_flag() {
    let readme = read("README.md");
    let commands = commands();
    assert!(commands.len() >= 5, "{commands:?}");
    for command in &commands {
        assert!(
            readme.contains(&format!("| `keyfleet {command}")),
            "{command}"
        );
        let help = help(&[command, "--help"]);
        let words = help.split([' ', '\n', ',', '[', ']', '`', '.', '=']);
        for flag in words.filter(|word| word.starts_with("--") && *word != "--help") {
            let row = readme
                .lines()
                .find(|line| line.starts_with("| ") && line.contains(flag));
            assert!(row.is_some(), "{command} {flag}");
        }
    }
}

#[test]
fn the_readme_names_every_variable() {
    let readme = read("README.md");
    let sources = [
        "src/connect/settings.rs",
        "src/git/access.rs",
        "src/cli/serve.rs",
        "src/cli/ui.rs",
    ]
    .map(read);
    let quoted = sources.iter().flat_map(|text| text.split('"'));
    let mut found = 0;
    for name in quoted
        .filter(|word| word.len() > 5 && word.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    {
        let name = name.trim_end_matches('_');
        assert!(readme.contains(name), "{name}");
        found += 1;
    }
    assert!(found >= 8, "{found} variables");
}

/// The file that uses everything is held to the parser by `tests/settings.rs`.
#[test]
fn the_readme_names_every_field_of_the_settings_file() {
    let readme = read("README.md");
    let (_, section) = readme
        .split_once("### Settings of the service")
        .expect("the section is there");
    let (table, _) = section.split_once("\n## ").expect("another follows");
    let file = read("tests/settings/everything.yaml");
    let of_no_row = [
        "apiVersion",
        "kind",
        "files",
        "fetch_seconds",
        "main",
        "lab",
        "edge",
    ];
    let keys = file
        .split([' ', '\n', '{', ','])
        .filter_map(|word| word.strip_suffix(':'))
        .filter(|key| !of_no_row.contains(key));
    let mut found = 0;
    for key in keys {
        let mut words = table.split(|letter: char| !letter.is_ascii_alphanumeric());
        assert!(words.any(|word| word == key), "{key}");
        found += 1;
    }
    assert!(found > 60, "{found} fields");
}

#[test]
fn links_of_the_papers_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut papers = vec![root.join("README.md"), root.join("CHANGELOG.md")];
    for folder in ["docs", "docs/decisions"] {
        let entries = fs::read_dir(root.join(folder)).expect("the folder is there");
        papers.extend(
            entries
                .map(|entry| entry.expect("readable").path())
                .filter(|path| path.is_file()),
        );
    }
    for paper in papers {
        let text = fs::read_to_string(&paper).expect("a paper is text");
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split([')', '#']).next())
        {
            if !link.is_empty() && !link.contains("://") {
                let target = paper.parent().expect("a folder").join(link);
                assert!(target.exists(), "{} links to {link}", paper.display());
            }
        }
    }
}

/// 2 is what `plan` says of changes: a slip in a script must not look like one.
#[test]
fn a_wrong_flag_is_an_error_and_not_a_change() {
    let output = keyfleet(&["plan", "--no-such-flag"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--no-such-flag"));
    assert!(output.stdout.is_empty());
}
