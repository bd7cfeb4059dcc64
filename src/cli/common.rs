//! What the verbs share: where the repository is, what of it is meant, and how it is read.

use super::playground::quoted;
use super::sandbox::own_name;
use super::ui;
use crate::connect::{Opener, Settings, variable};
use crate::desire::Desired;
use crate::diagnostics;
use crate::git::{self, Access, Limits, Source};
use crate::pipeline::{self, Options, Planned, Repository, Wanted, World};
use crate::plan::Change;
use crate::report::count;
use anyhow::Context;
use std::collections::BTreeSet;
use std::time::Instant;

/// Where a repository is.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct PlaceArguments {
    /// A directory, or a git URL (https, ssh, file)
    #[arg(value_name = "REPO", default_value = ".")]
    repository: String,
    /// Raise or lower a limit of reading git: `file_bytes`, files, depth, `total_bytes`, `fetch_bytes`, `fetch_seconds` (can be repeated)
    #[arg(long = "git-limit", value_name = "NAME=NUMBER")]
    git_limits: Vec<String>,
}

impl PlaceArguments {
    /// Where to read and how much; says that it is read while the first is kept.
    fn begin(&self) -> anyhow::Result<(ui::Busy, Source, Limits)> {
        let mut limits = Limits::default();
        for limit in &self.git_limits {
            limits.set(limit)?;
        }
        if let Some(file) = self.file() {
            anyhow::bail!("{file} is a file, not a repository: name the repository's folder");
        }
        let reading = format!("reading {}", crate::report::clean(&self.repository));
        Ok((ui::busy(reading), Source::parse(&self.repository)?, limits))
    }

    /// The file that stands where the repository is to be named.
    fn file(&self) -> Option<String> {
        let is_file = std::path::Path::new(&self.repository).is_file();
        is_file.then(|| crate::report::clean(&self.repository))
    }

    /// A folder by its whole path: it says also where `.` is.
    fn shown(&self) -> String {
        let folder = std::fs::canonicalize(&self.repository);
        let shown = folder.map_or_else(|_| self.repository.clone(), |it| it.display().to_string());
        crate::report::clean(&shown)
    }
}

/// Which repository, and which revision of it.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct RepositoryArguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// A branch, tag or commit, instead of the working tree or the default branch
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
}

impl RepositoryArguments {
    /// Reads and compiles the repository; its problems are printed.
    pub(super) async fn compile(&self) -> anyhow::Result<Wanted> {
        let begin = Instant::now();
        let (_busy, source, limits) = self.place.begin()?;
        let access = Access::from_lookup(variable);
        let repository = pipeline::read(source, self.reference.clone(), limits, access)
            .await
            .context("failed to read the repository")?;
        let mut wanted = pipeline::compile(repository);
        wanted.problems.name_root(&self.place.shown());
        let clusters = wanted.desired.cells.len();
        tracing::info!(took = ?begin.elapsed(), clusters, "{} @ {} is compiled", wanted.name, wanted.revision);
        Ok(wanted)
    }

    /// The same of another repository, where none is named.
    pub(super) fn or_at(&self, repository: &str) -> Option<Self> {
        let mut other = self.clone();
        repository.clone_into(&mut other.place.repository);
        (self.place.repository == ".").then_some(other)
    }

    /// The file that stands where the repository is to be named.
    pub(super) fn file(&self) -> Option<String> {
        self.place.file()
    }
}

/// Which repository, and which two revisions of it.
#[derive(Debug, clap::Args)]
pub(super) struct RevisionsArguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// What the change goes into: a branch, tag or commit [default: the branch that is usually merged into]
    #[arg(long, value_name = "REF")]
    base: Option<String>,
    /// The change: a branch, tag or commit [default: the working tree as it stands]
    #[arg(long, value_name = "REF")]
    head: Option<String>,
}

impl RevisionsArguments {
    /// Reads both revisions; those that are not named here are the ones that somebody else told.
    pub(super) async fn read(
        &self,
        (base, head): (Option<String>, Option<String>),
    ) -> anyhow::Result<git::Comparison<Repository>> {
        let names = (self.base.clone().or(base), self.head.clone().or(head));
        let (_busy, source, limits) = self.place.begin()?;
        let access = Access::from_lookup(variable);
        pipeline::read_both(source, names, limits, access).await
    }
}

/// Which clusters, and how they are looked at.
#[derive(Debug, clap::Args)]
pub(super) struct ScopeArguments {
    /// Only this cluster (can be repeated)
    #[arg(long = "cluster", value_name = "NAME")]
    clusters: Vec<String>,
    /// Read and compare the data of every Secret, also where metadata shows no change
    #[arg(long)]
    full: bool,
}

impl ScopeArguments {
    pub(super) fn options(
        &self,
        desired: &Desired,
        approvals: &[String],
    ) -> anyhow::Result<Options> {
        for name in &self.clusters {
            let mut known = desired.cells.iter().map(|cell| cell.cluster.as_str());
            if !known.any(|cluster| cluster == name) {
                anyhow::bail!("{}", unknown_cluster(name, desired));
            }
        }
        let approvals: BTreeSet<String> = approvals.iter().cloned().collect();
        Ok(Options {
            clusters: self.clusters.iter().cloned().collect(),
            full: self.full,
            approvals,
            ignore_windows: false,
        })
    }
}

/// The same repository and clusters with another verb, as a person would type it.
pub(super) fn typed(
    verb: &str,
    repository: &RepositoryArguments,
    scope: &ScopeArguments,
) -> String {
    let mut words = vec![quoted(&own_name()), verb.to_owned()];
    if repository.place.repository != "." {
        words.push(quoted(&repository.place.repository));
    }
    let limits = repository
        .place
        .git_limits
        .iter()
        .map(|limit| ("--git-limit", limit));
    let clusters = scope.clusters.iter().map(|name| ("--cluster", name));
    let reference = repository.reference.iter().map(|name| ("--ref", name));
    for (flag, value) in reference.chain(limits).chain(clusters) {
        words.extend([flag.to_owned(), quoted(value)]);
    }
    words.join(" ")
}

/// The clusters that errors keep out.
pub(super) fn left_out(desired: &Desired) -> BTreeSet<String> {
    let vaults = desired.vaults.values();
    let names = vaults.flat_map(|vault| &vault.unread_clusters);
    names.cloned().collect()
}

/// A line of these names; nothing without any.
pub(super) fn named(what: &str, names: BTreeSet<String>) -> String {
    if names.is_empty() {
        return String::new();
    }
    let names: Vec<_> = names.into_iter().collect();
    format!("{what}: {}\n", names.join(", "))
}

/// How many names are listed before the rest is counted.
const MOST_NAMED: usize = 10;

pub(super) fn unknown_cluster(name: &str, desired: &Desired) -> String {
    let shown = crate::report::clean(name);
    if left_out(desired).contains(name) {
        return format!("the cluster `{shown}` is left out for its errors: see above");
    }
    let known: Vec<&str> = desired
        .cells
        .iter()
        .map(|cell| cell.cluster.as_str())
        .collect();
    let near = crate::yaml::nearest(name, known.iter().copied());
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    let mut listed = known[..known.len().min(MOST_NAMED)].join(", ");
    if listed.is_empty() {
        listed.push_str("none");
    }
    if known.len() > MOST_NAMED {
        listed.push_str(&format!(" and {} more", known.len() - MOST_NAMED));
    }
    format!("no usable cluster is called `{shown}`{near}\n  its clusters are: {listed}")
}

/// Shows everything that is wrong in the declarations, on stderr.
pub(super) fn show_problems(wanted: &Wanted) {
    if !wanted.problems.is_empty() {
        let colour = ui::style().colour;
        ui::talk(diagnostics::render(&wanted.problems, &wanted.sources, colour).trim_end());
    }
}

/// Looks at everything, and says so while it lasts.
pub(super) async fn look(desired: &Desired, world: &World, options: &Options) -> Planned {
    let clusters = if options.clusters.is_empty() {
        desired.cells.len()
    } else {
        options.clusters.len()
    };
    let busy = ui::busy(format!(
        "looking at {} and {}",
        count(desired.vaults.len(), "Vault"),
        count(clusters, "cluster")
    ));
    let planned = pipeline::plan(desired, world, options).await;
    drop(busy);
    let ids: BTreeSet<String> = planned
        .scopes
        .iter()
        .flat_map(|scope| scope.guarded.approved.changes())
        .chain(planned.held().map(|held| &held.change))
        .map(Change::id)
        .collect();
    for id in options.approvals.difference(&ids) {
        // The change is another one by now, or it was mistyped.
        ui::talk(&format!(
            "warning: --approve {id}: no change of this plan has that id, so it releases nothing"
        ));
    }
    planned
}

/// Shows what is wrong, and ends the run where nothing can be made of the rest. A machine that reads gets its JSON all the
/// same: it holds the diagnostics.
pub(super) fn show_problems_or_stop(wanted: &Wanted, output: Format) -> anyhow::Result<()> {
    show_problems(wanted);
    if wanted.is_plannable() {
        return Ok(());
    }
    if output == Format::Json {
        print_json(&crate::report::plan_json(
            wanted,
            &Planned { scopes: Vec::new() },
        ));
    }
    if wanted.is_empty {
        anyhow::bail!("no server was looked at");
    }
    anyhow::bail!("fleet.yaml has errors, and everything follows from it: no server was looked at")
}

/// Opens every server that the run needs.
pub(super) async fn open_world(desired: &Desired, options: &Options) -> World {
    let opener = Opener::new(Settings::from_environment(), desired);
    World::open(desired, options, &opener).await
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

/// Prints JSON as a person can read it too.
pub(super) fn print_json(value: &serde_json::Value) {
    ui::data(&format!("{value:#}\n"));
}
