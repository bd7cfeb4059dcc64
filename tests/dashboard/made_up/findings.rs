//! What made-up passes found: of each kind one, on clusters that are told by their number.

use keyfleet::desire::Cell;
use keyfleet::drift::{Difference, Finding, Standing};
use keyfleet::names::VaultName;
use keyfleet::observe::{Failure, FailureClass};
use keyfleet::plan::{Action, Cause, Concern, FieldChange, Kind, Reason, Scope, Target};

/// What the last pass of a cluster found.
pub(crate) fn of_cluster(index: usize, cell: &Cell) -> Vec<Finding> {
    let found = Finder { cell };
    match index % 40 {
        3 => found.unread().into(),
        5 => vec![found.widened(), found.edited()],
        9 => vec![found.blocked()],
        15 => vec![found.moved()],
        19 => vec![found.rotated()],
        25 => vec![found.foreign()],
        29 => vec![found.role(), found.waiting()],
        _ => Vec::new(),
    }
}

pub(crate) fn of_vault(vault: &VaultName) -> Finding {
    let mut difference = difference("no longer declared", Cause::Pending);
    difference.action = Action::Delete;
    difference.reason = Reason::NoLongerDeclared;
    Finding {
        target: Target {
            scope: Scope::Vault(vault.clone()),
            kind: Kind::AuthMount,
            name: "auth/old-cluster".to_owned(),
        },
        standing: Standing::Held {
            difference,
            why: vec![Concern::DeletesMount, Concern::EmptiesScope],
            id: "a1b2c3d4".to_owned(),
        },
        fields: Vec::new(),
        place: None,
    }
}

struct Finder<'a> {
    cell: &'a Cell,
}

impl Finder<'_> {
    fn find(&self, kind: Kind, name: &str, standing: Standing) -> Finding {
        Finding {
            target: Target {
                scope: Scope::Cluster(self.cell.cluster.clone()),
                kind,
                name: name.to_owned(),
            },
            standing,
            fields: Vec::new(),
            place: Some(self.cell.place.clone()),
        }
    }

    fn of_secret(&self, number: usize, standing: Standing) -> Finding {
        let Some(secret) = self.cell.secrets.get(number) else {
            return self.find(Kind::Secret, "shop/none", standing);
        };
        Finding {
            place: Some(secret.place.clone()),
            ..self.find(Kind::Secret, &secret.id.to_string(), standing)
        }
    }

    /// Several objects, for one and the same failure.
    fn unread(&self) -> [Finding; 3] {
        let failure = |request: &str| {
            let failure = Failure::new(FailureClass::TimedOut, request, "no answer within 10 s");
            Standing::Unread(failure.hint("see whether its API server is up"))
        };
        let system = failure("read the namespace kube-system");
        [
            self.find(Kind::Namespace, "kube-system", system),
            self.of_secret(0, failure("list Secrets")),
            self.of_secret(1, failure("list Secrets")),
        ]
    }

    fn widened(&self) -> Finding {
        let cause = Cause::Drift {
            by: None,
            since: Some("2026-11-28T14:02:11Z".to_owned()),
        };
        let paths = (0..14).map(|number| format!("kv/data/shop/app-{number:03}"));
        Finding {
            fields: paths.map(|path| field(&path, None, Some("read"))).collect(),
            ..self.find(Kind::Policy, "model-kv-rw", to_change("14 changes", cause))
        }
    }

    fn edited(&self) -> Finding {
        let cause = Cause::Drift {
            by: Some("kubectl-edit".to_owned()),
            since: Some("2026-11-28T15:55:00Z".to_owned()),
        };
        Finding {
            fields: vec![field("password", None, None)],
            ..self.of_secret(1, to_change("key password changed", cause))
        }
    }

    fn blocked(&self) -> Finding {
        let why = "key password: model-role may not read kv/data/test/test: model-kv-rw grants kv/data/shop/*";
        let hint = "grant the path in `access`, or refer to a path that is granted";
        let standing = Standing::Blocked {
            why: why.to_owned(),
            hint: Some(hint.to_owned()),
            status: Some(403),
        };
        self.of_secret(0, standing)
    }

    fn moved(&self) -> Finding {
        let standing = Standing::Held {
            difference: difference("moves to another API server", Cause::Pending),
            why: vec![Concern::ServerChanges, Concern::CaChanges],
            id: "7c1e09ab".to_owned(),
        };
        let (before, after) = (
            "https://old.k8s.example:6443",
            "https://model.k8s.example:6443",
        );
        Finding {
            fields: vec![field("kubernetes_host", Some(before), Some(after))],
            ..self.find(Kind::AuthConfig, "model", standing)
        }
    }

    fn rotated(&self) -> Finding {
        let cause = Cause::Rotation {
            from: Some(3),
            to: Some(4),
        };
        Finding {
            fields: vec![field("password", None, None)],
            ..self.of_secret(2, to_change("key password changed", cause))
        }
    }

    fn foreign(&self) -> Finding {
        let standing = Standing::Held {
            difference: difference("", Cause::Adopt),
            why: vec![Concern::NotOurs],
            id: "0f33c2d1".to_owned(),
        };
        let (before, after) = (
            "external-secrets/old",
            "external-secrets/kubernetes-external-secrets",
        );
        Finding {
            fields: vec![field("subjects", Some(before), Some(after))],
            ..self.find(Kind::Binding, "role-tokenreview-binding", standing)
        }
    }

    fn role(&self) -> Finding {
        Finding {
            fields: vec![field("token_ttl", Some("24h"), Some("1h"))],
            ..self.find(Kind::Role, "model-role", to_change("ttl", Cause::Pending))
        }
    }

    fn waiting(&self) -> Finding {
        let standing = Standing::Waiting {
            summary: "keys password, username".to_owned(),
            why: "once the role is written".to_owned(),
        };
        self.of_secret(3, standing)
    }
}

fn to_change(summary: &str, cause: Cause) -> Standing {
    Standing::ToChange(difference(summary, cause))
}

fn difference(summary: &str, cause: Cause) -> Difference {
    Difference {
        action: Action::Update,
        reason: Reason::Differs,
        cause,
        summary: summary.to_owned(),
    }
}

fn field(field: &str, before: Option<&str>, after: Option<&str>) -> FieldChange {
    FieldChange {
        field: field.to_owned(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    }
}
