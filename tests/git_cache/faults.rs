//! The server is down, ends in the middle, hangs or talks nonsense; this process is killed, or the disk is full.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use keyfleet::git::{Access, Cache, Limits, Outcome, Source};

use super::place::{Place, noise, said};
use super::road::Traffic;

/// A cache that follows `second`, and a large third commit on the server.
fn large() -> (Place, String, String) {
    let place = Place::new();
    let second = place.head();
    place.fetch(&mut place.cache());
    place.write("large.bin", noise(3, 1 << 20));
    let third = place.commit("third");
    place.push();
    (place, second, third)
}

fn goes_on(place: &Place, second: String, third: &str) {
    place.road.set(Traffic::Free);
    let mut cache = place.cache();
    place.reads(&mut cache, &second, "second");
    let (from, to) = (second, third.to_owned());
    assert_eq!(place.outcome(&mut cache), Outcome::Forward { from, to });
    place.reads(&mut cache, third, "third");
    let left = fs::read_dir(place.folder.path()).unwrap().count();
    assert_eq!(left, 2, "a state and a repository");
}

#[test]
fn a_server_that_is_down_leaves_the_last_revision() {
    let (place, second, third) = large();
    place.road.set(Traffic::Closed);
    let mut cache = place.cache();
    place.fails(&mut cache, &["failed to fetch", "check the address"]);
    place.reads(&mut cache, &second, "second");
    goes_on(&place, second, &third);
}

#[test]
fn a_server_that_ends_in_the_middle_changes_nothing() {
    let (place, second, third) = large();
    for bytes in [0, 1500, 4500, 100_000, 900_000] {
        place.road.set(Traffic::CutAfter(bytes));
        let mut cache = place.cache();
        place.fails(&mut cache, &["failed to fetch"]);
        place.reads(&mut cache, &second, "second");
    }
    goes_on(&place, second, &third);
}

#[test]
fn a_server_that_hangs_is_left_at_the_deadline() {
    let (mut place, second, third) = large();
    place.limits.fetch_seconds = 1;
    for bytes in [0, 100_000] {
        place.road.set(Traffic::BlockedAfter(bytes));
        let started = Instant::now();
        let mut cache = place.cache();
        place.fails(&mut cache, &["no end after 1 seconds"]);
        assert!(started.elapsed() < Duration::from_secs(10));
        place.reads(&mut cache, &second, "second");
    }
    place.limits = Limits::default();
    goes_on(&place, second, &third);
}

#[test]
fn a_server_that_talks_nonsense_changes_nothing() {
    let (place, second, third) = large();
    // It loses the objects of the new commit, and then the repository.
    let objects = place.bare().join("objects");
    fs::rename(&objects, place.bare().join("elsewhere")).unwrap();
    fs::create_dir(&objects).unwrap();
    let mut cache = place.cache();
    place.fails(&mut cache, &["failed to"]);
    place.reads(&mut cache, &second, "second");
    fs::remove_dir(&objects).unwrap();
    place.fails(&mut cache, &["failed to"]);
    fs::rename(place.bare().join("elsewhere"), objects).unwrap();
    goes_on(&place, second, &third);
}

#[test]
fn a_fetch_beyond_its_limit_of_bytes_changes_nothing() {
    let (mut place, second, third) = large();
    place.limits.fetch_bytes = 100_000;
    place.fails(&mut place.cache(), &["`fetch_bytes` = 100000"]);
    place.limits = Limits::default();
    goes_on(&place, second, &third);
}

const URL: &str = "TEST_URL";
const FOLDER: &str = "TEST_FOLDER";

#[test]
#[ignore = "runs in a child process of the other tests, which kill it or give it little room"]
fn child() {
    let variable = |name: &str| std::env::var(name).ok();
    let Ok(Source::Remote(url)) = Source::parse(&variable(URL).unwrap()) else {
        panic!("a server");
    };
    let folder = variable(FOLDER).unwrap();
    let mut cache = Cache::open(Path::new(&folder), &url, Some("main")).unwrap();
    match cache.fetch(&Limits::default(), &Access::from_lookup(variable)) {
        Ok(fetched) => println!("fetched {fetched:?}"),
        Err(error) => println!("failed: {}", said(&error)),
    }
}

/// Another process that fetches into the folder of this place, after what a shell does first.
fn other_process(place: &Place, first: &str) -> Child {
    let script = format!("{first} exec \"$0\" \"$@\"");
    Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "faults::child", "--ignored", "--nocapture"])
        .env(URL, Source::Remote(place.url()).to_string())
        .env(FOLDER, place.folder.path())
        .env(Access::AUTHORITY, place.server.authority())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Bytes of packs that are being written.
fn incoming(place: &Place) -> u64 {
    let folders = fs::read_dir(place.folder.path()).unwrap().flatten();
    let folders =
        folders.filter(|folder| folder.file_name().to_string_lossy().starts_with("incoming"));
    folders
        .map(|folder| super::place::size(&folder.path().join("objects/pack")))
        .sum()
}

#[test]
fn a_process_that_is_killed_in_a_fetch_leaves_nothing_that_the_next_one_does_not_mend() {
    let (place, second, third) = large();
    place.road.set(Traffic::BlockedAfter(500_000));
    let mut process = other_process(&place, "");
    let started = Instant::now();
    while incoming(&place) < 100_000 {
        assert!(started.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(20));
    }
    process.kill().unwrap();
    process.wait().unwrap();
    goes_on(&place, second, &third);
}

#[test]
fn a_process_that_may_write_no_more_says_so_and_changes_nothing() {
    let (place, second, third) = large();
    let process = other_process(&place, "trap '' XFSZ; ulimit -f 400;");
    let output = process.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("failed: ") && said.contains("is there space"),
        "{said}"
    );
    goes_on(&place, second, &third);
}
