use git2::{Config, FileMode, Odb, Oid, Repository, Tree};

/// A repository in memory: for what libgit2 can do with files that are in no other. Files have numbers there, so that no name of
/// anybody's is ever looked at.
pub(super) struct Aside(Repository);

impl Aside {
    pub(super) fn new() -> Result<Self, git2::Error> {
        let odb = Odb::new()?;
        odb.add_new_mempack_backend(1)?;
        let repository = Repository::from_odb(odb)?;
        // Not the configuration of the user.
        repository.set_config(&Config::new()?)?;
        Ok(Self(repository))
    }

    pub(super) fn repository(&self) -> &Repository {
        &self.0
    }

    pub(super) fn blob(&self, content: &[u8]) -> Result<Oid, git2::Error> {
        self.0.blob(content)
    }

    pub(super) fn tree(
        &self,
        files: impl Iterator<Item = (usize, Oid)>,
    ) -> Result<Tree<'_>, git2::Error> {
        let mut builder = self.0.treebuilder(None)?;
        for (number, id) in files {
            builder.insert(number.to_string(), id, FileMode::Blob.into())?;
        }
        self.0.find_tree(builder.write()?)
    }
}

/// Which file it is in such a tree.
pub(super) fn number(name: &[u8]) -> Option<usize> {
    std::str::from_utf8(name).ok()?.parse().ok()
}
