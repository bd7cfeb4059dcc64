//! What is let through, and what is not.

use crate::model::{Reference, Rule, Rules, WAYS, Way, allowed, compile, references, rule, rules};
use keyfleet::diagnostics::Severity;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::collections::BTreeSet;

fn expected(rules: &Rules, references: &[Reference]) -> BTreeSet<usize> {
    let numbered = references.iter().enumerate();
    let allowed = numbered.filter(|(_, reference)| rules.allow(reference));
    allowed.map(|(number, _)| number).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn whatever_way_a_path_is_written_the_verdict_is_that_of_the_rules(rules in rules()) {
        let references = references();
        let expected = expected(&rules, &references);
        for way in WAYS {
            let wanted = compile(rules.repository(&references, way));
            prop_assert_eq!(&allowed(&wanted), &expected, "{:?}", way);
            let refused = references.len() - expected.len();
            prop_assert_eq!(wanted.problems.count(Severity::Error), refused, "{:?}", way);
            for cell in &wanted.desired.cells {
                let whole = references.iter().filter(|it| it.cluster == cell.cluster.as_str());
                prop_assert_eq!(cell.complete, cell.secrets.len() == whole.count());
            }
        }
    }

    #[test]
    fn a_rule_for_another_namespace_changes_no_verdict(
        mut rules in rules(), mut other in rule(), way in select(&WAYS), at in any::<Index>(),
    ) {
        let references = references();
        let before = allowed(&compile(rules.repository(&references, way)));
        other.namespaces = vec!["elsewhere", "shop2-*"];
        rules.all.insert(at.index(rules.all.len() + 1), other);
        prop_assert_eq!(allowed(&compile(rules.repository(&references, way))), before);
    }

    #[test]
    fn a_rule_that_is_broken_allows_nobody_more(
        mut rules in rules(), broken in rule(), unmatched in select(vec!["allow", "deny"]),
    ) {
        rules.unmatched = unmatched;
        rules.all.push(broken);
        let references = references();
        let mut sources = rules.repository(&references, Way::KesData);
        let before = allowed(&compile(sources.clone()));
        let path = format!("rules/{}.yaml", rules.all.len() - 1);
        for text in ["kind: Rule\n", "a: [\n", "", "# nothing\n"] {
            sources.insert(path.clone(), text.into());
            let after = compile(sources.clone());
            prop_assert!(allowed(&after).is_subset(&before), "{:?}", text);
            prop_assert!(after.problems.has_errors());
        }
    }
}

#[test]
fn the_rule_of_the_documentation_is_one() {
    let text = include_str!("../../docs/rules.md");
    let (_, rest) = text.split_once("```yaml\n").unwrap();
    let (rule, _) = rest.split_once("```").unwrap();
    let rules = Rules {
        all: Vec::new(),
        unmatched: "deny",
    };
    let mut sources = rules.repository(&references(), Way::EsoData);
    sources.insert("rules/shop.yaml".to_owned(), rule.into());
    let wanted = compile(sources);
    assert!(
        wanted
            .problems
            .files()
            .iter()
            .all(|file| !file.starts_with("rules/"))
    );
    // In the cluster with `env: prod`, in two of three namespaces, nothing of what is asked for lies there.
    assert!(allowed(&wanted).is_empty());
    assert_eq!(wanted.desired.rules.iter().count(), 1);
}

#[test]
fn the_hint_says_what_would_be_allowed_and_where() {
    let rules = Rules {
        all: vec![Rule {
            env: None,
            namespaces: vec!["shop"],
            paths: vec!["kv/data/${namespace}/*"],
            roles: None,
        }],
        unmatched: "deny",
    };
    let reference = Reference {
        cluster: "a",
        namespace: "shop",
        path: "prod/db",
        role: None,
    };
    let wanted = compile(rules.repository(&[reference], Way::KesDataFrom));
    let said = wanted.problems.sorted()[0].clone();
    assert_eq!(said.place.to_string(), "clusters/a/secret-0.yaml:6:14");
    assert_eq!(
        said.message,
        "the namespace `shop` may not reference `kv/data/prod/db`"
    );
    assert_eq!(
        said.hint.unwrap(),
        "use `kv/data/${namespace}/*` (rules/0.yaml:4), or have a rule changed"
    );
}
