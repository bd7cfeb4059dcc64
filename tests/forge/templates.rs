//! The templates for users: what they ask for, and what their scripts call, run with names that a stranger chose.

use keyfleet::diagnostics::Diagnostics;
use keyfleet::yaml::{self, Content, Node};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const TEMPLATES: [&str; 4] = [
    "ci/github/action.yml",
    "ci/github/workflow.yml",
    "ci/gitlab/keyfleet-review.yml",
    "ci/gitea/keyfleet-review.yaml",
];
const FORMATS: [&str; 6] = ["text", "markdown", "html", "json", "sarif", "junit"];

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn read(path: &str) -> Node {
    let mut problems = Diagnostics::default();
    let mut read = yaml::parse(path, &text(path), &mut problems);
    assert!(
        read.whole && read.documents.len() == 1,
        "{path}: {problems:?}"
    );
    read.documents.remove(0)
}

fn at<'n>(node: &'n Node, path: &[&str]) -> &'n Node {
    path.iter().fold(node, |node, key| {
        node.get(key)
            .unwrap_or_else(|| panic!("no {key} of {path:?}"))
    })
}

fn list(node: &Node) -> &[Node] {
    match &node.content {
        Content::List(items) => items,
        _ => panic!("{node:?} is no list"),
    }
}

/// Every scalar with its key; an item of a list has that of the list.
fn scalars<'n>(key: &'n str, node: &'n Node, found: &mut Vec<(&'n str, &'n str)>) {
    match &node.content {
        Content::Scalar { text, .. } => found.push((key, text)),
        Content::List(items) => items.iter().for_each(|item| scalars(key, item, found)),
        Content::Map(entries) => {
            for entry in entries {
                scalars(&entry.key, &entry.value, found);
            }
        }
    }
}

fn pairs(node: &Node) -> Vec<(&str, &str)> {
    let entries = node.entries().iter();
    entries
        .map(|entry| (entry.key.as_str(), entry.value.scalar().unwrap()))
        .collect()
}

fn step<'n>(steps: &'n Node, name: &str) -> &'n Node {
    let mut steps = list(steps).iter();
    let is_it = |step: &&Node| step.get("name").and_then(Node::scalar) == Some(name);
    steps.find(is_it).unwrap()
}

#[test]
fn each_asks_for_no_more_than_it_needs() {
    let github = read("ci/github/workflow.yml");
    assert_eq!(pairs(at(&github, &["permissions"])), []);
    let job = at(&github, &["jobs", "review", "permissions"]);
    let needed = [
        ("contents", "read"),
        ("pull-requests", "write"),
        ("statuses", "write"),
    ];
    assert_eq!(pairs(job), needed);
    let gitea = read("ci/gitea/keyfleet-review.yaml");
    let job = at(&gitea, &["jobs", "review", "permissions"]);
    assert_eq!(pairs(job), needed[..2]);
    for workflow in [github, gitea] {
        assert_eq!(at(&workflow, &["on"]).scalar(), Some("pull_request"));
        let checkout = &list(at(&workflow, &["jobs", "review", "steps"]))[0];
        let with = [("fetch-depth", "0"), ("persist-credentials", "false")];
        assert_eq!(pairs(at(checkout, &["with"])), with);
    }
    let gitlab = read("ci/gitlab/keyfleet-review.yml");
    let rules = list(at(&gitlab, &["keyfleet-review", "rules"]));
    let on_what = pairs(&rules[0]);
    let merge_requests = r#"$CI_PIPELINE_SOURCE == "merge_request_event""#;
    assert_eq!((rules.len(), on_what), (1, vec![("if", merge_requests)]));
}

/// A workflow with the rights of the target beside files of a stranger is how tokens are lost, and text that is put
/// into a script is run.
#[test]
fn nothing_that_a_stranger_wrote_is_run() {
    for path in TEMPLATES {
        assert!(!text(path).contains("pull_request_target"), "{path}");
        let template = read(path);
        let mut found = Vec::new();
        scalars("", &template, &mut found);
        for (key, value) in found {
            match key {
                "run" | "script" => assert!(!value.contains("${{"), "{path}: {value}"),
                "uses" => {
                    let commit = value.split_once('@').unwrap().1;
                    let is_whole =
                        commit.len() == 40 && commit.bytes().all(|it| it.is_ascii_hexdigit());
                    assert!(is_whole, "{path}: {value} may change");
                }
                _ => {}
            }
        }
    }
}

/// A script of a template with, in the place of keyfleet, something that notes how it was called.
struct Scene {
    folder: tempfile::TempDir,
    shell: &'static [&'static str],
    script: String,
}

impl Scene {
    fn new(shell: &'static [&'static str], script: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keyfleet = folder.path().join("keyfleet");
        let notes = "#!/bin/sh\nprintf '%s\\0' \"$@\" > \"$0.called\"\nexit \"${ENDS_WITH:-0}\"\n";
        fs::write(&keyfleet, notes).unwrap();
        fs::set_permissions(&keyfleet, fs::Permissions::from_mode(0o755)).unwrap();
        Self {
            folder,
            shell,
            script,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// How keyfleet was called, and how the script ended.
    fn run(&self, variables: &[(&str, &str)]) -> (Vec<String>, i32) {
        let called = self.path().join("keyfleet.called");
        let _ = fs::remove_file(&called);
        let (program, arguments) = self.shell.split_first().unwrap();
        let ended = Command::new(program)
            .args(arguments)
            .arg(&self.script)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", self.path().display()))
            .env("RUNNER_TEMP", self.path())
            .env("GITHUB_OUTPUT", self.path().join("output"))
            .env("GITHUB_STEP_SUMMARY", self.path().join("summary"))
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let called = fs::read(&called).unwrap();
        let called = String::from_utf8(called).unwrap();
        let arguments = called
            .trim_end_matches('\0')
            .split('\0')
            .map(ToOwned::to_owned);
        (arguments.collect(), ended.status.code().unwrap())
    }
}

/// With the variables that say what is reviewed, and with one that lets it write.
type Told = (Scene, [&'static str; 2], (&'static str, &'static str));

fn scenes() -> [Told; 3] {
    let action = read("ci/github/action.yml");
    let review = step(at(&action, &["runs", "steps"]), "Review");
    let script = at(review, &["run"]).scalar().unwrap().to_owned();
    let shell = &[
        "bash",
        "--noprofile",
        "--norc",
        "-e",
        "-o",
        "pipefail",
        "-c",
    ];
    let github = Scene::new(shell, script);
    let gitea = read("ci/gitea/keyfleet-review.yaml");
    let review = step(at(&gitea, &["jobs", "review", "steps"]), "Review");
    let script = at(review, &["run"]).scalar().unwrap().to_owned();
    let gitea = Scene::new(&["sh", "-e", "-c"], script);
    let gitlab = read("ci/gitlab/keyfleet-review.yml");
    let lines = list(at(&gitlab, &["keyfleet-review", "script"])).iter();
    let lines: Vec<&str> = lines.map(|line| line.scalar().unwrap()).collect();
    let gitlab = Scene::new(&["sh", "-e", "-c"], lines.join("\n"));
    let diff = ["CI_MERGE_REQUEST_DIFF_BASE_SHA", "CI_COMMIT_SHA"];
    [
        (github, ["BASE", "HEAD"], ("MAY_WRITE", "true")),
        (gitea, ["BASE", "HEAD"], ("MAY_WRITE", "true")),
        (gitlab, diff, ("KEYFLEET_FORGE_TOKEN", "t")),
    ]
}

#[test]
fn each_script_calls_keyfleet_as_it_wants_to_be_called() {
    for (scene, [base, head], may_write) in scenes() {
        let sly = "$(touch owned) `touch owned`; touch owned #";
        let variables = [(base, "b a"), (head, sly), ("FOLDER", "."), may_write];
        let (called, code) = scene.run(&variables);
        assert_eq!(code, 0);
        assert_eq!(called[..6], ["review", ".", "--base", "b a", "--head", sly]);
        assert!(!scene.path().join("owned").exists(), "{called:?}");
        let mut rest = called[6..].iter();
        let mut posts = Vec::new();
        let mut formats = Vec::new();
        while let Some(flag) = rest.next() {
            if flag == "--out" {
                let (format, file) = rest.next().unwrap().split_once('=').unwrap();
                let folder = scene.path().join(file);
                assert!(folder.parent().unwrap().is_dir(), "{file}");
                formats.push(format);
            } else {
                posts.push(flag.as_str());
            }
        }
        assert!(formats.iter().all(|format| FORMATS.contains(format)));
        assert_eq!(formats, ["html", "markdown", "sarif", "junit"]);
        let all: &[&str] = if scene.shell[0] == "bash" {
            &["--comment", "--status"]
        } else {
            &["--comment"]
        };
        assert_eq!(posts, all);
    }
}

#[test]
fn where_the_token_cannot_write_nothing_is_posted() {
    for (scene, [base, head], may_write) in scenes() {
        for not in ["", "false"] {
            if may_write.0 == "KEYFLEET_FORGE_TOKEN" && not == "false" {
                continue;
            }
            let variables = [
                (base, "b"),
                (head, "h"),
                ("FOLDER", "."),
                (may_write.0, not),
            ];
            let (called, _) = scene.run(&variables);
            let posts = |flag: &String| flag == "--comment" || flag == "--status";
            assert!(!called.iter().any(posts), "{called:?}");
            assert!(!called.iter().any(String::is_empty), "{called:?}");
        }
    }
}

#[test]
fn how_keyfleet_ends_is_how_the_job_ends() {
    for (scene, [base, head], may_write) in scenes() {
        for code in ["1", "3"] {
            fs::create_dir_all(scene.path().join("keyfleet-review")).unwrap();
            fs::write(scene.path().join("keyfleet-review/review.md"), "# Review\n").unwrap();
            let ends = ("ENDS_WITH", code);
            let variables = [(base, "b"), (head, "h"), ("FOLDER", "."), may_write, ends];
            assert_eq!(scene.run(&variables).1.to_string(), code);
        }
    }
    // On GitHub, the summary has it also then.
    let [(github, ..), _, _] = scenes();
    fs::create_dir_all(github.path().join("keyfleet-review")).unwrap();
    fs::write(
        github.path().join("keyfleet-review/review.md"),
        "# Review\n",
    )
    .unwrap();
    github.run(&[("ENDS_WITH", "3")]);
    let summary = fs::read_to_string(github.path().join("summary")).unwrap();
    assert_eq!(summary, "# Review\n");
}

/// GitLab tells the pushed commit apart from what it builds only where the two differ.
#[test]
fn on_gitlab_the_head_is_what_was_pushed() {
    let [_, _, (scene, [base, head], _)] = scenes();
    let pushed = "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA";
    let head_of = |variables: &[(&str, &str)]| scene.run(variables).0[5].clone();
    assert_eq!(
        head_of(&[(base, "b"), (head, "merge"), (pushed, "pushed")]),
        "pushed"
    );
    assert_eq!(
        head_of(&[(base, "b"), (head, "pushed"), (pushed, "")]),
        "pushed"
    );
}

/// What is asked of the environment is what the paper says.
#[test]
fn the_paper_names_every_variable() {
    let paper = text("docs/review-in-ci.md");
    let sources = ["job.rs", "job/actions.rs", "job/gitlab.rs"];
    let sources = sources.map(|file| text(&format!("src/forge/{file}")));
    let quoted = sources.iter().flat_map(|source| source.split('"'));
    let is_name = |word: &&str| {
        word.len() > 5
            && word
                .chars()
                .all(|letter| letter.is_ascii_uppercase() || letter == '_')
    };
    let names: Vec<&str> = quoted.filter(is_name).collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        assert!(paper.contains(&format!("`{name}`")), "{name}");
    }
}
