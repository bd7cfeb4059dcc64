//! A board of any size, made up: every state that a page has to show, the same for the same numbers.
//!
//! The declarations are real ones, compiled; what passes saw is not. One cluster is compiled and copied under other names.

#[path = "made_up/findings.rs"]
mod findings;

use jiff::{SignedDuration, Timestamp};
use keyfleet::connect::{Phase, TokenState};
use keyfleet::declare;
use keyfleet::desire::{self, Cell, Desired, DesiredSecret};
use keyfleet::diagnostics::{Diagnostics, Place, Sources};
use keyfleet::drift::{Coverage, Written};
use keyfleet::drift::{Finding, Standing};
use keyfleet::names::{ClusterName, VaultName};
use keyfleet::observe::live::Health;
use keyfleet::plan::{self, Kind, Scope};
use keyfleet::report::{SecretState, SecretStatus};
use keyfleet::serve::Board;
use keyfleet::serve::board::{
    Breaker, ClusterState, Followed, Misdeclared, Pass, PassEnd, Passes, Permission, ReportMade,
    SourceState, Standing as Writer, Trigger, VaultState,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How large it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) clusters: usize,
    pub(crate) secrets: usize,
}

/// The time of every made-up board.
pub(crate) fn now() -> Timestamp {
    "2026-11-28T16:49:24Z".parse().unwrap()
}

fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

/// A fleet in which all of it happens at once.
pub(crate) fn board(shape: Shape) -> Board {
    let (desired, problems, sources) = compiled(shape);
    let desired = Arc::new(desired);
    let board = Board::default();
    board.write(|known| {
        known.standing = Writer::Active { since: ago(93_000) };
        known.source = Arc::new(SourceState {
            name: "acme-fleet".to_owned(),
            followed: Some(Arc::new(Followed {
                revision: "3f2a9c1d0e4b5a6978c0d1e2f3a4b5c6d7e8f901".to_owned(),
                since: ago(4_000),
                desired: desired.clone(),
                problems: Arc::new(problems),
                sources: Arc::new(sources),
            })),
            fetched: Some(ago(21)),
            failure: None,
            held: None,
        });
        for (index, cell) in desired.cells.iter().enumerate() {
            known
                .clusters
                .insert(cell.cluster.clone(), Arc::new(cluster(index, cell)));
        }
        for (name, vault) in &desired.vaults {
            let vault = VaultState {
                desired: vault.clone(),
                passes: vault_passes(name),
                health: Some(Ok(health())),
                token: Some(TokenState {
                    source: "a login".to_owned(),
                    phase: Phase::Kept,
                    expires_at: Some(now() + SignedDuration::from_hours(60)),
                    trouble: None,
                }),
                health_at: Some(ago(31)),
                own_address: None,
            };
            known.vaults.insert(name.clone(), Arc::new(vault));
        }
        known.reports = Arc::new(reports());
    });
    board
}

/// Two clusters get an error in their declarations: one that was seen before, and one of which nothing more is known.
pub(crate) fn misdeclare(board: &Board) {
    board.write(|known| {
        let seen = known.clusters.keys().nth(3).cloned();
        let never = ClusterName::parse("wrong").unwrap();
        known.misdeclared = Arc::new(misdeclared(seen.into_iter().chain([never])));
    });
}

fn misdeclared(names: impl Iterator<Item = ClusterName>) -> BTreeMap<ClusterName, Misdeclared> {
    let error = |name: ClusterName| {
        let misdeclared = Misdeclared {
            why: "there is no field `tll` here".to_owned(),
            hint: Some("did you mean `ttl`?".to_owned()),
            place: Some(Place {
                line: 16,
                ..Place::file(&format!("clusters/{name}/cluster.yaml"))
            }),
            since: ago(4_000),
        };
        (name, misdeclared)
    };
    names.map(error).collect()
}

fn compiled(shape: Shape) -> (Desired, Diagnostics, Sources) {
    let mut sources = Sources::new();
    let mut add = |path: &str, text: String| drop(sources.insert(path.to_owned(), text.into()));
    add("fleet.yaml", FLEET.to_owned());
    add(
        "policies/platform-read.hcl",
        "path \"kv/data/platform/*\" {\n  capabilities = [\"read\"]\n}\n".to_owned(),
    );
    add("clusters/model/cluster.yaml", CLUSTER.to_owned());
    add(
        "clusters/wrong/cluster.yaml",
        CLUSTER
            .replace("model", "wrong")
            .replace("ttl: 1h", "tll: 1h"),
    );
    for index in 0..shape.secrets {
        add(
            &format!("clusters/model/app-{index:03}.yaml"),
            secret(index),
        );
    }
    let mut problems = Diagnostics::default();
    let declarations = declare::load(&sources, &[], &mut problems);
    let mut desired = desire::resolve(&declarations, &mut problems);
    let model = desired.cells.first().expect("the model compiles").clone();
    desired.cells = (0..shape.clusters)
        .map(|index| Arc::new(copy(&model, index)))
        .collect();
    (desired, problems, sources)
}

fn copy(model: &Cell, index: usize) -> Cell {
    let (env, region) = (
        ["prod", "staging", "dev"][index % 3],
        ["eu", "us", "ap"][index / 3 % 3],
    );
    let name = format!("{env}-{region}-{index:03}");
    let moved = |place: &Place| Place {
        file: place.file.replace("model", &name).into(),
        ..place.clone()
    };
    let mut cell = model.clone();
    cell.cluster = ClusterName::parse(&name).unwrap();
    cell.place = moved(&cell.place);
    cell.labels = BTreeMap::from([
        ("env".to_owned(), env.to_owned()),
        ("region".to_owned(), region.to_owned()),
    ]);
    for secret in &mut cell.secrets {
        secret.place = moved(&secret.place);
        for assignment in &mut secret.assignments {
            assignment.place = moved(&assignment.place);
        }
    }
    cell
}

const FLEET: &str = "apiVersion: keyfleet.dev/v1alpha1
kind: Fleet
metadata:
  name: acme
spec:
  vaults:
    main:
      address: https://vault.acme.example:8200
      kvMounts:
        - path: kv
          version: 2
        - path: legacy
          version: 1
";

const CLUSTER: &str = "apiVersion: keyfleet.dev/v1alpha1
kind: Cluster
metadata:
  name: model
spec:
  server: https://model.k8s.example:6443
  certificateAuthority:
    pem: |
      -----BEGIN CERTIFICATE-----
      MIIBeDCCAR+gAwIBAgIBATAKBggqhkjOPQQDAjAYMRYwFAYDVQQDDA1rdWJlcm5l
      -----END CERTIFICATE-----
  connect:
    kubeconfig:
      context: model
  access: derived
  ttl: 1h
";

fn secret(index: usize) -> String {
    let namespace = ["shop", "billing", "search"][index % 3];
    format!(
        "apiVersion: kubernetes-client.io/v1
kind: ExternalSecret
metadata:
  name: app-{index:03}
  namespace: {namespace}
spec:
  backendType: vault
  data:
    - key: kv/data/{namespace}/app-{index:03}
      name: username
      property: username
    - key: kv/data/{namespace}/app-{index:03}
      name: password
      property: password
    - key: kv/data/shared/mail
      name: mail.json
"
    )
}

/// Of forty clusters some have something of their own.
fn cluster(index: usize, cell: &Arc<Cell>) -> ClusterState {
    let last = pass(index, findings::of_cluster(index, cell));
    let secrets = states(cell, &last.findings);
    let is_seen = index % 40 != 38;
    ClusterState {
        cell: cell.clone(),
        passes: if is_seen {
            passes(index, last)
        } else {
            Passes::default()
        },
        secrets: Arc::new(secrets),
        breaker: if index % 40 == 3 {
            Breaker::Open {
                since: ago(1_260),
                next: now() + SignedDuration::from_secs(140),
            }
        } else {
            Breaker::Closed
        },
    }
}

/// Two passes: what is found was found before.
fn passes(index: usize, mut last: Pass) -> Passes {
    let looks_only = match index % 40 {
        23 => Some("outside its windows until Monday 06:00 Europe/Berlin"),
        39 => Some("suspended"),
        _ => None,
    };
    match index % 40 {
        3 => last.end = PassEnd::Skipped,
        13 => last.end = PassEnd::Deadline,
        33 => last.began = ago(3 * 86_400),
        _ => {}
    }
    let age = if last.findings.is_empty() {
        40 + index * 7 % 500
    } else {
        3_600 * (index % 40)
    };
    let mut passes = Passes::default();
    ended(
        &mut passes,
        Pass {
            began: ago(5_400),
            ..pass(index, last.findings.clone())
        },
    );
    ended(&mut passes, last);
    passes.last_success = Some(ago(i64::try_from(age).unwrap()));
    passes.running = index.is_multiple_of(17).then(|| ago(2));
    if let Some(why) = looks_only {
        passes.permission = Permission::ReportOnly {
            why: why.to_owned(),
        };
    }
    passes
}

fn pass(index: usize, findings: Vec<Finding>) -> Pass {
    Pass {
        run: format!("{index:08x}"),
        revision: "3f2a9c1d0e4b".to_owned(),
        began: ago(15 + i64::try_from(index * 13 % 280).unwrap()),
        took: Duration::from_millis(80 + u64::try_from(index * 37 % 900).unwrap()),
        why: Trigger::Period,
        end: PassEnd::Done,
        written: written(index),
        notes: notes(index),
        findings,
        looked_at: 106,
        seen: None,
    }
}

fn written(index: usize) -> Vec<Written> {
    if !index.is_multiple_of(20) {
        return Vec::new();
    }
    let finding = findings::of_vault(&VaultName::main());
    let failure = "failed to write auth/prod-eu/role/prod-eu-role: permission denied";
    let write = |failure, second| Written {
        finding: finding.clone(),
        failure,
        at: ago(second),
    };
    vec![write(None, 14), write(Some(failure.to_owned()), 13)]
}

fn notes(index: usize) -> Vec<plan::Finding> {
    if !index.is_multiple_of(8) {
        return Vec::new();
    }
    let text =
        "policy model-kv-rw, made by hand, grants more than the declarations use: kv/data/model/*";
    let hint = "write `access: derived` and `adopt: true` to narrow it to what is used";
    vec![plan::Finding {
        edited: None,
        scope: Scope::Vault(VaultName::main()),
        warning: index.is_multiple_of(16),
        text: text.to_owned(),
        hint: Some(hint.to_owned()),
        place: Some(Place::file("clusters/model/cluster.yaml")),
    }]
}

/// As their findings say.
fn states(cell: &Cell, findings: &[Finding]) -> Vec<SecretStatus> {
    let of = |name: &str| {
        let found = findings
            .iter()
            .find(|finding| finding.target.kind == Kind::Secret && finding.target.name == name);
        match found.map(|finding| &finding.standing) {
            None => SecretState::InSync,
            Some(Standing::Blocked { why, status, .. }) => SecretState::Failed {
                status: *status,
                why: why.clone(),
            },
            Some(Standing::Unread(failure)) => SecretState::NotKnown {
                status: failure.status,
                why: failure.to_string(),
            },
            Some(Standing::ToChange(difference) | Standing::Held { difference, .. }) => {
                SecretState::OutOfSync(difference.summary.clone())
            }
            Some(Standing::Waiting { why, .. }) => SecretState::OutOfSync(why.clone()),
        }
    };
    let mut states: Vec<SecretStatus> = cell
        .secrets
        .iter()
        .enumerate()
        .map(|(number, secret)| {
            let name = secret.id.to_string();
            SecretStatus {
                state: of(&name),
                name,
                versions: versions(secret),
                last_sync: Some(ago(i64::try_from(number).unwrap() * 4_000).to_string()),
            }
        })
        .collect();
    states.sort_by(|left, right| left.name.cmp(&right.name));
    states
}

fn vault_passes(vault: &VaultName) -> Passes {
    let mut passes = Passes::default();
    ended(
        &mut passes,
        Pass {
            began: ago(31),
            ..pass(1, vec![findings::of_vault(vault)])
        },
    );
    passes.last_success = Some(ago(8_000));
    passes
}

fn health() -> Health {
    Health {
        initialized: true,
        sealed: false,
        standby: false,
        version: "2.7.2".to_owned(),
        cluster_name: None,
        high_availability: Some("https://vault-0.vault:8200".to_owned()),
    }
}

fn reports() -> Vec<ReportMade> {
    (0..5)
        .map(|day| ReportMade {
            schedule: "daily".to_owned(),
            at: ago(30_000 + day * 86_400),
            caught_up: (day == 2).then(|| ago(34_000 + day * 86_400)),
            new: [2, 0, 5, 1, 0][usize::try_from(day).unwrap()],
            known: 14,
            resolved: 3,
            coverage: Coverage {
                clusters: 45,
                clusters_missed: [0, 21, 0, 0, 0][usize::try_from(day).unwrap()],
                vaults: 1,
                vaults_missed: 0,
            },
            sinks: vec![
                ("archive".to_owned(), None),
                (
                    "team-chat".to_owned(),
                    (day == 1).then(|| "answered with status 500".to_owned()),
                ),
            ],
        })
        .collect()
}

fn versions(secret: &DesiredSecret) -> Vec<(String, Option<u64>)> {
    let paths = secret.references().into_iter();
    paths.map(|from| (from.api_path(), Some(3))).collect()
}

/// A pass ended; one that left nothing is a success.
pub(crate) fn ended(passes: &mut Passes, mut pass: Pass) {
    if pass.end == PassEnd::Done {
        pass.seen = Some(pass.began);
    }
    if pass.end == PassEnd::Done && pass.findings.is_empty() {
        passes.last_success = Some(pass.began);
    }
    passes.record(Arc::new(pass));
}
