//! What a Lease says, whose it is, and what is written into it. Computes only; the clock is handed in.
//!
//! Whoever holds it renews it; whoever else wants it watches it, and may take it once it was the same for as long as it
//! says that it lasts, by the watcher's own clock: the times inside are of another machine's clock, and for people. That
//! also goes for one without a holder, which somebody has made or edited by hand: who held it until then may not know yet.
//! Only what its holder has given up, which is said in an annotation, is free at once.

use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

/// Says that the last holder writes nothing more, and who that was.
const GIVEN_UP: &str = "keyfleet.dev/given-up-by";

/// With six digits, as the API server writes it: what is read again is what was sent.
fn written(time: Timestamp) -> String {
    format!("{time:.6}")
}

/// A Lease as it was read, whole.
#[derive(Debug, Clone)]
pub(super) struct Record(Value);

/// Whose a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    Ours,
    Free,
    /// Somebody else's, or nobody's for sure, until it was unchanged for so much longer.
    Taken(Duration),
}

/// One term of office, by which its holder knows it again: nobody else writes this pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) holder: String,
    pub(super) begun: String,
}

impl Term {
    pub(super) fn new(holder: &str, now: Timestamp) -> Self {
        Self {
            holder: holder.to_owned(),
            begun: written(now),
        }
    }
}

impl Record {
    pub(super) fn new(lease: Value) -> Self {
        Self(lease)
    }

    /// In place of a Lease that is missing. Nobody holds it yet, since who held one that was deleted may not know it.
    pub(super) fn missing(name: &str, duration: Duration) -> Self {
        Self(json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": name},
            "spec": {"leaseDurationSeconds": duration.as_secs()},
        }))
    }

    pub(super) fn lease(&self) -> &Value {
        &self.0
    }

    fn spec(&self, field: &str) -> Option<&str> {
        self.0["spec"][field]
            .as_str()
            .filter(|text| !text.is_empty())
    }

    pub(super) fn holder(&self) -> Option<&str> {
        self.spec("holderIdentity")
    }

    /// How many terms of office there were, this one included.
    pub(super) fn epoch(&self) -> u64 {
        self.0["spec"]["leaseTransitions"].as_u64().unwrap_or(0)
    }

    /// As its holder has promised, but not less than our own settings say: it may have been edited by hand.
    fn duration(&self, ours: Duration) -> Duration {
        let promised = self.0["spec"]["leaseDurationSeconds"].as_u64();
        promised.map_or(ours, |seconds| Duration::from_secs(seconds).max(ours))
    }

    /// Whether nothing was written in between.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        ["uid", "resourceVersion"]
            .iter()
            .all(|field| self.0["metadata"][field] == other.0["metadata"][field])
    }

    pub(super) fn is_of(&self, term: &Term) -> bool {
        self.holder() == Some(term.holder.as_str())
            && self.spec("acquireTime") == Some(term.begun.as_str())
    }

    fn is_given_up(&self) -> bool {
        self.holder().is_none() && self.0["metadata"]["annotations"][GIVEN_UP].is_string()
    }

    /// Whose it is. `unchanged` is how long we have seen it as it is.
    pub(super) fn claim(&self, term: Option<&Term>, unchanged: Duration, ours: Duration) -> Claim {
        if term.is_some_and(|term| self.is_of(term)) {
            return Claim::Ours;
        }
        let left = self.duration(ours).saturating_sub(unchanged);
        if self.is_given_up() || left.is_zero() {
            Claim::Free
        } else {
            Claim::Taken(left)
        }
    }

    /// The record of a new term.
    pub(super) fn taken(&self, term: &Term, duration: Duration) -> Self {
        let mut next = self.with_times(Some(&term.begun), Some(&term.begun), duration);
        next.0["spec"]["holderIdentity"] = term.holder.as_str().into();
        next.0["spec"]["leaseTransitions"] = (self.epoch() + 1).into();
        if let Some(annotations) = next.0["metadata"]["annotations"].as_object_mut() {
            annotations.remove(GIVEN_UP);
        }
        next
    }

    /// The same term, for another while.
    pub(super) fn renewed(&self, now: Timestamp, duration: Duration) -> Self {
        self.with_times(self.spec("acquireTime"), Some(&written(now)), duration)
    }

    /// Free at once.
    pub(super) fn given_up(&self, duration: Duration) -> Self {
        let mut next = self.with_times(None, None, duration);
        next.0["metadata"]["annotations"][GIVEN_UP] = self.holder().into();
        next.0["spec"]["holderIdentity"] = Value::Null;
        next
    }

    fn with_times(&self, begun: Option<&str>, renewed: Option<&str>, duration: Duration) -> Self {
        let mut next = self.clone();
        let spec = &mut next.0["spec"];
        spec["acquireTime"] = begun.into();
        spec["renewTime"] = renewed.into();
        // A duration that somebody has changed by hand goes back to the one that this process lives by.
        spec["leaseDurationSeconds"] = duration.as_secs().into();
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(10);
    const NONE: Duration = Duration::ZERO;

    fn now() -> Timestamp {
        "2026-11-28T16:00:00.25Z".parse().unwrap()
    }

    fn term(holder: &str) -> Term {
        Term::new(holder, now())
    }

    fn missing() -> Record {
        Record::missing("keyfleet", LEASE)
    }

    #[test]
    fn a_term_is_written_as_kubernetes_writes_it() {
        let mut lease = missing();
        lease.0["metadata"]["resourceVersion"] = "7".into();
        lease.0["spec"]["preferredHolder"] = "somebody".into();
        let taken = lease.taken(&term("a"), LEASE);
        assert_eq!(
            taken.0["spec"],
            json!({
                "holderIdentity": "a",
                "acquireTime": "2026-11-28T16:00:00.250000Z",
                "renewTime": "2026-11-28T16:00:00.250000Z",
                "leaseDurationSeconds": 10,
                "leaseTransitions": 1,
                "preferredHolder": "somebody",
            })
        );
        assert_eq!(taken.0["metadata"]["resourceVersion"], "7");
        assert_eq!(taken.taken(&term("b"), LEASE).epoch(), 2);
        let later = now() + Duration::from_secs(3);
        let renewed = taken.renewed(later, LEASE);
        assert_eq!(
            renewed.0["spec"]["renewTime"],
            "2026-11-28T16:00:03.250000Z"
        );
        assert_eq!((renewed.epoch(), renewed.is_of(&term("a"))), (1, true));
    }

    #[test]
    fn a_term_is_ours_only_if_we_have_begun_it() {
        let ours = missing().taken(&term("a"), LEASE);
        let claim = |term: Option<&Term>| ours.claim(term, NONE, LEASE);
        assert_eq!(claim(Some(&term("a"))), Claim::Ours);
        assert_eq!(claim(Some(&term("b"))), Claim::Taken(LEASE));
        // Our name, put there by hand: somebody else may still write.
        assert_eq!(claim(None), Claim::Taken(LEASE));
        let later = Term::new("a", now() + Duration::from_secs(1));
        assert_eq!(claim(Some(&later)), Claim::Taken(LEASE));
    }

    #[test]
    fn what_did_not_change_for_as_long_as_it_says_is_free() {
        let mut record = missing().taken(&term("a"), LEASE);
        let claim =
            |record: &Record, seconds| record.claim(None, Duration::from_secs(seconds), LEASE);
        assert_eq!(claim(&record, 4), Claim::Taken(Duration::from_secs(6)));
        assert_eq!(claim(&record, 10), Claim::Free);
        record.0["spec"]["leaseDurationSeconds"] = 60.into();
        assert_eq!(claim(&record, 10), Claim::Taken(Duration::from_secs(50)));
        record.0["spec"]["leaseDurationSeconds"] = 1.into();
        assert_eq!(claim(&record, 4), Claim::Taken(Duration::from_secs(6)));
        record.0["spec"] = json!({});
        assert_eq!(claim(&record, 9), Claim::Taken(Duration::from_secs(1)));
        record.0["spec"] = json!({"holderIdentity": 7, "leaseDurationSeconds": "long"});
        assert_eq!(claim(&record, 10), Claim::Free);
    }

    #[test]
    fn only_what_its_holder_gave_up_is_free_at_once() {
        let held = missing().taken(&term("a"), LEASE);
        let given_up = held.given_up(LEASE);
        assert_eq!(given_up.claim(Some(&term("a")), NONE, LEASE), Claim::Free);
        assert_eq!((given_up.holder(), given_up.epoch()), (None, 1));

        let mut cleared = held;
        cleared.0["spec"]["holderIdentity"] = Value::Null;
        cleared.0["spec"]["renewTime"] = Value::Null;
        for record in [&cleared, &missing()] {
            assert_eq!(record.claim(None, NONE, LEASE), Claim::Taken(LEASE));
        }
        // The sign does not outlive the term that follows.
        let mut next = given_up.taken(&term("b"), LEASE);
        next.0["spec"]["holderIdentity"] = "".into();
        assert_eq!(next.claim(None, NONE, LEASE), Claim::Taken(LEASE));
    }
}
