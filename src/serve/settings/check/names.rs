//! What the declarations tell: names in the settings that the fleet does not have.

use super::Settings;
use crate::desire::Desired;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::names::VaultName;
use crate::yaml::nearest;

impl Settings {
    /// A name that is mistyped would leave its cluster alone in silence, or a login unused. Warnings: what is declared comes and
    /// goes by itself.
    pub fn check_names(&self, desired: &Desired, problems: &mut Diagnostics) {
        let vaults = || desired.vaults.keys().map(VaultName::as_str);
        for name in self.vaults.keys() {
            if !vaults().any(|known| known == name) {
                let wrong = format!("the fleet has no Vault that is called `{name}`");
                let place = self.places.of(&format!("vaults.{name}"));
                problems.push(Diagnostic::warning(&place, wrong).hint(meant(name, vaults())));
            }
        }
        let unread = desired.vaults.values().flat_map(|it| &it.unread_clusters);
        let unread: Vec<&str> = unread.map(String::as_str).collect();
        let clusters = || {
            let read = desired.cells.iter().map(|cell| cell.cluster.as_str());
            read.chain(unread.iter().copied())
        };
        for name in &self.reconcile.clusters {
            if !clusters().any(|known| known == name) {
                let wrong = format!("the fleet has no cluster that is called `{name}`");
                let place = self.places.of_item("reconcile.clusters", name);
                problems.push(Diagnostic::warning(&place, wrong).hint(meant(name, clusters())));
            }
        }
    }
}

fn meant<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write the name as the declarations have it".to_owned(),
    }
}
