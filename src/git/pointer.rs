/// True for the stand-in that Git LFS commits in place of a file's content.
pub(super) fn is_lfs_pointer(text: &str) -> bool {
    text.lines().next().is_some_and(|first| {
        first
            .strip_prefix("version https://git-lfs.github.com/spec/")
            .is_some_and(|version| version.starts_with('v'))
    }) && text.lines().any(|line| line.starts_with("oid "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_told_from_a_file_that_mentions_lfs() {
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
        assert!(is_lfs_pointer(pointer));
        assert!(!is_lfs_pointer(
            "# version https://git-lfs.github.com/spec/v1\n"
        ));
        assert!(!is_lfs_pointer(""));
    }
}
