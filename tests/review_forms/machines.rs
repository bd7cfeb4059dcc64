//! What machines rely on: the places and rules of SARIF, the cases of `JUnit`, and the names in JSON.

use crate::made::{Made, change, field, rich};
use keyfleet::report::review::{Format, SCHEMA, render};
use keyfleet::review::{Critical, Meaning};
use serde_json::Value;
use std::collections::BTreeSet;

fn sarif(made: &Made) -> Value {
    serde_json::from_str(&render(made.reviewed(), Format::Sarif)).unwrap()
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().unwrap()
}

/// Of each result of a rule: the file and the line that it is annotated at.
fn places<'log>(log: &'log Value, rule: &str) -> Vec<(&'log str, u64)> {
    let own = results(log).iter().filter(|it| it["ruleId"] == rule);
    let places = own.map(|it| &it["locations"][0]["physicalLocation"]);
    places
        .map(|it| {
            (
                it["artifactLocation"]["uri"].as_str().unwrap(),
                it["region"]["startLine"].as_u64().unwrap(),
            )
        })
        .collect()
}

/// What the schema of SARIF 2.1.0 demands of the objects that are used, and GitHub of tags.
#[test]
fn sarif_has_what_its_schema_demands() {
    let log = sarif(&rich());
    assert_eq!(log["version"], "2.1.0");
    let [run] = &log["runs"].as_array().unwrap()[..] else {
        panic!("one run was expected");
    };
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: BTreeSet<&str> = rules.iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), rules.len(), "no rule twice");
    for rule in rules {
        assert!(rule["shortDescription"]["text"].is_string());
        let tags = rule["properties"]["tags"].as_array();
        assert!(tags.is_none_or(|tags| tags.len() <= 10));
    }
    let mut prints = BTreeSet::new();
    let levels = ["error", "warning", "note"];
    for result in results(&log) {
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        assert!(levels.contains(&result["level"].as_str().unwrap()));
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let print = result["partialFingerprints"]["keyfleetReview/v1"].as_str();
        assert!(prints.insert(print.unwrap()), "no fingerprint twice");
        for related in result["relatedLocations"].as_array().into_iter().flatten() {
            assert!(related["physicalLocation"]["region"]["startLine"].is_u64());
        }
    }
    let rank = |it: &Value| levels.iter().position(|level| it["level"] == *level);
    let is_sorted = results(&log).is_sorted_by_key(rank);
    assert!(is_sorted, "the worst come first");
    let invocation = &run["invocations"][0];
    assert_eq!(
        invocation["executionSuccessful"], false,
        "something is not known"
    );
}

#[test]
fn an_annotation_stands_at_the_line_that_was_written() {
    let log = sarif(&rich());
    // The key that comes from elsewhere, not the Secret, nor the key beside it.
    assert_eq!(
        places(&log, "redirected"),
        [("clusters/staging/checkout.yaml", 12)]
    );
    assert_eq!(
        places(&log, "server-changes"),
        [("clusters/prod-eu/cluster.yaml", 9)]
    );
    assert_eq!(
        places(&log, "declaration-error"),
        [("clusters/prod-ap/app.yaml", 3)]
    );
}

#[test]
fn what_is_removed_is_annotated_where_its_file_is_or_at_the_fleet() {
    let log = sarif(&rich());
    // Its file is gone.
    assert_eq!(places(&log, "cluster-goes"), [("fleet.yaml", 1)]);
    let says = |rule: &str, text: &str| {
        let own = results(&log).iter().filter(|it| it["ruleId"] == rule);
        let mut messages = own.map(|it| it["message"]["text"].as_str().unwrap());
        assert!(messages.any(|it| it.contains(text)), "{rule}: {text}");
    };
    says("cluster-goes", "(it stood at clusters/old/cluster.yaml:3)");
    // Its file is still there.
    let secrets = places(&log, "secret-changed");
    assert!(
        secrets.contains(&("clusters/test/warehouse.yaml", 1)),
        "{secrets:?}"
    );
    says(
        "secret-changed",
        "(it stood at clusters/test/warehouse.yaml:24)",
    );
}

/// Lines move; the same finding must stay the same alert.
#[test]
fn a_result_keeps_its_fingerprint_when_its_line_moves() {
    let at = |line| {
        let mut made = rich();
        let meaning = Meaning::Onboarding(field("ttl", Some("1h"), Some("2h")));
        let critical = [Critical::LivesLonger];
        made.review.changes = vec![change(meaning, &critical, &["a"], ("fleet.yaml", line))];
        let log = sarif(&made);
        let own = results(&log)
            .iter()
            .find(|it| it["ruleId"] == "lives-longer");
        own.unwrap()["partialFingerprints"].clone()
    };
    assert_eq!(at(4), at(40));
}

#[test]
fn a_reason_has_one_name_in_json_and_in_sarif() {
    let made = rich();
    let json: Value = serde_json::from_str(&render(made.reviewed(), Format::Json)).unwrap();
    let changes = json["review"]["changes"].as_array().unwrap();
    let reasons = changes
        .iter()
        .flat_map(|it| it["critical"].as_array().unwrap());
    let named: BTreeSet<&str> = reasons.map(|it| it["reason"].as_str().unwrap()).collect();
    let all = made.review.changes.iter().flat_map(|it| &it.critical);
    let ids: BTreeSet<&str> = all.map(Critical::id).collect();
    assert_eq!(named, ids);
    let log = sarif(&made);
    let rules: BTreeSet<&str> = results(&log)
        .iter()
        .map(|it| it["ruleId"].as_str().unwrap())
        .collect();
    assert!(ids.is_subset(&rules), "{rules:?}");
}

#[test]
fn every_critical_change_fails_and_no_two_cases_have_one_name() {
    let made = rich();
    let xml = render(made.reviewed(), Format::Junit);
    let document = roxmltree::Document::parse(&xml).unwrap();
    let root = document.root_element();
    let count = |tag: &str| {
        document
            .descendants()
            .filter(|it| it.has_tag_name(tag))
            .count()
    };
    for (attribute, tag) in [
        ("tests", "testcase"),
        ("failures", "failure"),
        ("errors", "error"),
    ] {
        assert_eq!(root.attribute(attribute), Some(&*count(tag).to_string()));
    }
    let suite = |name: &str| {
        let mut suites = root.children().filter(|it| it.has_tag_name("testsuite"));
        suites
            .find(|it| it.attribute("name") == Some(name))
            .unwrap()
    };
    let critical = suite("critical");
    let cases: Vec<_> = critical
        .children()
        .filter(|it| it.has_tag_name("testcase"))
        .collect();
    assert_eq!(cases.len(), made.review.critical().count());
    for case in cases {
        let failure = case
            .children()
            .find(|it| it.has_tag_name("failure"))
            .unwrap();
        let text = failure.text().unwrap();
        assert!(text.starts_with(failure.attribute("message").unwrap()));
    }
    let mut names = BTreeSet::new();
    for case in document
        .descendants()
        .filter(|it| it.has_tag_name("testcase"))
    {
        let name = (case.attribute("classname"), case.attribute("name"));
        assert!(names.insert(name), "{name:?} twice");
    }
}

/// One that knows this version must not be surprised: what a reader may rely on, spelled out.
#[test]
fn every_name_of_the_json_is_documented() {
    let json: Value = serde_json::from_str(&render(rich().reviewed(), Format::Json)).unwrap();
    assert_eq!(json["schema"], SCHEMA);
    assert_eq!(json["summary"]["critical"], true);
    assert_eq!(json["summary"]["proof"]["refuted"], 1);
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/review.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let mut names = BTreeSet::new();
    collect(&json, &mut names);
    for name in names {
        let is_said = docs.contains(&format!("`{name}`"));
        assert!(is_said, "docs/review.md does not say what `{name}` is");
    }
}

/// Names of fields, and the words of those that name a kind.
fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                names.insert(name.clone());
                let is_word = ["kind", "change", "verdict"].contains(&name.as_str());
                names.extend(value.as_str().filter(|_| is_word).map(str::to_owned));
                collect(value, names);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, names)),
        _ => {}
    }
}
