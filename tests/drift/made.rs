//! Findings and ledgers as a service makes them, on a clock of our own.

use jiff::Timestamp;
use keyfleet::diagnostics::Place;
use keyfleet::drift::{About, Difference, Finding, Ledger, Look, Report, Standing, Written};
use keyfleet::names::{ClusterName, VaultName};
use keyfleet::observe::{Failure, FailureClass};
use keyfleet::plan::{Action, Cause, FieldChange, Kind, Reason, Scope, Target};

/// So many minutes after nine.
pub(crate) fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_795_856_400 + minutes * 60).unwrap()
}

pub(crate) fn cluster(name: &str) -> Scope {
    Scope::Cluster(ClusterName::parse(name).unwrap())
}

pub(crate) fn vault() -> Scope {
    Scope::Vault(VaultName::parse("main").unwrap())
}

pub(crate) fn target(scope: &Scope, kind: Kind, name: &str) -> Target {
    Target {
        scope: scope.clone(),
        kind,
        name: name.to_owned(),
    }
}

pub(crate) fn finding(target: Target, reason: Reason, cause: Cause) -> Finding {
    let action = match reason {
        Reason::Missing => Action::Create,
        Reason::Differs => Action::Update,
        Reason::NoLongerDeclared => Action::Delete,
    };
    Finding {
        standing: Standing::ToChange(Difference {
            action,
            reason,
            cause,
            summary: String::new(),
        }),
        fields: Vec::new(),
        place: Some(Place {
            line: 5,
            ..Place::file(&format!("clusters/{}/app.yaml", place_name(&target)))
        }),
        target,
    }
}

fn place_name(target: &Target) -> String {
    match &target.scope {
        Scope::Cluster(name) => name.to_string(),
        Scope::Vault(name) => name.to_string(),
    }
}

pub(crate) fn drift(by: &str, minute: i64) -> Cause {
    Cause::Drift {
        by: Some(by.to_owned()),
        since: Some(at(minute).to_string()),
    }
}

/// A Secret that somebody edited.
pub(crate) fn edited(scope: &Scope, name: &str, by: &str, minute: i64) -> Finding {
    let secret = target(scope, Kind::Secret, name);
    let mut finding = finding(secret, Reason::Differs, drift(by, minute));
    finding.fields = vec![field("key password changed", None, None)];
    finding
}

pub(crate) fn field(name: &str, before: Option<&str>, after: Option<&str>) -> FieldChange {
    FieldChange {
        field: name.to_owned(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    }
}

pub(crate) fn missing(scope: &Scope, name: &str) -> Finding {
    let secret = target(scope, Kind::Secret, name);
    finding(secret, Reason::Missing, Cause::Pending)
}

/// A role that differs, as a plan without any record sees it.
pub(crate) fn role(cause: Cause) -> Finding {
    let role = target(&vault(), Kind::Role, "prod-eu/prod-eu-role");
    let mut finding = finding(role, Reason::Differs, cause);
    finding.fields = vec![field("token_ttl", Some("2h"), Some("1h"))];
    finding
}

pub(crate) fn unread(target: Target) -> Finding {
    let failure = Failure::new(FailureClass::Forbidden, "read it", "permission denied").status(403);
    Finding {
        target,
        standing: Standing::Unread(failure),
        fields: Vec::new(),
        place: None,
    }
}

pub(crate) fn written(finding: Finding, minute: i64) -> Written {
    Written {
        finding,
        failure: None,
        at: at(minute),
    }
}

/// A ledger and the little that its looks have in common.
pub(crate) struct Memory {
    pub(crate) ledger: Ledger,
    /// What names the declarations.
    pub(crate) declared: &'static str,
    pub(crate) full: bool,
    pub(crate) unfinished: Option<&'static str>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            ledger: Ledger::begin(at(0), None),
            declared: "first",
            full: false,
            unfinished: None,
        }
    }

    pub(crate) fn look(&mut self, scope: &Scope, minute: i64, found: &[Finding]) {
        self.look_and_write(scope, minute, found, &[]);
    }

    pub(crate) fn look_and_write(
        &mut self,
        scope: &Scope,
        minute: i64,
        found: &[Finding],
        written: &[Written],
    ) {
        self.ledger.observe(&Look {
            scope,
            declared: self.declared,
            revision: "38d9f83",
            unfinished: self.unfinished,
            at: at(minute),
            full: self.full,
            objects: 12,
            findings: found,
            notes: &[],
            written,
        });
    }

    /// The report of this schedule, told.
    pub(crate) fn tell(&mut self, schedule: &str, minute: i64) -> Report {
        let report = self.ledger.report(about(Some(schedule)), at(minute));
        let mark = self.ledger.mark(at(minute));
        self.ledger.told(schedule, mark);
        report
    }
}

pub(crate) fn about(schedule: Option<&str>) -> About {
    About {
        repository: "acme".to_owned(),
        revision: "38d9f83".to_owned(),
        installation: "acme".to_owned(),
        schedule: schedule.map(str::to_owned),
        due: None,
        problems: Vec::new(),
    }
}
