//! Reviews as they come out of a comparison, made by hand: one with something of everything, one with the same name everywhere,
//! one that is large.

use keyfleet::diagnostics::Place;
use keyfleet::plan::FieldChange;
use keyfleet::report::review::{About, Reviewed};
use keyfleet::review::{
    AccessChange, Allowed, Answer, ApprovalChange, Audience, Change, ClusterChange, Critical,
    Follows, KeyChange, Meaning, Membership, PolicyChange, Presence, Problem, Problems, Proof,
    Question, Reached, Review, SecretChange, SecretMove, Source, Unknown, VaultChange, Verdict,
};
use std::collections::BTreeSet;

#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) about: About,
    pub(crate) review: Review,
}

impl Made {
    pub(crate) fn reviewed(&self) -> Reviewed<'_> {
        Reviewed {
            about: &self.about,
            review: &self.review,
        }
    }
}

pub(crate) fn about(name: &str) -> About {
    About {
        repository: name.to_owned(),
        base: "0fc4d83".to_owned(),
        head: "8bce4bb".to_owned(),
        notes: Vec::new(),
        files: 7,
        gone: BTreeSet::new(),
    }
}

pub(crate) fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

pub(crate) fn place(file: &str, line: usize) -> Place {
    Place {
        line,
        ..Place::file(file)
    }
}

pub(crate) fn field(name: &str, before: Option<&str>, after: Option<&str>) -> FieldChange {
    FieldChange {
        field: name.to_owned(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    }
}

/// Of these clusters, at `file:line` of both sides.
pub(crate) fn change(
    meaning: Meaning,
    critical: &[Critical],
    clusters: &[&str],
    at: (&str, usize),
) -> Change {
    Change {
        meaning,
        critical: critical.to_vec(),
        clusters: set(clusters),
        follows: None,
        places: BTreeSet::from([place(at.0, at.1)]),
        before: BTreeSet::from([place(at.0, at.1)]),
        owners: BTreeSet::new(),
    }
}

/// The same, of which the head has no line.
pub(crate) fn removed(change: Change) -> Change {
    Change {
        places: BTreeSet::new(),
        ..change
    }
}

pub(crate) fn source(path: &str, property: Option<&str>) -> Source {
    Source {
        path: path.to_owned(),
        property: property.map(str::to_owned),
        base64: false,
        overwritten_by: None,
    }
}

pub(crate) fn key(
    name: Option<&str>,
    before: Option<Source>,
    after: Option<Source>,
    line: usize,
) -> KeyChange {
    KeyChange {
        key: name.map(str::to_owned),
        before,
        after,
        place: (line > 0).then(|| place("clusters/staging/checkout.yaml", line)),
    }
}

pub(crate) fn secret(name: &str, how: SecretMove, keys: Vec<KeyChange>) -> Meaning {
    Meaning::Secret(SecretChange {
        secret: name.to_owned(),
        how,
        keys,
        fields: Vec::new(),
    })
}

pub(crate) fn allowed(capabilities: &[&'static str]) -> Allowed {
    Allowed {
        capabilities: capabilities.iter().copied().collect(),
        conditions: Vec::new(),
        unknown: Vec::new(),
    }
}

pub(crate) fn access(path: &str, role: &str, before: Allowed, after: Allowed) -> AccessChange {
    AccessChange {
        vault: "main".to_owned(),
        role: role.to_owned(),
        path: path.to_owned(),
        before,
        after,
        reaches: Vec::new(),
        reaches_more: 0,
    }
}

/// Something of everything, in the order of a review.
pub(crate) fn rich() -> Made {
    let mut changes = critical();
    changes.extend(calm());
    Made {
        about: About {
            notes: vec!["the head is not merged with the base: 2 commits are missing".to_owned()],
            gone: set(&["clusters/old/cluster.yaml"]),
            ..about("acme")
        },
        review: Review {
            changes,
            unknown: vec![Unknown {
                what: "cluster prod-ap".to_owned(),
                why: "clusters/prod-ap/app.yaml:3 has an error".to_owned(),
                clusters: set(&["prod-ap"]),
            }],
            problems: Problems {
                new: vec![
                    Problem {
                        error: true,
                        place: place("clusters/prod-ap/app.yaml", 3),
                        message: "unknown field `taget`".to_owned(),
                        hint: Some("did you mean `target`?".to_owned()),
                    },
                    Problem {
                        error: false,
                        place: place("groups/all/mail.yaml", 7),
                        message: "`backendType` is old".to_owned(),
                        hint: None,
                    },
                ],
                standing: 1,
                solved: 2,
            },
            proof: Some(proof()),
        },
    }
}

fn critical() -> Vec<Change> {
    let server = Meaning::Onboarding(field(
        "server",
        Some("https://prod-eu.example:6443"),
        Some("https://eu-1.example:6443"),
    ));
    let leaves = Meaning::Cluster(ClusterChange {
        how: Membership::Leaves,
        vault: "main".to_owned(),
        secrets: 4,
        paths: 3,
    });
    let mut star = access(
        "kv/data/*",
        "staging/staging-role",
        allowed(&[]),
        allowed(&["read"]),
    );
    star.reaches = vec![Reached {
        path: "kv/data/prod-eu/checkout".to_owned(),
        used_by: set(&["prod-eu", "prod-us"]),
    }];
    star.reaches_more = 3;
    let redirected = secret(
        "shop/checkout",
        SecretMove::Changed,
        vec![
            key(
                Some("password"),
                Some(source("kv/data/staging/checkout", Some("password"))),
                Some(source("kv/data/prod-eu/checkout", Some("password"))),
                12,
            ),
            key(Some("user"), None, Some(source("kv/data/shared", None)), 9),
        ],
    );
    let deletes = Meaning::Deletes {
        secrets: 12,
        allowed: 10,
        all: true,
    };
    let approval = Meaning::Approval(ApprovalChange {
        id: "7c1e90ab".to_owned(),
        how: Presence::Added,
        reason: "moves to the new data centre".to_owned(),
        expires: None,
    });
    let denied = Meaning::Denied {
        role: "staging/staging-role".to_owned(),
        path: "kv/data/shared/mail".to_owned(),
        secrets: set(&["shop/mail"]),
    };
    let reaches = Critical::Reaches {
        what: "reaches sys/".to_owned(),
    };
    let unseen = Critical::UnseenPolicy {
        policy: "ops-admin".to_owned(),
    };
    let owned = |change: Change| Change {
        owners: set(&["@acme/platform", "ops@acme.example"]),
        ..change
    };
    vec![
        owned(change(
            server,
            &[Critical::ServerChanges],
            &["prod-eu"],
            ("clusters/prod-eu/cluster.yaml", 9),
        )),
        removed(change(
            leaves,
            &[Critical::ClusterGoes],
            &["old"],
            ("clusters/old/cluster.yaml", 3),
        )),
        change(
            deletes,
            &[Critical::DeletesBeyondBudget, Critical::EmptiesCluster],
            &["prod-us"],
            ("clusters/prod-us/cluster.yaml", 3),
        ),
        change(
            redirected,
            &[Critical::Redirected],
            &["staging"],
            ("clusters/staging/checkout.yaml", 4),
        ),
        change(
            denied,
            &[Critical::Denied],
            &["staging"],
            ("groups/all/mail.yaml", 9),
        ),
        change(
            Meaning::Access(star),
            &[reaches, Critical::Star, unseen],
            &["staging"],
            ("clusters/staging/cluster.yaml", 14),
        ),
        change(
            approval,
            &[Critical::ApprovalWithChanges],
            &[],
            ("approvals/move.yaml", 5),
        ),
    ]
}

fn calm() -> Vec<Change> {
    let all = ["prod-ap", "prod-eu", "prod-us", "staging", "test"];
    let mail = |how| {
        secret(
            "shop/mail",
            how,
            vec![key(
                Some("relay"),
                Some(source("kv/data/${cluster.name}/mail", Some("old"))),
                Some(source("kv/data/${cluster.name}/mail", Some("relay"))),
                0,
            )],
        )
    };
    let gone = secret(
        "shop/warehouse",
        SecretMove::Lost,
        vec![key(None, Some(source("kv/data/warehouse", None)), None, 0)],
    );
    let moved = SecretMove::Moved {
        from: set(&["test"]),
    };
    let renamed = SecretMove::Renamed {
        from: "shop/depot".to_owned(),
    };
    let follows = access(
        "kv/data/shared",
        "staging/staging-role",
        allowed(&[]),
        allowed(&["read"]),
    );
    let mut loosened = access(
        "kv/data/tools",
        "prod-eu/prod-eu-role",
        allowed(&["read", "list"]),
        allowed(&["read", "patch"]),
    );
    loosened.before.conditions = vec!["ticket = [12]".to_owned()];
    loosened.after.unknown = vec!["kv/data/{{identity.entity.name}}/*".to_owned()];
    let policy = Meaning::Policy(PolicyChange {
        policy: "platform-read".to_owned(),
        how: Presence::Changed,
        rules: vec![field(
            "kv/data/platform/*",
            Some("read"),
            Some("read, list"),
        )],
        has_effect: true,
        roles: set(&["prod-eu/prod-eu-role"]),
    });
    let vault = Meaning::Vault(VaultChange {
        vault: "main".to_owned(),
        how: Presence::Changed,
        fields: vec![field("kvMount legacy", None, Some("version 1"))],
    });
    let fleet = Meaning::Fleet(field("mode", Some("report"), Some("apply")));
    let change = |meaning, clusters: &[&str], at| change(meaning, &[], clusters, at);
    vec![
        change(
            Meaning::Onboarding(field("label tier", None, Some("gold"))),
            &["prod-eu"],
            ("clusters/prod-eu/cluster.yaml", 7),
        ),
        change(mail(SecretMove::Changed), &all, ("groups/all/mail.yaml", 4)),
        removed(change(
            gone,
            &["test"],
            ("clusters/test/warehouse.yaml", 24),
        )),
        change(mail(moved), &["staging"], ("clusters/staging/mail.yaml", 4)),
        change(mail(renamed), &["prod-eu"], ("clusters/prod-eu/x.yaml", 4)),
        change(
            Meaning::Access(loosened),
            &["prod-eu"],
            ("policies/tools.hcl", 2),
        ),
        change(policy, &[], ("policies/platform-read.hcl", 1)),
        change(vault, &[], ("fleet.yaml", 9)),
        Change {
            places: BTreeSet::new(),
            before: BTreeSet::new(),
            ..change(fleet, &[], ("", 0))
        },
        Change {
            follows: Some(Follows::Declarations),
            ..change(
                Meaning::Access(follows),
                &["staging"],
                ("clusters/staging/checkout.yaml", 9),
            )
        },
    ]
}

fn proof() -> Proof {
    let readable = |path: &str| Question::Readable {
        vault: "main".to_owned(),
        path: path.to_owned(),
        property: Some("password".to_owned()),
        role: "staging/staging-role".to_owned(),
    };
    let answer = |verdict, question, line| Answer {
        verdict,
        question,
        clusters: set(&["staging"]),
        place: Some(place("clusters/staging/checkout.yaml", line)),
    };
    let why = |text: &str| text.to_owned();
    Proof {
        audience: Audience::Everyone,
        left_out: 3,
        answers: vec![
            answer(
                Verdict::Refuted {
                    why: why("the newest version is deleted"),
                },
                readable("kv/data/prod-eu/checkout"),
                12,
            ),
            answer(
                Verdict::Open {
                    why: why("the cluster did not answer"),
                },
                Question::NameIsFree {
                    secret: "shop/new".to_owned(),
                },
                4,
            ),
            answer(
                Verdict::Proven { version: Some(3) },
                readable("kv/data/shared"),
                9,
            ),
        ],
    }
}

/// Everything that somebody else has a say in is called this.
pub(crate) fn called(name: &str) -> Made {
    let text = || name.to_owned();
    let one = || BTreeSet::from([text()]);
    let mut made = rich();
    made.about = About {
        repository: text(),
        base: text(),
        head: text(),
        notes: vec![text()],
        files: 1,
        gone: one(),
    };
    let fields = || {
        vec![
            field(name, Some(name), Some(name)),
            field(name, None, Some(name)),
        ]
    };
    for change in &mut made.review.changes {
        change.clusters = one();
        change.owners = one();
        change.places = BTreeSet::from([place(name, 3)]);
        change.before = BTreeSet::from([place(name, 3)]);
        for reason in &mut change.critical {
            match reason {
                Critical::Reaches { what } => *what = text(),
                Critical::UnseenPolicy { policy } => *policy = text(),
                _ => {}
            }
        }
        match &mut change.meaning {
            Meaning::Cluster(cluster) => {
                cluster.vault = text();
                cluster.how = Membership::Renamed { from: text() };
            }
            Meaning::Onboarding(change) | Meaning::Fleet(change) => *change = fields().remove(0),
            Meaning::Deletes { .. } => {}
            Meaning::Secret(secret) => call_secret(secret, name),
            Meaning::Denied {
                role,
                path,
                secrets,
            } => (*role, *path, *secrets) = (text(), text(), one()),
            Meaning::Access(access) => call_access(access, name),
            Meaning::Policy(policy) => {
                (policy.policy, policy.roles, policy.rules) = (text(), one(), fields());
            }
            Meaning::Vault(vault) => (vault.vault, vault.fields) = (text(), fields()),
            Meaning::Rule(rule) => (rule.rule, rule.fields) = (text(), fields()),
            Meaning::Approval(approval) => {
                (approval.id, approval.reason) = (text(), text());
                approval.expires = fields().pop();
            }
            Meaning::Owners { file, .. } => *file = text(),
        }
    }
    made.review.unknown = vec![Unknown {
        what: text(),
        why: text(),
        clusters: one(),
    }];
    for problem in &mut made.review.problems.new {
        (problem.message, problem.hint, problem.place) = (text(), Some(text()), place(name, 1));
    }
    call_proof(made.review.proof.as_mut().unwrap(), name);
    made
}

fn call_secret(secret: &mut SecretChange, name: &str) {
    let text = || name.to_owned();
    secret.secret = text();
    secret.how = match &secret.how {
        SecretMove::Renamed { .. } => SecretMove::Renamed { from: text() },
        SecretMove::Moved { .. } => SecretMove::Moved {
            from: BTreeSet::from([text()]),
        },
        other => other.clone(),
    };
    secret.fields = vec![field(name, Some(name), Some(name))];
    let all = source(name, Some(name));
    let own = Source {
        overwritten_by: Some(text()),
        ..all
    };
    for key in &mut secret.keys {
        key.key = key.key.as_ref().map(|_| text());
        key.before = key.before.as_ref().map(|_| own.clone());
        key.after = key.after.as_ref().map(|_| own.clone());
        key.place = Some(place(name, 2));
    }
}

fn call_access(access: &mut AccessChange, name: &str) {
    let text = || name.to_owned();
    (access.vault, access.role, access.path) = (text(), text(), format!("{name}*"));
    access.before.conditions = vec![text()];
    access.after.unknown = vec![text(), text()];
    access.reaches = vec![Reached {
        path: text(),
        used_by: BTreeSet::from([text()]),
    }];
}

fn call_proof(proof: &mut Proof, name: &str) {
    let text = || name.to_owned();
    for answer in &mut proof.answers {
        answer.clusters = BTreeSet::from([text()]);
        answer.place = Some(place(name, 1));
        match &mut answer.verdict {
            Verdict::Refuted { why } | Verdict::Open { why } => *why = text(),
            Verdict::Proven { .. } => {}
        }
        match &mut answer.question {
            Question::Readable {
                vault,
                path,
                property,
                role,
            } => (*vault, *path, *property, *role) = (text(), text(), Some(text()), text()),
            Question::NameIsFree { secret } => *secret = text(),
        }
    }
}

/// So many changed Secrets with so many keys, every tenth critical, on 200 clusters; on fewer where the changes are many.
pub(crate) fn large(changes: usize, keys: usize) -> Made {
    let number = if changes > 1_000 { 20 } else { 200 };
    let clusters: Vec<String> = (0..number)
        .map(|number| format!("prod-{number:03}"))
        .collect();
    let clusters: Vec<&str> = clusters.iter().map(String::as_str).collect();
    let moved = (0..changes).map(|number| {
        let old = format!("kv/data/old/application-{number:05}");
        let new = format!("kv/data/new/application-{number:05}");
        let keys = (0..keys).map(|at| {
            let name = format!("key-{at}");
            key(
                Some(&name),
                Some(source(&old, None)),
                Some(source(&new, None)),
                at + 1,
            )
        });
        let meaning = secret(
            &format!("shop/application-{number:05}"),
            SecretMove::Changed,
            keys.collect(),
        );
        let critical = [Critical::Redirected];
        let critical = if number % 10 == 0 { &critical[..] } else { &[] };
        let reached = &clusters[number % 3..];
        change(
            meaning,
            critical,
            reached,
            ("groups/all/apps.yaml", number + 1),
        )
    });
    let mut changes: Vec<Change> = moved.collect();
    changes.sort_by_key(|change| change.critical.is_empty());
    Made {
        about: about("large"),
        review: Review {
            changes,
            ..Review::default()
        },
    }
}
