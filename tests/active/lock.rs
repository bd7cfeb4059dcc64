//! Without Kubernetes: processes on one data directory.

use super::process::{Process, Signal};
use keyfleet::serve::active::LockSeat;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The terms of all writes, in order.
fn terms(folder: &Path) -> Vec<u64> {
    let text = fs::read_to_string(folder.join("writes")).unwrap();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

#[tokio::test]
async fn a_second_process_waits_says_for_whom_and_takes_over_on_kill_9() {
    let folder = TempDir::new().unwrap();
    let mut first = Process::on_lock(folder.path(), "one");
    assert_eq!(first.until("active").await, "active, term 1");
    let mut second = Process::on_lock(folder.path(), "two");
    let said = second.until("standing by").await;
    let expected = format!("standing by, process {} on ", first.id());
    assert!(said.starts_with(&expected), "{said}");

    let begin = Instant::now();
    first.kill();
    assert_eq!(second.until("active").await, "active, term 2");
    let took = begin.elapsed();
    println!("kill -9 to the next holder of the lock: {took:?}");
    assert!(took < Duration::from_secs(3), "{took:?}");

    let mut third = Process::on_lock(folder.path(), "three");
    third.until("standing by").await;
    second.signal(Signal::Term);
    second.ended().await;
    assert_eq!(third.until("active").await, "active, term 3");
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(third);
    let terms = terms(folder.path());
    assert!(terms.is_sorted() && terms.ends_with(&[3]), "{terms:?}");
}

/// Nobody can take over from it, so it may go on.
#[tokio::test]
async fn a_stopped_process_keeps_the_lock() {
    let folder = TempDir::new().unwrap();
    let mut first = Process::on_lock(folder.path(), "one");
    first.until("active").await;
    let mut second = Process::on_lock(folder.path(), "two");
    second.until("standing by").await;
    first.signal(Signal::Stop);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = terms(folder.path()).len();
    first.signal(Signal::Continue);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let terms = terms(folder.path());
    assert!(terms.len() > before && terms.iter().all(|term| *term == 1));
}

#[tokio::test]
async fn what_is_noted_beside_the_lock_is_for_people_only() {
    let folder = TempDir::new().unwrap();
    let note = folder.path().join("active.json");
    let mut first = Process::on_lock(folder.path(), "one");
    first.until("active").await;
    fs::write(&note, "not JSON").unwrap();
    let mut second = Process::on_lock(folder.path(), "two");
    assert_eq!(second.until("standing by").await, "standing by");
    fs::remove_file(&note).unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    first.kill();
    assert_eq!(second.until("active").await, "active, term 1");
}

#[test]
fn a_data_directory_that_is_not_there_is_said_at_once() {
    let folder = TempDir::new().unwrap();
    let open = |path: &Path| LockSeat::new(path).err().unwrap().to_string();
    let missing = folder.path().join("data");
    assert_eq!(
        open(&missing),
        format!(
            "failed to open the data directory {}: there is no such file",
            missing.display()
        )
    );
    fs::write(&missing, "").unwrap();
    assert!(open(&missing).ends_with("a file stands where its path needs a directory"));
}
