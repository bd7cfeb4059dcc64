//! git → declare → desire, for one revision or for one after another.

use super::Repository;
use super::side_by_side::SideBySide;
use super::source::{self, Followed};
use crate::declare::{self, Declarations};
use crate::desire::{self, Desired, Resolved};
use crate::diagnostics::{Diagnostics, Sources};
use crate::git::{Access, Cache, Limits, Memory, Source};

/// What a repository asks for, with everything that is wrong in it.
pub struct Wanted {
    /// `acme @ 3f2a9c1`.
    pub name: String,
    pub revision: String,
    pub desired: Desired,
    pub problems: Diagnostics,
    /// The texts that the problems point into.
    pub sources: Sources,
    /// Whether there is no declaration at all.
    pub is_empty: bool,
}

impl Wanted {
    /// Whether there is anything to plan from: with errors in `fleet.yaml` there is not.
    pub fn is_plannable(&self) -> bool {
        self.desired.plannable
    }
}

/// Compiles one revision.
pub fn compile(repository: Repository) -> Wanted {
    Compiler::default().compile(repository)
}

/// Compiles one revision after another. What did not change is taken from the one before: it makes no difference but in
/// time. Keep one for each repository.
#[derive(Default)]
pub struct Compiler {
    memory: Memory,
    before: Option<(Declarations, Resolved)>,
}

impl Compiler {
    /// Reads a repository, off the threads that others wait on.
    pub async fn read(
        &mut self,
        source: Source,
        reference: Option<String>,
        limits: Limits,
        access: Access,
    ) -> anyhow::Result<Repository> {
        let memory = std::mem::take(&mut self.memory);
        let (read, memory) = source::read_with(source, reference, limits, access, memory).await?;
        self.memory = memory;
        read
    }

    /// Fetches what is new into a cache, and reads what is followed there.
    pub async fn follow(
        &mut self,
        cache: Cache,
        limits: Limits,
        access: Access,
    ) -> anyhow::Result<Followed> {
        let memory = std::mem::take(&mut self.memory);
        let (followed, memory) = source::follow_with(cache, limits, access, memory).await?;
        self.memory = memory;
        Ok(followed)
    }

    /// Pure but for its threads: the same revision gives the same, whatever was compiled before.
    pub fn compile(&mut self, repository: Repository) -> Wanted {
        let Repository {
            name,
            revision,
            mut sources,
            unreadable,
        } = repository;
        let mut problems = Diagnostics::default();
        let before = self.before.take();
        let (declarations, resolved) = match &before {
            Some((declarations, resolved)) => (Some(declarations), Some(resolved)),
            None => (None, None),
        };
        let declarations = declare::reload(
            &sources,
            &unreadable,
            declarations,
            &SideBySide,
            &mut problems,
        );
        let resolved = Resolved::of(&declarations, resolved, &SideBySide);
        let desired = desire::resolve_together(&declarations, &resolved, &mut problems);
        self.before = Some((declarations, resolved));
        let problems = problems.merged();
        let is_empty = sources.is_empty();
        let shown = problems.files();
        sources.retain(|path, _| shown.contains(path.as_str()));
        Wanted {
            name,
            revision,
            desired,
            problems,
            sources,
            is_empty,
        }
    }
}
