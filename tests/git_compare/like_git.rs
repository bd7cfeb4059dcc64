//! Merges that nobody has thought of, beside those of the `git` program.

use keyfleet::git::How;

use super::place::{Place, numbered};

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) % sides
    }
}

const FILES: [&str; 6] = [
    "a.yaml",
    "b.yaml",
    "d/c.yaml",
    "d/e.yaml",
    "new.yaml",
    "d/new.yaml",
];

/// One edit of a few files.
fn edit(place: &Place, dice: &mut Dice) {
    for _ in 0..=dice.roll(3) {
        let path = FILES[usize::try_from(dice.roll(6)).unwrap()];
        let there = place.path().join(path).exists();
        let line = 1 + dice.roll(20);
        let (from, to) = (
            format!("line{line}: {line}\n"),
            format!("line{line}: {}\n", dice.roll(3)),
        );
        match dice.roll(8) {
            0 if there => place.remove(path),
            1 if there => place.write(path, place.read(path).replace(&from, "")),
            2 if there => place.write(path, place.read(path).replace(&from, &(to + &from))),
            3 if there => {
                let other = path.replace(".yaml", &format!("{}.yaml", dice.roll(2)));
                place.write(&other, place.read(path));
                place.remove(path);
            }
            _ if there => place.write(path, place.read(path).replace(&from, &to)),
            _ => place.write(path, numbered(20).replace(&from, &to)),
        }
    }
}

#[test]
fn merging_gives_what_git_gives() {
    let place = Place::new();
    for path in ["d/c.yaml", "d/e.yaml"] {
        place.write(path, format!("# {path}\n{}", numbered(20)));
    }
    place.commit();
    let mut dice = Dice(6);
    let (mut clean, mut conflicts) = (0, 0);
    for _ in 0..60 {
        for branch in ["ours", "theirs"] {
            place.git(&["checkout", "-q", "-B", branch, "main"]);
            edit(&place, &mut dice);
            place.write("so-that-it-is-a-commit", branch);
            place.commit();
        }
        let compared = place.compare("ours", "theirs");
        let merged = std::process::Command::new("git")
            .args([
                "-c",
                "merge.directoryRenames=false",
                "merge-tree",
                "--write-tree",
                "--name-only",
                "ours",
                "theirs",
            ])
            .current_dir(place.path())
            .output()
            .unwrap();
        let said = String::from_utf8(merged.stdout).unwrap();
        let tree = said.lines().next().unwrap();
        // This one is not wanted, and always a conflict.
        let names = said.lines().skip(1).take_while(|line| !line.is_empty());
        let expected: Vec<_> = names
            .filter(|name| *name != "so-that-it-is-a-commit")
            .collect();
        match compared.how {
            How::Merged => {
                assert_eq!(expected, [""; 0]);
                let commit = place.git(&["commit-tree", "-m", "merged", tree]);
                assert_eq!(
                    compared.head.files,
                    place.compare(&commit, &commit).head.files
                );
                clean += 1;
            }
            How::Conflicts { .. } => {
                assert_ne!(expected, [""; 0]);
                conflicts += 1;
            }
            how => panic!("{how:?}"),
        }
    }
    assert!(clean > 20 && conflicts > 5, "{clean} {conflicts}");
}
