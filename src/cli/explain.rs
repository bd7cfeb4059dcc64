//! `keyfleet explain`: who can read a path, what a cluster can read, where a Secret comes from. Offline.

use super::common::{Format, RepositoryArguments, print_json, show_problems};
use super::failure::Exit;
use super::ui;
use crate::insight;
use crate::report::{clean, explain};
use crate::yaml::nearest;

#[derive(Debug, clap::Args)]
pub(super) struct Explain {
    /// A path of Vault (kv/data/shop/mail, kv/shop/mail, 'kv/data/shop/*'), a cluster, or a Secret (namespace/name);
    /// without one, every cluster in a line
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    repository: RepositoryArguments,
    /// How to print
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

impl Explain {
    pub(super) async fn run(&self) -> anyhow::Result<Exit> {
        let wanted = self.repository.compile().await?;
        if wanted.problems.has_errors() {
            show_problems(&wanted);
        }
        if !wanted.is_plannable() {
            anyhow::bail!("nothing can be explained before fleet.yaml is right");
        }
        let (repository, revision) = (clean(&wanted.name), wanted.revision.clone());
        let Some(name) = &self.name else {
            let stories = insight::overview(&wanted.desired);
            match self.output {
                Format::Text => ui::data(&explain::overview(&stories, ui::style())),
                Format::Json => {
                    print_json(&explain::overview_json(&repository, &revision, &stories));
                }
            }
            return Ok(Exit::Good);
        };
        let Some(explained) = insight::explain(&wanted.desired, name) else {
            anyhow::bail!("{}", unknown(name, &wanted.desired));
        };
        match self.output {
            Format::Text => ui::data(&explain::text(&explained, ui::style())),
            Format::Json => print_json(&explain::json(&repository, &revision, &explained)),
        }
        Ok(Exit::Good)
    }
}

fn unknown(name: &str, fleet: &crate::desire::Desired) -> String {
    let known = insight::known_names(fleet);
    let near = nearest(name, known.iter().map(String::as_str));
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    format!(
        "no declaration reads or names `{}`, and no policy here grants it{near}\n  name a path of Vault, a cluster, or a Secret as namespace/name",
        clean(name)
    )
}
