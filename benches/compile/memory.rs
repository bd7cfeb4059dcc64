use keyfleet::pipeline::Compiler;
use std::path::Path;
use std::process::Command;

/// The first argument of a process that only compiles.
pub(crate) const CHILD: &str = "--compile-only";

/// Compiles so many times over with one compiler, and prints how many KiB it had resident at most.
pub(crate) fn compile_and_say(repository: &Path, revisions: usize) {
    let mut compiler = Compiler::default();
    let mut wanted = None;
    for _ in 0..revisions {
        // As a service does, the next is made before the last is let go.
        wanted = Some(super::compile(&mut compiler, repository));
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.split_whitespace().next());
    println!("{}", peak.unwrap_or("0"));
    drop(wanted);
}

/// The same in a process of its own, in MiB.
pub(crate) fn of_a_process(repository: &Path, revisions: usize) -> f64 {
    let this = std::env::current_exe().unwrap();
    let child = Command::new(this)
        .arg(CHILD)
        .arg(repository)
        .arg(revisions.to_string())
        .output()
        .unwrap();
    let kibibytes = String::from_utf8(child.stdout).unwrap();
    kibibytes.trim().parse::<f64>().unwrap() / 1024.0
}
