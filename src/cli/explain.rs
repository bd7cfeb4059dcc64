//! `keyfleet explain`: who can read a path, what a cluster can read, where a Secret comes from. Offline.

use super::common::{Format, RepositoryArguments, print_json, show_problems, unknown_cluster};
use super::failure::Exit;
use super::ui;
use crate::desire::Desired;
use crate::insight::{self, Known, May};
use crate::pipeline::Wanted;
use crate::policy::PathPattern;
use crate::report::{clean, explain};
use crate::yaml::nearest;
use std::path::Path;

#[derive(Debug, clap::Args)]
pub(super) struct Explain {
    /// A path of Vault (kv/data/shop/mail, kv/shop/mail, 'kv/data/shop/*'), a cluster, its role (mount/role), a policy, or
    /// a Secret (namespace/name); without one, every cluster in a line
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    repository: RepositoryArguments,
    /// Ask one question: may this cluster (or role) read the path? Ends with 0 for yes, 2 for no, 3 for not known
    #[arg(long, value_name = "NAME", requires = "name")]
    cluster: Option<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

impl Explain {
    pub(super) async fn run(&self) -> anyhow::Result<Exit> {
        // Every other verb takes the repository first.
        let meant = self.name.as_deref().filter(|name| is_repository(name));
        let meant = meant.filter(|_| self.cluster.is_none());
        let elsewhere = meant.and_then(|name| self.repository.or_at(name));
        let name = self.name.as_deref().filter(|_| elsewhere.is_none());
        let wanted = elsewhere
            .as_ref()
            .unwrap_or(&self.repository)
            .compile()
            .await?;
        if wanted.problems.has_errors() {
            show_problems(&wanted);
        }
        if !wanted.is_plannable() {
            let folder = name.map_or_else(String::new, folder);
            anyhow::bail!("nothing can be explained before fleet.yaml is right{folder}");
        }
        let known = Known::default();
        match (name, &self.cluster) {
            (None, _) => self.overview(&wanted, &known),
            (Some(name), None) => self.explain(&wanted, &known, name)?,
            (Some(path), Some(cluster)) => return self.answer(&wanted, &known, path, cluster),
        }
        Ok(Exit::Good)
    }

    fn overview(&self, wanted: &Wanted, known: &Known) {
        let stories = insight::overview(&wanted.desired, known);
        match self.output {
            Format::Text => ui::data(&explain::overview(&stories, ui::style())),
            Format::Json => {
                let (repository, revision) = of(wanted);
                print_json(&explain::overview_json(&repository, revision, &stories));
            }
        }
    }

    fn explain(&self, wanted: &Wanted, known: &Known, name: &str) -> anyhow::Result<()> {
        let Some(explained) = insight::explain(&wanted.desired, known, name) else {
            anyhow::bail!("{}", unknown(name, &wanted.desired));
        };
        match self.output {
            Format::Text => ui::data(&explain::text(&explained, ui::style())),
            Format::Json => {
                let (repository, revision) = of(wanted);
                print_json(&explain::json(&repository, revision, &explained));
            }
        }
        Ok(())
    }

    fn answer(
        &self,
        wanted: &Wanted,
        known: &Known,
        path: &str,
        cluster: &str,
    ) -> anyhow::Result<Exit> {
        if !PathPattern::parse(path).is_ok_and(|pattern| pattern.is_exact()) {
            let path = clean(path);
            anyhow::bail!(
                "`{path}` is not one path: ask for one that it reaches\n  `keyfleet explain '{path}'` says who reads and may read each of them"
            );
        }
        let Some(answer) = insight::may_read(&wanted.desired, known, cluster, path) else {
            anyhow::bail!("{}", unknown_cluster(cluster, &wanted.desired));
        };
        match self.output {
            Format::Text => ui::data(&explain::answer(&answer, ui::style())),
            Format::Json => {
                let (repository, revision) = of(wanted);
                print_json(&explain::answer_json(&repository, revision, &answer));
            }
        }
        Ok(match answer.may {
            May::Read => Exit::Good,
            May::Denied => Exit::No,
            May::Unknown => Exit::NotKnown,
        })
    }
}

fn of(wanted: &Wanted) -> (String, &str) {
    (clean(&wanted.name), &wanted.revision)
}

/// Whether somebody named the repository where a name was to be.
fn is_repository(name: &str) -> bool {
    name.contains("://") || Path::new(name).join("fleet.yaml").is_file()
}

fn unknown(name: &str, fleet: &Desired) -> String {
    let known = insight::known_names(fleet);
    let near = nearest(name, known.iter().map(String::as_str));
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    let shown = clean(name);
    let folder = folder(name);
    format!(
        "no declaration reads or names `{shown}`, and no policy here is about it{near}{folder}\n  name a path of Vault, a cluster, a role as mount/role, a policy, or a Secret as namespace/name"
    )
}

fn folder(name: &str) -> String {
    if !Path::new(name).is_dir() {
        return String::new();
    }
    let shown = clean(name);
    format!(
        "\n  `{shown}` is a folder: the repository comes second, as in `keyfleet explain NAME {shown}`"
    )
}
