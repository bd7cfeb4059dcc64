//! Texts that somebody else wrote: from a repository, a server, an address. None becomes markup, on any page.

use super::made_up;
use super::markup::{links, must_be_usable};
use super::site::{MAIN, Site};
use keyfleet::diagnostics::{Diagnostic, Diagnostics, Place, Sources};
use keyfleet::drift::{Coverage, Written};
use keyfleet::drift::{Difference, Finding, Standing as Found};
use keyfleet::observe::live::Health;
use keyfleet::observe::{Failure, FailureClass};
use keyfleet::plan::{self, Cause, Concern, FieldChange, Kind, Scope, Target};
use keyfleet::report::{SecretState, SecretStatus};
use keyfleet::serve::Board;
use keyfleet::serve::board::{
    ClusterState, Followed, HeldRevision, Misdeclared, Pass, PassEnd, Permission, ReportMade,
    SourceState, Standing, Trigger, VaultState,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Ways out of a text, an attribute, a comment, a style, an address; and what hides or turns around what follows.
const CORPUS: [&str; 16] = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><svg/onload=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "' autofocus onfocus='alert(1)",
    "javascript:alert(1)",
    "--><b>",
    "]]><b>",
    "</title><b>",
    "</textarea></select><b>",
    "<style>*{display:none}</style>",
    "{{ 7*7 }}${7*7}<%= 7*7 %>",
    "&lt;b&gt;&#60;b&#62;",
    "\u{202e}gnp.exe\u{200b}\u{feff}\u{2066}",
    "\u{0}\u{1b}[31m\u{7f}<b\u{0}>",
];

/// The same text wherever a board holds a text that is not a checked name.
fn board(text: &str) -> Board {
    let board = made_up::board(made_up::Shape {
        clusters: 2,
        secrets: 2,
    });
    let said = || text.to_owned();
    board.write(|known| {
        known.standing = Standing::Standby {
            holder: Some(said()),
        };
        known.source = Arc::new(source(known.source.followed.as_ref().unwrap(), text));
        for state in known.clusters.values_mut() {
            *state = Arc::new(cluster(state, text));
        }
        for state in known.vaults.values_mut() {
            *state = Arc::new(vault(state, text));
        }
        let first = known.clusters.keys().next().cloned();
        let misdeclared = Misdeclared {
            why: said(),
            hint: Some(said()),
            place: Some(place(text)),
            since: made_up::now(),
        };
        let misdeclared = first.map(|name| (name, misdeclared));
        known.misdeclared = Arc::new(misdeclared.into_iter().collect());
        known.reports = Arc::new(vec![ReportMade {
            schedule: said(),
            at: made_up::now(),
            caught_up: Some(made_up::now()),
            new: 1,
            known: 1,
            resolved: 1,
            coverage: Coverage::default(),
            sinks: vec![(said(), Some(said()))],
        }]);
    });
    board
}

fn cluster(state: &ClusterState, text: &str) -> ClusterState {
    let mut cell = (*state.cell).clone();
    cell.labels = BTreeMap::from([(text.to_owned(), text.to_owned())]);
    text.clone_into(&mut cell.config.host);
    cell.place = place(text);
    for secret in &mut cell.secrets {
        secret.place = place(text);
        for assignment in &mut secret.assignments {
            assignment.place = place(text);
        }
    }
    let mut passes = state.passes.clone();
    passes.permission = Permission::ReportOnly {
        why: text.to_owned(),
    };
    made_up::ended(
        &mut passes,
        pass(text, &Scope::Cluster(cell.cluster.clone())),
    );
    ClusterState {
        cell: Arc::new(cell),
        passes,
        secrets: Arc::new(secrets(state, text)),
        breaker: state.breaker.clone(),
    }
}

fn vault(state: &VaultState, text: &str) -> VaultState {
    let mut desired = (*state.desired).clone();
    desired.address = Some(text.to_owned());
    desired.namespace = Some(text.to_owned());
    let mut passes = state.passes.clone();
    made_up::ended(&mut passes, pass(text, &Scope::Vault(desired.name.clone())));
    VaultState {
        desired: Arc::new(desired),
        passes,
        health: Some(Ok(Health {
            initialized: true,
            sealed: false,
            standby: false,
            version: text.to_owned(),
            cluster_name: Some(text.to_owned()),
            high_availability: Some(text.to_owned()),
        })),
        token: None,
        health_at: Some(made_up::now()),
        own_address: Some(text.to_owned()),
    }
}

fn place(text: &str) -> Place {
    Place {
        column: 2,
        length: 3,
        ..Place::file(text)
    }
}

fn source(followed: &Followed, text: &str) -> SourceState {
    let mut problems = Diagnostics::default();
    problems.push(Diagnostic::error(&place(text), text).hint(text));
    SourceState {
        name: text.to_owned(),
        followed: Some(Arc::new(Followed {
            revision: text.to_owned(),
            since: made_up::now(),
            desired: followed.desired.clone(),
            problems: Arc::new(problems),
            sources: Arc::new(Sources::from([(text.to_owned(), text.into())])),
        })),
        fetched: Some(made_up::now()),
        failure: Some(text.to_owned()),
        held: Some(HeldRevision {
            is_rewritten: true,
            from: text.to_owned(),
            to: text.to_owned(),
            why: text.to_owned(),
            since: made_up::now(),
        }),
    }
}

fn secrets(cluster: &ClusterState, text: &str) -> Vec<SecretStatus> {
    let declared = cluster.cell.secrets.iter();
    declared
        .map(|secret| SecretStatus {
            name: secret.id.to_string(),
            state: SecretState::Failed {
                status: Some(403),
                why: text.to_owned(),
            },
            last_sync: Some(text.to_owned()),
            versions: Vec::new(),
        })
        .collect()
}

fn pass(text: &str, scope: &Scope) -> Pass {
    let said = || text.to_owned();
    let findings = findings(text, scope);
    Pass {
        run: said(),
        revision: said(),
        began: made_up::now(),
        took: Duration::from_secs(1),
        why: Trigger::Start,
        end: PassEnd::Done,
        written: vec![Written {
            finding: findings[0].clone(),
            failure: Some(said()),
            at: made_up::now(),
        }],
        notes: vec![plan::Finding {
            edited: None,
            scope: scope.clone(),
            warning: true,
            text: said(),
            hint: Some(said()),
            place: Some(place(text)),
        }],
        findings,
        looked_at: 1,
        seen: None,
    }
}

/// One of every standing.
fn findings(text: &str, scope: &Scope) -> Vec<Finding> {
    let said = || text.to_owned();
    let finding = |(kind, standing)| Finding {
        target: Target {
            scope: scope.clone(),
            kind,
            name: said(),
        },
        standing,
        fields: vec![FieldChange {
            field: said(),
            before: Some(said()),
            after: Some(said()),
        }],
        place: Some(place(text)),
    };
    let waiting = Found::Waiting {
        summary: said(),
        why: said(),
    };
    let blocked = Found::Blocked {
        why: said(),
        hint: Some(said()),
        status: Some(403),
    };
    let failure = Failure::new(FailureClass::Server, text, text).hint(text);
    let rotation = Cause::Rotation {
        from: None,
        to: None,
    };
    let all = [
        (Kind::Secret, Found::ToChange(difference(text, drift(text)))),
        (Kind::Secret, Found::ToChange(difference(text, rotation))),
        (Kind::Policy, held(text)),
        (Kind::Role, waiting),
        (Kind::Binding, blocked),
        (Kind::AuthMount, Found::Unread(failure)),
    ];
    all.into_iter().map(finding).collect()
}

fn difference(text: &str, cause: Cause) -> Difference {
    Difference {
        action: plan::Action::Update,
        reason: plan::Reason::Differs,
        cause,
        summary: text.to_owned(),
    }
}

fn drift(text: &str) -> Cause {
    Cause::Drift {
        by: Some(text.to_owned()),
        since: Some(text.to_owned()),
    }
}

fn held(text: &str) -> Found {
    let said = || text.to_owned();
    Found::Held {
        difference: difference(text, drift(text)),
        why: vec![
            Concern::OtherInstallation(said()),
            Concern::Widens(vec![said()]),
            Concern::ControllerOwned(said()),
            Concern::SuccessorMissing(said()),
        ],
        id: said(),
    }
}

/// What never stands in a page as it is: it cannot be seen, or it turns around what follows.
fn is_hidden(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || character.is_control() && character != '\n'
}

#[tokio::test]
async fn no_text_becomes_markup_on_any_page() {
    for text in CORPUS {
        let site = Site::of(board(text));
        let name = site.board.read().clusters.keys().next().unwrap().clone();
        let cluster = format!("/clusters/{name}");
        let mut paths: Vec<String> = MAIN.iter().map(|path| (*path).to_owned()).collect();
        paths.extend([
            cluster.clone(),
            format!("{cluster}/secrets/shop/app-000"),
            "/vaults/main".to_owned(),
        ]);
        for path in paths {
            let page = site.page(&path).await;
            // What is in the corpus would be an element or an attribute that no template has.
            must_be_usable(&page, &path);
            assert_eq!(page.find(is_hidden), None, "{path}: {text:?}");
            for link in links(&page) {
                assert!(
                    link.starts_with('/') && !link.starts_with("//"),
                    "{path}: {link}"
                );
            }
        }
        for path in ["/fleet", "/clusters", "/findings", "/held", "/reports"] {
            site.json(path).await;
        }
    }
}

#[tokio::test]
async fn what_a_reader_asks_for_comes_back_as_text() {
    let site = Site::made_up(2, 2);
    for text in CORPUS {
        let asked: String =
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                .to_string();
        for path in MAIN {
            for key in [
                "q",
                "state",
                "sort",
                "page",
                "cluster",
                "vault",
                "topic",
                "refresh",
                asked.as_str(),
            ] {
                let page = site.page(&format!("{path}?{key}={asked}")).await;
                must_be_usable(&page, path);
                assert_eq!(page.find(is_hidden), None, "{path}: {text:?}");
            }
        }
        let answer = site.get(&format!("/clusters/{asked}")).await;
        must_be_usable(&answer.body, text);
    }
}

/// The corpus is in the pages: what the test above looks for can be found.
#[tokio::test]
async fn the_texts_are_shown_and_not_swallowed() {
    let site = Site::of(board("<script>alert(1)</script>"));
    let name = site.board.read().clusters.keys().next().unwrap().clone();
    for path in [
        "/",
        "/findings",
        "/held",
        "/problems",
        "/reports",
        "/vaults/main",
        &format!("/clusters/{name}"),
    ] {
        let page = site.page(path).await;
        assert!(
            page.matches("&lt;script&gt;alert(1)").count() >= 3,
            "{path}"
        );
    }
}
