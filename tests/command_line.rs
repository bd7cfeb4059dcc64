//! What the command says when it is called wrongly, or from the wrong place. No server runs here.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a test fail as the test does"
)]

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

/// `keyfleet` in this folder, with nothing of this environment.
fn keyfleet(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyfleet"));
    command.args(arguments).current_dir(folder).env_clear();
    command.stdin(Stdio::null());
    command
}

fn example() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/repo-layout"))
}

/// Its exit code, and what it says on stderr.
fn said(command: &mut Command) -> (i32, String) {
    let run = command.output().unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    (run.status.code().unwrap(), said)
}

#[test]
fn output_that_is_lost_is_an_error() {
    for arguments in [
        ["validate", "."].as_slice(),
        &["completions", "zsh"],
        &["--help"],
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let (code, said) = said(keyfleet(example(), arguments).stdout(full));
        assert_eq!(code, 1, "{arguments:?}: {said}");
        let expected = "error: failed to print: No space left on device";
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

#[test]
fn a_reader_that_stops_reading_is_no_error() {
    for arguments in [["validate", "."].as_slice(), &["completions", "bash"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let said = said(keyfleet(example(), arguments).stdout(writer));
        assert_eq!(said, (0, String::new()), "{arguments:?}");
    }
}

#[test]
fn a_folder_without_declarations_is_named() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap().join("empty");
    fs::create_dir(&folder).unwrap();
    for verb in ["validate", "plan", "apply", "status"] {
        let (code, said) = said(&mut keyfleet(&folder, &[verb]));
        assert_eq!(code, 1, "{said}");
        let expected = format!(
            "error: nothing is declared here: there is no clusters/ folder with a cluster in it\n--> {}\n",
            folder.display()
        );
        assert!(said.starts_with(&expected), "{said}");
        assert!(said.contains("`keyfleet sandbox` makes one"), "{said}");
    }
}

/// A repository with these clusters.
fn clusters(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = example().join("clusters/staging");
    let file = fs::read_to_string(from.join("cluster.yaml")).unwrap();
    for name in names {
        let home = folder.path().join("clusters").join(name);
        fs::create_dir_all(&home).unwrap();
        let file = file.replace("staging", name);
        fs::write(home.join("cluster.yaml"), file).unwrap();
        fs::copy(from.join("ca.crt"), home.join("ca.crt")).unwrap();
    }
    folder
}

#[test]
fn a_cluster_that_is_not_there_is_answered_with_those_that_are() {
    let few = clusters(&["staging", "prod-eu"]);
    fs::create_dir(few.path().join("clusters/broken")).unwrap();
    fs::write(
        few.path().join("clusters/broken/cluster.yaml"),
        "kind: Cluster\n",
    )
    .unwrap();
    let names: Vec<String> = (10..22).map(|number| format!("c-{number}")).collect();
    let many = clusters(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for (folder, name, expected) in [
        (
            &few,
            "prod-us",
            "no usable cluster is called `prod-us`; did you mean `prod-eu`?\n  its clusters are: prod-eu, staging\n",
        ),
        (
            &few,
            "broken",
            "the cluster `broken` is left out for its errors: see above\n",
        ),
        (
            &many,
            "nope",
            "no usable cluster is called `nope`\n  its clusters are: c-10, c-11, c-12, c-13, c-14, c-15, c-16, c-17, c-18, c-19 and 2 more\n",
        ),
    ] {
        let (code, said) = said(&mut keyfleet(folder.path(), &["plan", "--cluster", name]));
        assert_eq!(code, 1, "{said}");
        assert!(said.ends_with(&format!("error: {expected}")), "{said}");
    }
}

#[test]
fn a_file_where_the_repository_belongs_is_told_from_it() {
    let folder = clusters(&["staging"]);
    fs::write(folder.path().join("plan.json"), "{}").unwrap();
    for (arguments, expected) in [
        (
            ["apply", "plan.json"].as_slice(),
            "is it a plan? keyfleet apply REPO plan.json",
        ),
        (&["apply", "plan.json", "."], "name the repository's folder"),
        (&["validate", "plan.json"], "name the repository's folder"),
    ] {
        let said = said(&mut keyfleet(folder.path(), arguments));
        let expected = format!("error: plan.json is a file, not a repository: {expected}\n");
        assert_eq!(said, (1, expected));
    }
}

#[test]
fn a_plan_that_cannot_be_kept_is_said_before_any_server_is_asked() {
    let folder = clusters(&["staging"]);
    let mut command = keyfleet(folder.path(), &["plan", "--out", "nope/plan.json"]);
    let run = command.output().unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    assert_eq!((run.status.code(), run.stdout), (Some(1), Vec::new()));
    assert!(
        said.starts_with("error: failed to write nope/plan.json\n"),
        "{said}"
    );
}

#[test]
fn a_plan_that_could_not_be_written_is_printed_all_the_same() {
    let folder = clusters(&["staging"]);
    let mut command = keyfleet(folder.path(), &["plan", "--out", "/dev/full"]);
    let run = command.output().unwrap();
    let (plan, said) = (
        String::from_utf8(run.stdout).unwrap(),
        String::from_utf8(run.stderr).unwrap(),
    );
    assert_eq!(run.status.code(), Some(1));
    assert!(plan.ends_with("Nothing was written.\n"), "{plan}");
    assert!(
        said.contains("error: failed to write /dev/full\n"),
        "{said}"
    );
}

#[test]
fn a_plan_says_which_clusters_it_leaves_out() {
    let folder = clusters(&["staging"]);
    fs::create_dir(folder.path().join("clusters/prod-eu")).unwrap();
    let broken = folder.path().join("clusters/prod-eu/cluster.yaml");
    fs::write(broken, "kind: Cluster\n").unwrap();
    let run = keyfleet(folder.path(), &["plan"]).output().unwrap();
    let plan = String::from_utf8(run.stdout).unwrap();
    assert!(
        plan.ends_with("Nothing was written.\nleft out: prod-eu\n"),
        "{plan}"
    );
}
