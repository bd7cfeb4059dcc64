#![allow(clippy::print_stdout, clippy::unwrap_used)]

#[path = "support/fleet.rs"]
mod fleet;

use fleet::Fleet;
use keyfleet::git::{Access, Limits, Source};
use keyfleet::pipeline;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

fn git(repo: &Path) -> Command {
    let mut c = Command::new("git");
    c.arg("-C").arg(repo);
    c
}

fn write_commit(repo: &Path, first: bool, files: &mut dyn FnMut(&mut dyn FnMut(String, String))) {
    let mut child = git(repo).args(["fast-import", "--quiet", "--force"]).stdin(Stdio::piped()).spawn().unwrap();
    {
        let mut out = BufWriter::new(child.stdin.take().unwrap());
        write!(out, "commit refs/heads/main\ncommitter a <a@b> 1700000000 +0000\ndata 1\nx\n").unwrap();
        if !first { write!(out, "from refs/heads/main^0\n").unwrap(); }
        files(&mut |path, text| {
            write!(out, "M 100644 inline {path}\ndata {}\n{text}\n", text.len()).unwrap();
        });
    }
    assert!(child.wait().unwrap().success());
}

fn rss() -> String {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    s.lines().filter(|l| l.starts_with("VmRSS") || l.starts_with("VmHWM")).collect::<Vec<_>>().join(" ")
}

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for fleet in [Fleet::WIDE, Fleet::MANY] {
        let repo = dir.path().join(format!("{}", fleet.clusters));
        Command::new("git").args(["init", "-q", "--bare", "-b", "main"]).arg(&repo).status().unwrap();
        write_commit(&repo, true, &mut |take| fleet.for_each_file(|a, b| take(a, b)));
        println!("{} mappings {}", fleet.mappings(), rss());
        for _ in 0..2 {
            let start = Instant::now();
            let r = runtime.block_on(pipeline::read(Source::File(repo.clone()), None, Limits::default(), Access::default())).unwrap();
            let read = start.elapsed();
            let rs = rss();
            let start = Instant::now();
            let w = pipeline::compile(r);
            println!("read {read:?} {rs} compile {:?} {} problems {}", start.elapsed(), rss(), w.problems.count(keyfleet::diagnostics::Severity::Error));
            assert_eq!(w.desired.cells.iter().flat_map(|c| &c.secrets).map(|s| s.assignments.len()).sum::<usize>(), fleet.mappings());
        }
    }
}
