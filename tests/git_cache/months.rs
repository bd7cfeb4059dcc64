//! Many fetches in a row: what they leave on disk.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use keyfleet::git::Outcome;

use super::command::git;
use super::place::{Place, noise, size};

/// As many commits as there will be fetches, on the server but on no branch; oldest first.
fn commits(place: &Place, count: u64) -> Vec<String> {
    let mut stream = Vec::new();
    for number in 0..count {
        let (small, text) = (noise(number, 2048), number.to_string());
        let from = if number == 0 {
            "from refs/heads/main^0\n"
        } else {
            ""
        };
        stream.extend_from_slice(
            format!("commit refs/all\ncommitter T <t@example> {number} +0000\ndata 0\n{from}")
                .as_bytes(),
        );
        for (path, content) in [("small.bin", &*small), ("fleet.yaml", text.as_bytes())] {
            let head = format!("M 644 inline {path}\ndata {}\n", content.len());
            stream.extend_from_slice(head.as_bytes());
            stream.extend_from_slice(content);
            stream.push(b'\n');
        }
    }
    let mut import = Command::new("git")
        .args(["fast-import", "--quiet"])
        .current_dir(place.bare())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    import.stdin.take().unwrap().write_all(&stream).unwrap();
    assert!(import.wait().unwrap().success());
    let commits = git(&place.bare(), &["rev-list", "--reverse", "main..refs/all"]);
    git(&place.bare(), &["repack", "-q", "-a", "-d"]);
    commits.lines().map(str::to_owned).collect()
}

#[test]
fn three_hundred_fetches_leave_no_more_than_a_bounded_number_of_packs() {
    let place = Place::new();
    place.write("large.bin", noise(1000, 256 << 10));
    let mut from = place.commit("large");
    place.push();
    let commits = commits(&place, 300);
    let mut cache = place.cache();
    place.fetch(&mut cache);
    let small = size(place.folder.path());
    let (mut most, mut packs, mut brought) = (0, 0, 0);
    for (number, to) in commits.iter().enumerate() {
        fs::write(place.bare().join("refs/heads/main"), format!("{to}\n")).unwrap();
        let fetched = place.fetch(&mut cache);
        let (before, after) = (from, to.clone());
        assert_eq!(
            fetched.outcome,
            Outcome::Forward {
                from: before,
                to: after
            }
        );
        if number % 10 == 0 {
            place.reads(&mut cache, to, &number.to_string());
        }
        from = to.clone();
        brought += fetched.received;
        most = most.max(size(place.folder.path()));
        packs = packs.max(count(&place, "pack"));
    }
    println!("{small} bytes at first, {most} at most, {packs} packs at most, {brought} fetched");
    assert!(packs <= 49, "{packs}");
    // 64 commits stay, and up to 48 more before they are packed.
    assert!(most < small + 120 * 6 * 1024, "{small} {most}");
    assert!(
        brought < 300 * 4 * 1024,
        "{brought}: packing makes nothing be fetched twice"
    );
    assert_eq!(fs::read_dir(place.folder.path()).unwrap().count(), 2);
    // Packed as it is, it goes on being told apart.
    fs::write(
        place.bare().join("refs/heads/main"),
        format!("{}\n", commits[270]),
    )
    .unwrap();
    let outcome = place.outcome(&mut place.cache());
    assert!(matches!(outcome, Outcome::Rewritten { .. }), "{outcome:?}");
}

fn count(place: &Place, ending: &str) -> usize {
    let folders = fs::read_dir(place.folder.path()).unwrap();
    let packs =
        folders.filter_map(|folder| fs::read_dir(folder.unwrap().path().join("objects/pack")).ok());
    packs
        .flatten()
        .filter(|file| {
            file.as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|e| e == ending)
        })
        .count()
}
