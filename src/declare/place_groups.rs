//! Gives each selected cluster its copies of a group's declarations, and says what is wrong with them.

use super::file::{Content, Copy, Documents, File};
use super::tree::{GroupFolder, Home};
use super::{Cluster, Declarations, Declared, Group};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::names::ClusterName;
use crate::spread::Spread;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A file of a group on a cluster, and what it was made of besides the cluster.
#[derive(Debug)]
pub(super) struct Placed {
    group: Arc<Group>,
    file: Arc<File>,
    pub(super) copy: Arc<Copy>,
}

impl Placed {
    fn is_of(&self, group: &Arc<Group>, file: &Arc<File>) -> bool {
        Arc::ptr_eq(&self.group, group) && Arc::ptr_eq(&self.file, file)
    }
}

type Clusters = BTreeMap<ClusterName, Arc<Declared>>;

/// Every cluster whose file can be used, with what its groups place on it. `all_seen` is false where no cluster is
/// complete.
pub(super) fn declared(
    homes: &[Arc<Home>],
    groups: &[GroupFolder<'_>],
    all_seen: bool,
    before: Option<&Declarations>,
    spread: &impl Spread,
) -> Clusters {
    let homes: Vec<_> = homes
        .iter()
        .filter_map(|home| Some((home, home.cluster.as_ref()?)))
        .collect();
    let declared = spread.map(&homes, |(home, cluster)| {
        let known = before.and_then(|before| before.clusters.get(&cluster.name));
        one(home, cluster, groups, all_seen, known)
    });
    let names = homes.iter().map(|(_, cluster)| cluster.name.clone());
    names.zip(declared).collect()
}

fn one(
    home: &Arc<Home>,
    cluster: &Arc<Cluster>,
    groups: &[GroupFolder<'_>],
    all_seen: bool,
    before: Option<&Arc<Declared>>,
) -> Arc<Declared> {
    // A copy has the cluster's name and labels in it.
    let known = before.filter(|before| Arc::ptr_eq(&before.cluster, cluster));
    let known = known.map_or(&[][..], |before| &before.placed);
    let mut complete = home.complete && all_seen;
    let mut placed: Vec<Placed> = Vec::new();
    for GroupFolder {
        group,
        files,
        complete: whole,
    } in groups.iter().filter(|folder| folder.group.selects(cluster))
    {
        complete &= *whole && group.readable;
        for file in files.iter().filter(|_| group.readable) {
            let Content::Group(read) = &file.content else {
                continue;
            };
            let copy = match &read.documents {
                Documents::Same(copy) => copy.clone(),
                Documents::Open(documents) => {
                    // Where nothing was added or removed, it stands at the same place.
                    let next = known.get(placed.len()..).unwrap_or_default();
                    let known = next.iter().chain(known);
                    let mut known = known.filter(|known| known.is_of(group, file));
                    known.next().map_or_else(
                        || {
                            let fill = |node: &_, problems: &mut _| {
                                group.substitute(node, cluster, problems)
                            };
                            Arc::new(Copy::of(documents, fill))
                        },
                        |known| known.copy.clone(),
                    )
                }
            };
            complete &= copy.part.complete;
            placed.push(Placed {
                group: group.clone(),
                file: (*file).clone(),
                copy,
            });
        }
    }
    let same = |before: &&Arc<Declared>| {
        let pairs = || before.placed.iter().zip(&placed);
        Arc::ptr_eq(&before.home, home)
            && before.complete == complete
            && before.placed.len() == placed.len()
            && pairs().all(|(left, right)| Arc::ptr_eq(&left.copy, &right.copy))
    };
    match before.filter(same) {
        Some(before) => before.clone(),
        None => Arc::new(Declared {
            cluster: cluster.clone(),
            complete,
            home: home.clone(),
            placed,
        }),
    }
}

/// What is wrong with groups as they stand on their clusters.
pub(super) fn report(
    groups: &[GroupFolder<'_>],
    clusters: &Clusters,
    all_known: bool,
    problems: &mut Diagnostics,
) {
    let mut said: BTreeMap<(&str, usize), Vec<(&ClusterName, &Diagnostics)>> = BTreeMap::new();
    for (name, declared) in clusters {
        for placed in &declared.placed {
            for (number, of_copy) in &placed.copy.problems {
                let document = said.entry((&placed.file.path, *number)).or_default();
                document.push((name, of_copy));
            }
        }
    }
    for GroupFolder { group, files, .. } in groups {
        let selected = clusters
            .values()
            .filter(|declared| group.selects(&declared.cluster))
            .count();
        if selected == 0 && group.readable && all_known {
            problems.push(
                Diagnostic::warning(&group.place, "this group selects no cluster")
                    .hint("compare clusterSelector with the labels of the clusters"),
            );
        }
        for file in files {
            let of_file = (&*file.path, 0)..=(&*file.path, usize::MAX);
            for copies in said.range(of_file).map(|(_, copies)| copies) {
                report_copies(copies, selected, problems);
            }
        }
    }
}

/// What is wrong with every copy alike is a matter of the group; else it is said of which clusters it holds.
fn report_copies(
    said: &[(&ClusterName, &Diagnostics)],
    selected: usize,
    problems: &mut Diagnostics,
) {
    let (_, first) = said[0];
    if said.len() == selected && said.iter().all(|(_, of_copy)| *of_copy == first) {
        problems.append(first.clone());
        return;
    }
    for (cluster, of_copy) in said {
        let mut of_copy = (*of_copy).clone();
        of_copy.about(cluster.as_str(), |_| true);
        problems.append(of_copy);
    }
}
