//! What review says of two sets of rules.

use crate::model::{Way, allowed, compile, references, rules};
use keyfleet::desire::RulesDifference;
use keyfleet::diagnostics::{Severity, Sources};
use keyfleet::pipeline::Wanted;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rules_that_let_more_through_are_never_said_to_loosen_nothing(before in rules(), after in rules()) {
        let references = references();
        let [old, new] = [&before, &after].map(|rules| compile(rules.repository(&references, Way::KesData)));
        let difference = RulesDifference::of(&old.desired.rules, &new.desired.rules);
        let more = !allowed(&new).is_subset(&allowed(&old));
        prop_assert!(!more || difference.loosens(), "{:#?}", difference);
        let less = !allowed(&old).is_subset(&allowed(&new));
        prop_assert!(!less && !more || !difference.is_empty());
        prop_assert!(RulesDifference::of(&old.desired.rules, &old.desired.rules).is_empty());
    }

    #[test]
    fn the_rules_of_the_base_refuse_what_the_base_would_have(before in rules(), after in rules()) {
        let references = references();
        let [old, new] = [&before, &after].map(|rules| compile(rules.repository(&references, Way::EsoData)));
        for cell in &new.desired.cells {
            let refused = cell.refusals(&old.desired.rules);
            for secret in &cell.secrets {
                let is_refused = refused.iter().any(|(other, _)| other.id == secret.id);
                let number: usize = secret.id.name.as_str()[1..].parse().unwrap();
                prop_assert_eq!(is_refused, !allowed(&old).contains(&number));
            }
        }
    }
}

/// A repository with these rules alone, each by its `spec`.
fn with(unmatched: Option<&str>, specs: &[&str]) -> Wanted {
    let mut sources = Sources::new();
    let spec = unmatched.map_or(String::new(), |word| {
        format!("spec: {{rules: {{unmatched: {word}}}}}\n")
    });
    sources.insert(
        "fleet.yaml".to_owned(),
        format!("apiVersion: keyfleet.dev/v1alpha1\nkind: Fleet\nmetadata: {{name: acme}}\n{spec}")
            .into(),
    );
    for (number, spec) in specs.iter().enumerate() {
        let rule = format!(
            "apiVersion: keyfleet.dev/v1alpha1\nkind: Rule\nmetadata: {{name: r{number}}}\nspec: {{{spec}}}\n"
        );
        sources.insert(format!("rules/{number}.yaml"), rule.into());
    }
    compile(sources)
}

/// The words for what is gained and lost, and whether anything is loosened.
fn said(before: &Wanted, after: &Wanted) -> (Vec<String>, Vec<String>, bool) {
    assert_eq!(before.problems.count(Severity::Error), 0);
    assert_eq!(after.problems.count(Severity::Error), 0);
    let difference = RulesDifference::of(&before.desired.rules, &after.desired.rules);
    let words = |list: &[keyfleet::desire::Allowance<'_>]| {
        list.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    (
        words(&difference.gained),
        words(&difference.lost),
        difference.loosens(),
    )
}

#[test]
fn what_is_gained_is_said_in_words() {
    let shop = "namespaces: [shop], paths: [kv/data/shop/*]";
    let before = with(None, &[shop]);
    let after = with(
        None,
        &[
            "namespaces: [shop], paths: [kv/data/shop/*, kv/data/x/*]",
            "clusterSelector: {matchLabels: {env: prod}}, namespaces: ['*'], paths: [kv/data/y], roles: [reader], stores: [{name: vault}]",
        ],
    );
    let gained = [
        "`kv/data/x/*` for the namespace `shop`",
        "`kv/data/y` for every namespace of clusters with env=prod, as `reader`, through the SecretStore `vault`",
    ];
    let gained: Vec<String> = gained.map(str::to_owned).into();
    assert_eq!(said(&before, &after), (gained.clone(), vec![], true));
    assert_eq!(said(&after, &before), (vec![], gained, false));
}

#[test]
fn what_was_allowed_already_is_no_news() {
    let wide = "namespaces: [shop, 'shop-*'], paths: [kv/data/+/db, 'kv/data/*'], roles: ['*']";
    for narrow in [
        "namespaces: [shop], paths: [kv/data/shop/*], roles: [reader]",
        "namespaces: ['shop-eu*'], paths: ['kv/data/${namespace}/*'], roles: ['a-*']",
        "clusterSelector: {matchLabels: {env: prod}}, namespaces: [shop], paths: ['kv/data/${cluster.name}/db'], roles: [reader]",
        "namespaces: [shop], paths: [kv/data/shop/db], roles: [reader], stores: [{name: vault}]",
    ] {
        let (gained, _, loosens) = said(&with(None, &[wide]), &with(None, &[narrow]));
        assert_eq!((gained, loosens), (vec![], false), "{narrow}");
        let (gained, _, loosens) = said(&with(None, &[narrow]), &with(None, &[wide]));
        assert!(loosens && gained.len() == 2, "{narrow}: {gained:?}");
    }
    let (shop, named) = (
        "namespaces: [shop], paths: [kv/data/shop/*]",
        "namespaces: [shop], paths: ['kv/data/${namespace}/*']",
    );
    assert!(!said(&with(None, &[shop]), &with(None, &[named])).2);
    assert!(!said(&with(None, &[named]), &with(None, &[shop])).2);
}

#[test]
fn a_first_rule_loosens_nothing_and_a_last_one_that_goes_everything() {
    let shop = "namespaces: [shop], paths: [kv/data/shop/*]";
    let (none, one) = (with(None, &[]), with(None, &[shop]));
    assert_eq!(said(&none, &one), (vec![], vec![], false));
    assert!(said(&one, &none).2);
    let allowing = with(Some("allow"), &[shop]);
    let difference = RulesDifference::of(&allowing.desired.rules, &none.desired.rules);
    assert_eq!(difference.released.len(), 1);
    assert!(difference.loosens() && difference.bound.is_empty());
    let difference = RulesDifference::of(&none.desired.rules, &allowing.desired.rules);
    assert_eq!(difference.bound.len(), 1);
    assert!(!difference.loosens());
    assert!(said(&one, &allowing).2);
    assert!(!said(&allowing, &one).2);
    let denying = with(Some("deny"), &[]);
    assert!(!said(&one, &denying).2);
}

/// A branch may be hostile: what is not compared any more counts as a difference.
#[test]
fn very_many_rules_are_compared_in_bounded_time() {
    let many = |word: &str| {
        let list = |kind: &str| {
            let items: Vec<_> = (0..250)
                .map(|number| format!("{kind}{word}{number}"))
                .collect();
            items.join(", ")
        };
        let spec = format!("namespaces: [{}], paths: [{}]", list("n"), list("kv/data/"));
        with(None, &vec![spec.as_str(); 39])
    };
    let (before, after) = (many("a"), many("b"));
    let (gained, lost, loosens) = said(&before, &after);
    assert_eq!(
        (gained.len(), lost.len(), loosens),
        (39 * 250, 39 * 250, true)
    );
    assert_eq!(said(&before, &before), (vec![], vec![], false));
}

#[test]
fn more_rules_than_a_cluster_can_be_held_against_allow_nothing_more() {
    let wanted = with(None, &vec!["namespaces: [a], paths: [b]"; 10_001]);
    assert_eq!(wanted.desired.rules.iter().count(), 10_000);
    assert!(!wanted.desired.rules.are_whole());
    assert_eq!(wanted.problems.count(Severity::Error), 1);
}
