use crate::fleets::Fleet;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A bare git repository in a temporary directory, as a server holds it: everything in packs.
pub(crate) struct Repository {
    folder: tempfile::TempDir,
    pub(crate) files: usize,
}

impl Repository {
    pub(crate) fn create(fleet: &Fleet) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("keyfleet-bench-")
            .tempdir()
            .unwrap();
        let mut repository = Self { folder, files: 0 };
        let made = repository
            .git(&["init", "--quiet", "--bare", "--initial-branch=main"])
            .status();
        assert!(made.unwrap().success());
        let mut files = 0;
        let mut commit = Commit::begin(&repository, false);
        fleet.for_each_file(|path, text| {
            files += 1;
            commit.file(&path, &text);
        });
        commit.end();
        repository.files = files;
        repository
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    fn git(&self, arguments: &[&str]) -> Command {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.path()).args(arguments);
        git
    }

    /// Commits another text for so many files, each of another cluster.
    pub(crate) fn edit(&self, fleet: &Fleet, files: usize, edit: usize) {
        let mut commit = Commit::begin(self, true);
        for cluster in 0..files {
            let (path, text) = fleet.own_file(cluster, cluster % fleet.files, edit);
            commit.file(&path, &text);
        }
        commit.end();
    }

    pub(crate) fn edit_group(&self, fleet: &Fleet, group: &str, edit: usize) {
        let mut commit = Commit::begin(self, true);
        let (path, text) = fleet.shared_file(group, edit);
        commit.file(&path, &text);
        commit.end();
    }

    /// Has git itself list the files and give out what they hold.
    pub(crate) fn give_out(&self) {
        let list = self.git(&["ls-tree", "-r", "main"]).output().unwrap();
        let list = String::from_utf8(list.stdout).unwrap();
        let ids = list
            .lines()
            .filter_map(|line| line.split_whitespace().nth(2));
        let ids: Vec<_> = ids.collect();
        assert_eq!(ids.len(), self.files);
        let ids = ids.join("\n") + "\n";
        let mut git = piped(&mut self.git(&["cat-file", "--batch"]));
        let mut asked = git.stdin.take().unwrap();
        let mut given = git.stdout.take().unwrap();
        std::thread::scope(|scope| {
            // A dropped pipe ends the batch.
            scope.spawn(move || asked.write_all(ids.as_bytes()).unwrap());
            let mut buffer = vec![0; 1 << 16];
            let mut bytes = 0;
            loop {
                match given.read(&mut buffer).unwrap() {
                    0 => break,
                    read => bytes += read,
                }
            }
            assert!(bytes > self.files);
        });
        assert!(git.wait().unwrap().success());
    }
}

fn piped(git: &mut Command) -> Child {
    git.stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A commit on `main` while it is written.
struct Commit {
    git: Child,
    into: BufWriter<std::process::ChildStdin>,
}

impl Commit {
    fn begin(repository: &Repository, has_parent: bool) -> Self {
        let mut git = piped(&mut repository.git(&["fast-import", "--quiet"]));
        let mut into = BufWriter::new(git.stdin.take().unwrap());
        let author = "bench <bench@example.invalid> 1700000000 +0000";
        writeln!(
            into,
            "commit refs/heads/main\ncommitter {author}\ndata 4\nedit"
        )
        .unwrap();
        if has_parent {
            writeln!(into, "from refs/heads/main^0").unwrap();
        }
        Self { git, into }
    }

    fn file(&mut self, path: &str, text: &str) {
        let length = text.len();
        write!(self.into, "M 100644 inline {path}\ndata {length}\n{text}\n").unwrap();
    }

    fn end(mut self) {
        self.into.flush().unwrap();
        drop(self.into);
        // Says something only when it fails.
        let mut said = String::new();
        let mut output = BufReader::new(self.git.stdout.take().unwrap());
        output.read_to_string(&mut said).unwrap();
        assert!(self.git.wait().unwrap().success(), "{said}");
    }
}
