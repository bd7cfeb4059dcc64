//! `keyfleet explain`: who can read a path, what a cluster can read, where a Secret comes from. Asks no server, but with `--live`.

use super::common::{
    Format, RepositoryArguments, left_out, named, print_json, show_problems, unknown_cluster,
};
use super::failure::Exit;
use super::ui;
use crate::connect::{Opener, Settings};
use crate::desire::Desired;
use crate::insight::{self, Explained, Known, Live, May};
use crate::pipeline::{self, Lesson, Wanted};
use crate::policy::PathPattern;
use crate::report::{Style, clean, explain};
use crate::yaml::nearest;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// How long the Vaults are asked at most, all together.
const ASKING: Duration = Duration::from_secs(60);

#[derive(Debug, clap::Args)]
pub(super) struct Explain {
    /// A path of Vault (kv/data/shop/mail, kv/shop/mail, 'kv/data/shop/*'), a cluster, its role (mount/role), a policy, or
    /// a Secret (namespace/name); without one, the fleet, cluster by cluster
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    repository: RepositoryArguments,
    /// Ask one question: may this cluster (or role) read the path? Ends with 0 for yes, 2 for no, 3 for not known
    #[arg(long, value_name = "NAME", requires = "name")]
    cluster: Option<String>,
    /// Ask the Vaults, too: policies that are not in the repository, who else is granted a path, and paths that nobody reads
    #[arg(long)]
    live: bool,
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
        let (known, live) = self.learn(&wanted, name).await;
        let asked = Asked {
            format: self.output,
            wanted: &wanted,
            known: &known,
            live: live.as_ref(),
        };
        match (name, &self.cluster) {
            (None, _) => asked.overview(),
            (Some(name), None) => asked.explain(name)?,
            (Some(path), Some(cluster)) => return asked.answer(path, cluster),
        }
        Ok(Exit::Good)
    }

    /// With the operator's own credentials, from the Vaults that the repository names.
    async fn learn(&self, wanted: &Wanted, name: Option<&str>) -> (Known, Option<Live>) {
        if !self.live {
            return (Known::default(), None);
        }
        let pattern = name.and_then(|name| PathPattern::parse(name).ok());
        let pattern = pattern.filter(|pattern| !pattern.is_exact());
        let lesson = Lesson {
            cluster: self.cluster.as_deref(),
            all_policies: name.is_some() && self.cluster.is_none(),
            paths: name.is_none() || pattern.is_some(),
        };
        let busy = ui::busy("asking Vault".to_owned());
        let opener = Opener::new(Settings::from_environment(), &wanted.desired);
        let known = pipeline::learn(&wanted.desired, &opener, lesson, ASKING).await;
        drop(busy);
        let live = Live {
            unused: insight::unused(&wanted.desired, &known, pattern.as_ref()),
            unread: known.unread.clone(),
        };
        (known, Some(live))
    }
}

/// What is known, and how it is told.
struct Asked<'a> {
    format: Format,
    wanted: &'a Wanted,
    known: &'a Known,
    live: Option<&'a Live>,
}

impl Asked<'_> {
    fn overview(&self) {
        let stories = insight::overview(&self.wanted.desired, self.known);
        self.tell(
            |style| explain::overview(&stories, style),
            "explained",
            &Explained {
                clusters: stories.clone(),
                ..Explained::default()
            },
        );
    }

    fn explain(&self, name: &str) -> anyhow::Result<()> {
        let desired = &self.wanted.desired;
        let explained = insight::explain(desired, self.known, name).or_else(|| {
            // Nobody here is about it, and it is there all the same.
            let is_there = self.live?.unused.iter().any(|mount| mount.there > 0);
            is_there.then(|| Explained {
                name: name.to_owned(),
                ..Explained::default()
            })
        });
        let Some(explained) = explained else {
            anyhow::bail!("{}", unknown(name, desired));
        };
        self.tell(
            |style| explain::text(&explained, style),
            "explained",
            &explained,
        );
        Ok(())
    }

    fn answer(&self, path: &str, cluster: &str) -> anyhow::Result<Exit> {
        let desired = &self.wanted.desired;
        if !PathPattern::parse(path).is_ok_and(|pattern| pattern.is_exact()) {
            let path = clean(path);
            anyhow::bail!(
                "`{path}` is not one path: ask for one that it reaches\n  `keyfleet explain '{path}'` says who reads and may read each of them"
            );
        }
        let Some(answer) = insight::may_read(desired, self.known, cluster, path) else {
            anyhow::bail!("{}", unknown_cluster(cluster, desired));
        };
        self.tell(|style| explain::answer(&answer, style), "answer", &answer);
        Ok(match answer.may {
            May::Read => Exit::Good,
            May::Denied => Exit::No,
            May::Unknown => Exit::NotKnown,
        })
    }

    fn tell(&self, text: impl Fn(Style) -> String, name: &str, what: &impl Serialize) {
        let style = ui::style();
        match self.format {
            Format::Text => {
                let live = self.live.map(|live| explain::live(live, style));
                ui::data(&format!("{}{}", text(style), live.unwrap_or_default()));
            }
            Format::Json => {
                let (repository, revision) = (clean(&self.wanted.name), &self.wanted.revision);
                let mut json = explain::json(&repository, revision, self.live);
                json[name] = explain::told(what);
                print_json(&json);
            }
        }
    }
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
    // What has errors is not known; that it is not there would be too much to say.
    let broken = fleet.cells.iter().filter(|cell| !cell.complete);
    let broken = broken.map(|cell| cell.cluster.to_string());
    let broken: BTreeSet<String> = broken.chain(left_out(fleet)).collect();
    if !broken.is_empty() {
        return format!(
            "of what could be read, nothing is about `{shown}`{near}{folder}\n{}",
            named("  not known, for the errors above", broken).trim_end()
        );
    }
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
