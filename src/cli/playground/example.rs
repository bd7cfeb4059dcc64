//! The example repository, as it is in `examples/repo-layout`: the command holds it, so that it needs nothing else.

macro_rules! example {
    ($($path:literal),* $(,)?) => {
        /// Path and text of every file.
        pub(super) const FILES: &[(&str, &str)] =
            &[$(($path, include_str!(concat!("../../../examples/repo-layout/", $path)))),*];
    };
}

example![
    "fleet.yaml",
    "clusters/prod-eu/ca.crt",
    "clusters/prod-eu/checkout.yaml",
    "clusters/prod-eu/cluster.yaml",
    "clusters/prod-eu/payments.yaml",
    "clusters/staging/ca.crt",
    "clusters/staging/checkout.yaml",
    "clusters/staging/cluster.yaml",
    "groups/all/group.yaml",
    "groups/all/mail.yaml",
    "policies/platform-read.hcl",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    fn below(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("the example is there") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                below(&path, found);
            } else {
                found.push(path);
            }
        }
    }

    #[test]
    fn the_command_holds_the_whole_example() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/repo-layout");
        let mut files = Vec::new();
        below(&root, &mut files);
        let there: BTreeSet<&str> = files
            .iter()
            .filter_map(|file| file.strip_prefix(&root).ok()?.to_str())
            .collect();
        let held: BTreeSet<&str> = super::FILES.iter().map(|(path, _)| *path).collect();
        assert_eq!(held, there);
    }
}
