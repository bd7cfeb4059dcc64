//! What a pass could not look at: it stands as it was seen before, and since when that is.

use super::{ClusterState, PassEnd, Passes};
use crate::drift::{Finding, Standing, still_standing};
use crate::observe::{Failure, FailureClass};
use crate::plan::{Kind, Scope, Target};
use crate::report::{SecretState, SecretStatus};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Passes {
    /// When this was seen last, where the last pass could not look at it. `None` too where it was never seen.
    pub fn unseen_since(&self, target: &Target) -> Option<Timestamp> {
        let last = self.last.as_ref()?;
        let saw_nothing = last.seen != Some(last.began);
        let before = self.unseen.get(target).copied();
        before.or_else(|| last.seen.filter(|_| saw_nothing))
    }

    /// What stands after a pass that found this.
    pub(in crate::serve) fn found(&mut self, found: Vec<Finding>) -> Vec<Finding> {
        let Some(last) = self.last.clone() else {
            return found;
        };
        let carried: Vec<_> = still_standing(&last.findings, &found).cloned().collect();
        let were_unread: BTreeSet<_> = unread(&last.findings).collect();
        let seen = |target: &Target| {
            let before = self.unseen.get(target).copied();
            let at_last = last.seen.filter(|_| !were_unread.contains(target));
            Some((target.clone(), before.or(at_last)?))
        };
        let carried_targets = carried.iter().map(|finding| &finding.target);
        let unseen: BTreeMap<_, _> = unread(&found)
            .chain(carried_targets)
            .filter_map(seen)
            .collect();
        self.unseen = Arc::new(unseen);
        found.into_iter().chain(carried).collect()
    }

    /// What stands after a pass that saw nothing: what was seen before, and one thing more, which says why it is not seen now.
    pub(in crate::serve) fn found_nothing(&self, end: &PassEnd, scope: &Scope) -> Vec<Finding> {
        let before = self.last.iter().flat_map(|last| &last.findings).cloned();
        let why = match end {
            PassEnd::Deadline => "it did not answer before the pass ran out of time",
            PassEnd::Panicked => "the pass ended in a fault of keyfleet, please report it",
            PassEnd::Done | PassEnd::Skipped | PassEnd::Stopped => return before.collect(),
        };
        let seen = before.filter(|finding| !matches!(finding.standing, Standing::Unread(_)));
        let failure = Failure::new(FailureClass::TimedOut, format!("look at {scope}"), why);
        seen.chain([Finding {
            target: whole(scope),
            standing: Standing::Unread(failure),
            fields: Vec::new(),
            place: None,
        }])
        .collect()
    }
}

fn unread(findings: &[Finding]) -> impl Iterator<Item = &Target> {
    let unread = findings
        .iter()
        .filter(|it| matches!(it.standing, Standing::Unread(_)));
    unread.map(|finding| &finding.target)
}

/// By the name of what is asked for first.
fn whole(scope: &Scope) -> Target {
    let (kind, name) = match scope {
        Scope::Vault(_) => (Kind::AuthMount, "*"),
        Scope::Cluster(_) => (Kind::Namespace, "kube-system"),
    };
    Target {
        scope: scope.clone(),
        kind,
        name: name.to_owned(),
    }
}

impl ClusterState {
    /// How its Secrets are; one that could not be looked at is as it was seen before.
    pub(in crate::serve) fn take_secrets(&mut self, seen: &Arc<Vec<SecretStatus>>) {
        let is_unknown = |it: &SecretStatus| matches!(it.state, SecretState::NotKnown { .. });
        if !seen.iter().any(is_unknown) {
            self.secrets = Arc::clone(seen);
            return;
        }
        let before = self.secrets.iter().filter(|it| !is_unknown(it));
        let before: BTreeMap<&str, _> = before.map(|it| (it.name.as_str(), it)).collect();
        let secrets = seen.iter().map(|now| {
            let known = before.get(now.name.as_str()).filter(|_| is_unknown(now));
            SecretStatus::clone(known.unwrap_or(&now))
        });
        self.secrets = Arc::new(secrets.collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::Difference;
    use crate::names::ClusterName;
    use crate::plan::{Action, Cause, Reason};
    use crate::serve::board::{Pass, Trigger};
    use std::time::Duration;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn scope() -> Scope {
        Scope::Cluster(ClusterName::parse("north").unwrap())
    }

    fn finding(name: &str, standing: Standing) -> Finding {
        Finding {
            target: Target {
                scope: scope(),
                kind: Kind::Secret,
                name: name.to_owned(),
            },
            standing,
            fields: Vec::new(),
            place: None,
        }
    }

    fn edited(name: &str) -> Finding {
        let difference = Difference {
            action: Action::Update,
            reason: Reason::Differs,
            cause: Cause::Unrecorded,
            summary: String::new(),
        };
        finding(name, Standing::ToChange(difference))
    }

    fn lost(name: &str) -> Finding {
        let failure = Failure::new(FailureClass::Unreachable, "list Secrets", "reset");
        finding(name, Standing::Unread(failure))
    }

    fn end(passes: &mut Passes, second: i64, end: PassEnd, found: Option<Vec<Finding>>) {
        let seen = match &found {
            Some(_) => Some(at(second)),
            None => passes.last.as_ref().and_then(|last| last.seen),
        };
        let findings = match found {
            Some(found) => passes.found(found),
            None => passes.found_nothing(&end, &scope()),
        };
        passes.record(Arc::new(Pass {
            run: String::new(),
            revision: String::new(),
            began: at(second),
            took: Duration::ZERO,
            why: Trigger::Period,
            end,
            written: Vec::new(),
            seen,
            findings,
            notes: Vec::new(),
            looked_at: 1,
        }));
    }

    /// What stands, without why it is not seen; and how many say that.
    fn standing(passes: &Passes) -> (Vec<(&str, Option<Timestamp>)>, usize) {
        let findings = &passes.last.as_ref().unwrap().findings;
        let is_unread = |it: &&Finding| matches!(it.standing, Standing::Unread(_));
        let seen = findings.iter().filter(|it| !is_unread(it));
        let seen = seen.map(|it| (it.target.name.as_str(), passes.unseen_since(&it.target)));
        (seen.collect(), findings.iter().filter(is_unread).count())
    }

    #[test]
    fn one_that_hangs_and_one_that_cuts_connections_stand_as_they_were_seen() {
        for lost in [
            (PassEnd::Done, Some(vec![lost("a"), lost("b"), lost("*")])),
            (PassEnd::Deadline, None),
        ] {
            let mut passes = Passes::default();
            end(&mut passes, 10, PassEnd::Done, Some(vec![edited("a")]));
            assert_eq!(standing(&passes), (vec![("a", None)], 0));
            for second in [20, 30] {
                end(&mut passes, second, lost.0.clone(), lost.1.clone());
                let (stands, why) = standing(&passes);
                assert_eq!(stands, [("a", Some(at(10)))]);
                assert!(why > 0);
            }
            end(&mut passes, 40, PassEnd::Skipped, None);
            assert_eq!(standing(&passes).0, [("a", Some(at(10)))]);
            assert!(standing(&passes).1 > 0);
            end(&mut passes, 50, PassEnd::Done, Some(vec![edited("b")]));
            assert_eq!(standing(&passes), (vec![("b", None)], 0));
        }
    }
}
