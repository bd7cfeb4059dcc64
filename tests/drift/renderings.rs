//! A report with something of everything, in each of its forms, held as it is.

use crate::made::*;
use jiff::Timestamp;
use keyfleet::diagnostics::Place;
use keyfleet::drift::{About, Line, Look, Problem, Report, Standing};
use keyfleet::plan::{self, Cause, Concern, Kind, Reason};
use keyfleet::report::Style;
use keyfleet::report::drift::{Format, render, slack, teams, text};
use serde_json::Value;

/// The report of a Monday: made late, the second of its schedule.
pub(crate) fn rich() -> Report {
    let (mut memory, north, south) = (Memory::new(), cluster("prod-eu"), cluster("prod-us"));
    let rotated = finding(
        target(&south, Kind::Secret, "shop/mail"),
        Reason::Differs,
        Cause::Rotation {
            from: Some(3),
            to: Some(4),
        },
    );
    memory.look(&vault(), 1, &[]);
    let names = ["shop/mail", "shop/undone"];
    memory.look(
        &north,
        1,
        &names.map(|name| edited(&north, name, "helm", 1)),
    );
    memory.look(&south, 1, std::slice::from_ref(&rotated));
    memory.tell("daily", 2);
    let put_back = [
        written(edited(&north, "shop/checkout", "kubectl-edit", 12), 14),
        written(missing(&north, "shop/gone"), 14),
    ];
    memory.look_and_write(&north, 13, &north_found(&north), &put_back);
    memory.look(
        &south,
        14,
        &[
            rotated,
            held(),
            unread(target(&south, Kind::Secret, "shop/payments")),
        ],
    );
    memory.look(&cluster("prod-ap"), 14, &[unclear()]);
    observe_notes(&mut memory);
    memory.ledger.not_looked_at(
        &cluster("staging"),
        "the breaker is open since 2026-11-28 09:03 UTC",
        at(20),
    );
    let about = About {
        due: Some(at(30)),
        problems: vec![Problem {
            message: "unknown field `taget`; did you mean `target`?".to_owned(),
            place: Line::from(&Place::file("clusters/staging/app.yaml")),
        }],
        ..about(Some("daily"))
    };
    memory.ledger.report(about, at(125))
}

fn north_found(north: &keyfleet::plan::Scope) -> Vec<keyfleet::drift::Finding> {
    let policy = target(&vault(), Kind::Policy, "prod-eu-kv-rw");
    let since = Cause::Drift {
        by: None,
        since: Some(at(9).to_string()),
    };
    let mut opened = finding(policy, Reason::Differs, since);
    opened.fields = vec![
        field("kv/*", Some("read"), None),
        field("kv/data/prod-eu/checkout", None, Some("read")),
    ];
    let mut blocked = missing(north, "shop/hello");
    blocked.standing = Standing::Blocked {
        why: "key password: prod-eu-role may not read kv/data/test: prod-eu-kv-rw grants kv/data/prod-eu/*".to_owned(),
        hint: Some("grant the path in `access`".to_owned()),
        status: Some(403),
    };
    let mut waiting = missing(north, "shop/later");
    waiting.standing = Standing::Waiting {
        summary: "keys password, username".to_owned(),
        why: "value read once prod-eu-role is as declared".to_owned(),
    };
    vec![
        edited(north, "shop/mail", "helm", 11),
        opened,
        role(Cause::Unrecorded),
        missing(north, "shop/warehouse"),
        blocked,
        waiting,
    ]
}

/// It was like this when somebody looked for the first time.
fn unclear() -> keyfleet::drift::Finding {
    let config = target(&vault(), Kind::AuthConfig, "prod-ap");
    let mut unclear = finding(config, Reason::Differs, Cause::Unrecorded);
    unclear.fields = vec![field(
        "kubernetes_host",
        Some("https://other.example"),
        Some("https://prod-ap.example"),
    )];
    unclear
}

fn held() -> keyfleet::drift::Finding {
    let mount = target(&vault(), Kind::AuthMount, "stage-us");
    let mut held = finding(mount, Reason::NoLongerDeclared, Cause::Pending);
    let Standing::ToChange(difference) = held.standing else {
        panic!("it would be changed");
    };
    held.place = None;
    held.standing = Standing::Held {
        difference,
        why: vec![Concern::DeletesMount],
        id: "7c1e0a2b".to_owned(),
    };
    held
}

fn observe_notes(memory: &mut Memory) {
    let note = plan::Finding {
        scope: vault(),
        warning: true,
        text: "role prod-eu/backdoor is declared by nobody".to_owned(),
        hint: Some("delete it in Vault if that is not meant".to_owned()),
        place: None,
        edited: None,
    };
    memory.ledger.observe(&Look {
        scope: &vault(),
        declared: "other",
        revision: "38d9f83",
        unfinished: None,
        at: at(15),
        full: false,
        objects: 4,
        findings: &[],
        notes: &[note],
        written: &[],
    });
}

/// Nothing was found, the first time somebody asked.
fn clean() -> Report {
    let mut memory = Memory::new();
    memory.look(&cluster("prod-eu"), 1, &[]);
    memory.ledger.report(about(None), at(1))
}

fn plain(width: usize) -> Style {
    Style {
        colour: false,
        width,
    }
}

#[test]
fn for_a_terminal_of_80_columns() {
    let text = text(&rich(), plain(80));
    insta::assert_snapshot!("text_80", text);
    let too_long: Vec<&str> = text
        .lines()
        .filter(|line| line.chars().count() > 80)
        .collect();
    assert_eq!(too_long, Vec::<&str>::new());
}

#[test]
fn for_a_terminal_of_160_columns() {
    insta::assert_snapshot!("text_160", text(&rich(), plain(160)));
}

#[test]
fn colour_adds_nothing_that_is_not_said() {
    let coloured = text(
        &rich(),
        Style {
            colour: true,
            width: 160,
        },
    );
    let mut bare = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        bare.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    bare.push_str(rest);
    assert_eq!(bare, text(&rich(), plain(160)));
}

#[test]
fn in_every_form() {
    for format in Format::ALL {
        let rendered = render(&rich(), format).replace(env!("CARGO_PKG_VERSION"), "VERSION");
        insta::assert_snapshot!(format!("{format:?}").to_lowercase(), rendered);
    }
    let pretty = |value: &Value| format!("{value:#}");
    insta::assert_snapshot!("slack", pretty(&slack(&rich(), Some("it.html in archive"))));
    insta::assert_snapshot!("teams", pretty(&teams(&rich(), Some("it.html in archive"))));
}

#[test]
fn nothing_found_is_said_in_a_line() {
    let report = clean();
    assert!(report.is_clean());
    insta::assert_snapshot!("clean_text", text(&report, plain(80)));
    insta::assert_snapshot!("clean_markdown", render(&report, Format::Markdown));
    insta::assert_snapshot!("clean_junit", render(&report, Format::Junit));
}

/// Named apart, because the reader of a chat sees no more than these.
#[test]
fn a_chat_gets_the_worst_and_is_told_of_the_rest() {
    let (mut memory, north) = (Memory::new(), cluster("prod-eu"));
    let many: Vec<_> = (0..500)
        .map(|number| edited(&north, &format!("shop/app-{number:03}"), "helm", 1))
        .collect();
    let mut found = many;
    found.push(role(Cause::Drift {
        by: None,
        since: Some(at(1).to_string()),
    }));
    memory.look(&north, 2, &found);
    let report = memory.tell("daily", 3);
    let message = slack(&report, Some("it.html in archive"));
    let blocks = message["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50);
    assert!(
        blocks[2]["text"]["text"]
            .as_str()
            .unwrap()
            .contains("prod-eu-role"),
        "{message:#}"
    );
    for block in blocks {
        let length = block["text"]["text"]
            .as_str()
            .unwrap_or_default()
            .chars()
            .count();
        assert!(length <= 3_000);
    }
    let last = blocks.last().unwrap().to_string();
    assert!(
        last.contains("And 491 more. The whole report: it.html in archive"),
        "{last}"
    );
    let card = teams(&report, None).to_string();
    assert!(
        card.len() <= 28 * 1024 && card.contains("And 491 more."),
        "{card}"
    );
}

#[test]
fn a_card_is_made_smaller_until_it_is_taken() {
    let (mut memory, north) = (Memory::new(), cluster("prod-eu"));
    let name = |number: usize| format!("shop/{}-{number}", "\u{65e5}".repeat(280));
    let found: Vec<_> = (0..20)
        .map(|number| {
            let mut found = edited(&north, &name(number), &"\u{672c}".repeat(900), 1);
            found.fields = vec![field(
                &"\u{8a9e}".repeat(900),
                Some(&"x".repeat(900)),
                Some(&"y".repeat(900)),
            )];
            found
        })
        .collect();
    memory.look(&north, 2, &found);
    let report = memory.tell("daily", 3);
    assert!(teams(&report, None).to_string().len() <= 28 * 1024);
}

/// What the schema of SARIF 2.1.0 demands of the objects that are used.
#[test]
fn sarif_has_what_its_schema_demands() {
    let log: Value = serde_json::from_str(&render(&rich(), Format::Sarif)).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let [run] = &log["runs"].as_array().unwrap()[..] else {
        panic!("one run was expected");
    };
    let driver = &run["tool"]["driver"];
    assert!(driver["name"].is_string());
    let rules = driver["rules"].as_array().unwrap();
    assert!(
        rules
            .iter()
            .all(|rule| rule["id"].is_string() && rule["shortDescription"]["text"].is_string())
    );
    for invocation in run["invocations"].as_array().unwrap() {
        assert!(invocation["executionSuccessful"].is_boolean());
        let time = invocation["endTimeUtc"].as_str().unwrap();
        assert!(time.parse::<Timestamp>().is_ok(), "{time}");
        let notifications = invocation["toolExecutionNotifications"].as_array().unwrap();
        assert!(
            !notifications.is_empty()
                && notifications
                    .iter()
                    .all(|it| it["message"]["text"].is_string())
        );
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), rich().standing().count());
    for result in results {
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        assert!(
            ["new", "unchanged", "updated", "absent"]
                .contains(&result["baselineState"].as_str().unwrap())
        );
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["artifactLocation"]["uri"].is_string());
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
        assert_eq!(
            result["partialFingerprints"]["keyfleetFinding/v1"]
                .as_str()
                .unwrap()
                .len(),
            16
        );
    }
}

/// One that knows this version must not be surprised: what a reader may rely on, spelled out.
#[test]
fn the_json_names_its_version_and_is_read_back() {
    let text = render(&rich(), Format::Json);
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["schema"], "keyfleet.dev/drift/v1");
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), rich());
    let docs =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/drift.md")).unwrap();
    let mut names = std::collections::BTreeSet::new();
    collect_names(&json, &mut names);
    for name in names {
        assert!(
            docs.contains(&format!("`{name}`")),
            "docs/drift.md does not say what `{name}` is"
        );
    }
}

fn collect_names(value: &Value, names: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                names.insert(name.clone());
                collect_names(value, names);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect_names(value, names)),
        _ => {}
    }
}
