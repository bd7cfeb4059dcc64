//! What must hold for every policy.

use super::super::*;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::sync::Arc;

/// Text with a good share of what needs escaping.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        select(vec![
            "${", "}", "$", "{", "\"", "\\", "\n", "\r\n", "\0", "\u{e123}", "a", "\u{fffd}"
        ])
        .prop_map(str::to_owned),
    ];
    vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn any_pattern() -> impl Strategy<Value = PathPattern> {
    let ends = select(vec!["", "*", "/*", "/+", "/+/*", "/"]);
    (text(), ends).prop_filter_map("a pattern", |(text, end)| {
        PathPattern::parse(&(text + end)).ok()
    })
}

/// Patterns that are likely to overlap.
fn small_pattern() -> impl Strategy<Value = PathPattern> {
    let segments = vec(select(vec!["a", "b", "+", "a", "ab", "{{x}}"]), 1..4);
    let ends = select(vec!["", "", "*", "/*", "/", "/+"]);
    (segments, ends).prop_filter_map("a pattern", |(s, end)| {
        PathPattern::parse(&(s.join("/") + end)).ok()
    })
}

fn capabilities(from: &'static [Capability]) -> impl Strategy<Value = CapabilitySet> {
    subsequence(from, 0..=from.len()).prop_map(|some| some.into_iter().collect())
}

fn values() -> impl Strategy<Value = Values> {
    let leaf = prop_oneof![
        text().prop_map(Value::Text),
        any::<i64>().prop_map(Value::Integer),
        any::<bool>().prop_map(Value::Bool),
        (-1e9..1e9f64).prop_map(|number| Value::Float(format!("{number:?}"))),
    ];
    let value = leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::List),
            btree_map(text(), inner, 0..3).prop_map(Value::Map),
        ]
    });
    vec(value, 0..3).prop_map(|values| values.into_iter().collect())
}

fn constraints() -> impl Strategy<Value = Constraints> {
    let lower = || text().prop_map(|text| text.to_lowercase());
    let ttl = || option::of((1..1_000_000i64).prop_map(Ttl::seconds));
    let factor =
        (text(), btree_set(text(), 1..3), 1..5i64).prop_map(|(name, groups, approvals)| {
            let controlled_capabilities = ["read".to_owned()].into();
            let group_ids = std::collections::BTreeSet::new();
            Factor {
                name,
                controlled_capabilities,
                group_names: groups,
                group_ids,
                approvals,
            }
        });
    let group = (any::<i32>(), any::<bool>(), vec(factor, 1..3)).prop_map(|(ttl, own, factors)| {
        let mut factors = factors;
        factors.sort();
        ControlGroup {
            ttl: Ttl::seconds(ttl.into()),
            self_auth_allowed: own,
            factors,
        }
    });
    (
        btree_map(lower(), values(), 0..3),
        btree_map(lower(), values(), 0..3),
        btree_set(lower(), 0..3),
        (ttl(), ttl()),
        btree_set(text(), 0..3),
        option::of(group),
        option::of(1..1_000_000u64),
        any::<bool>(),
    )
        .prop_map(
            |(allowed, denied, required, (one, two), mfa, group, limit, filter)| {
                let (min, max) = if one > two && two.is_some() {
                    (two, one)
                } else {
                    (one, two)
                };
                Constraints {
                    allowed_parameters: allowed,
                    denied_parameters: denied,
                    required_parameters: required,
                    min_wrapping_ttl: min,
                    max_wrapping_ttl: max,
                    mfa_methods: mfa,
                    control_group: group,
                    pagination_limit: limit,
                    list_scan_response_keys_filter_path: filter.then(|| "{{ .key }}\n".to_owned()),
                    subscribe_event_types: std::collections::BTreeSet::new(),
                }
            },
        )
}

fn full_rule() -> impl Strategy<Value = Rule> {
    let allow =
        (capabilities(&Capability::ALL), constraints()).prop_map(|(set, mut constraints)| {
            if !set.contains(Capability::List) {
                constraints.list_scan_response_keys_filter_path = None;
            }
            Grant::Allow(set, Arc::new(constraints))
        });
    let grant = prop_oneof![1 => Just(Grant::Deny), 6 => allow];
    let expires = option::of((0..4_000_000_000i64, 0..1_000_000_000i32));
    (any_pattern(), expires, grant).prop_map(|(pattern, expires, grant)| {
        let expires = expires.map(|(s, ns)| Timestamp::new(s, ns).expect("in range"));
        Rule {
            pattern,
            expires,
            grant,
        }
    })
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("in range")
}

fn small_policy() -> impl Strategy<Value = Policy> {
    const FEW: &[Capability] = &[Capability::Read, Capability::List];
    let constraints = prop_oneof![
        3 => Just(Constraints::default()),
        1 => Just(Constraints { min_wrapping_ttl: Some(Ttl::seconds(1)), ..Constraints::default() }),
    ];
    let allow = (capabilities(FEW), constraints)
        .prop_map(|(set, constraints)| Grant::Allow(set, Arc::new(constraints)));
    let grant = prop_oneof![1 => Just(Grant::Deny), 4 => allow];
    let expires = prop_oneof![8 => Just(None), 1 => Just(Some(10)), 1 => Just(Some(20))]
        .prop_map(|seconds: Option<i64>| seconds.map(at));
    let rule = (small_pattern(), expires, grant).prop_map(|(pattern, expires, grant)| Rule {
        pattern,
        expires,
        grant,
    });
    vec(rule, 0..5).prop_map(|rules| rules.into_iter().collect())
}

/// Every path of up to four segments over a small alphabet, with and without a slash at its end.
fn paths() -> Vec<String> {
    let mut paths: Vec<String> = ["a", "b", "ab", "x"].map(str::to_owned).to_vec();
    let mut longest = paths.clone();
    for _ in 0..2 {
        let longer =
            |path: &String| ["", "a", "b", "ab"].map(|segment| format!("{path}/{segment}"));
        longest = longest.iter().flat_map(longer).collect();
        paths.extend(longest.iter().cloned());
    }
    paths
}

proptest! {
    #[test]
    fn what_is_rendered_means_what_it_was_rendered_from(rules in vec(full_rule(), 0..4), comment in option::of(text())) {
        let policy: Policy = rules.into_iter().collect();
        let rendered = render(policy.rules(), comment.as_deref());
        if !rendered.is_empty() {
            let again = Policy::parse(&rendered);
            prop_assert_eq!(again.as_ref(), Ok(&policy), "{}", rendered);
            prop_assert_eq!(render(policy.rules(), comment.as_deref()), rendered);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in text(), open in select(vec!["", "{\"path\":", "path \"a\" { x = ", "path \"a\" { x = <<"])) {
        let _ = Policy::parse(&format!("{open}{text}"));
    }

    #[test]
    fn policies_differ_exactly_when_a_difference_is_shown(one in small_policy(), other in small_policy()) {
        prop_assert_eq!(difference(&one, &other).is_empty(), one == other);
        prop_assert!(difference(&one, &one).is_empty());
    }

    #[test]
    fn merging_policies_is_merging_their_stanzas(one in small_policy(), other in small_policy()) {
        let together: Policy = one.rules().chain(other.rules()).cloned().collect();
        let (merged, apart) = (Acl::new(&[&together]), Acl::new(&[&one, &other]));
        for path in paths() {
            prop_assert_eq!(merged.capabilities(&path), apart.capabilities(&path));
        }
    }

    #[test]
    fn a_pattern_covers_and_meets_what_its_paths_show(one in small_pattern(), other in small_pattern()) {
        for path in paths() {
            let (by_one, by_other) = (one.matches(&path), other.matches(&path));
            prop_assert!(!(by_one && by_other) || one.intersects(&other), "{} {} {}", one, other, path);
            prop_assert!(!(by_other && one.covers(&other)) || by_one, "{} {} {}", one, other, path);
        }
        prop_assert!(one.covers(&one) && one.intersects(&one));
        prop_assert_eq!(one.intersects(&other), other.intersects(&one));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn nothing_is_granted_anew_without_a_widening(before in small_policy(), extra in small_policy(), dropped in 0..6usize) {
        // A policy that shares stanzas with the one before, so that most pairs are close.
        let kept = before.rules().enumerate().filter(|(index, _)| *index != dropped);
        let after: Policy = kept.map(|(_, rule)| rule).chain(extra.rules().take(1)).cloned().collect();
        let named: Vec<PathPattern> = widens(&before, &after).into_iter().map(|w| w.path).collect();
        prop_assert!(widens(&before, &before).is_empty());
        for (dialect, now) in [(Dialect::OpenBao, 5), (Dialect::Vault, 5), (Dialect::OpenBao, 15), (Dialect::Vault, 25)] {
            let acl = |policy: &Policy| {
                Acl::for_server(dialect, &[&policy.without_templates().at(at(now))])
            };
            let (old, new) = (acl(&before), acl(&after));
            for (path, capability) in paths().iter().flat_map(|p| [(p, Capability::Read), (p, Capability::List)]) {
                let by = new.deciding_rule(path, capability);
                let is_named = by.is_some_and(|rule| named.contains(&rule.pattern));
                prop_assert!(
                    !new.allows(path, capability) || old.allows(path, capability) || is_named,
                    "{path} {capability} {before:#?} {after:#?}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn whatever_is_decided_otherwise_is_told_as_an_effect(before in small_policy(), extra in small_policy(), dropped in 0..6usize) {
        let kept = before.rules().enumerate().filter(|(index, _)| *index != dropped);
        let after: Policy = kept.map(|(_, rule)| rule).chain(extra.rules().take(2)).cloned().collect();
        let acl = |policy: &Policy| Acl::new(&[&policy.without_templates()]);
        let (old, new) = (acl(&before), acl(&after));
        let told = effects(&old, &new);
        prop_assert!(effects(&old, &old).is_empty());
        // A list of a path with a slash at its end may be decided by the one without: that is asked of the server's own way.
        for path in paths().iter().filter(|path| !path.ends_with('/') && !path.is_empty()) {
            let (one, two) = (old.decision(path).capabilities, new.decision(path).capabilities);
            let is_told = told.iter().any(|effect| {
                effect.pattern.matches(path)
                    && (effect.before.capabilities, effect.after.capabilities) == (one, two)
            });
            prop_assert!(one == two || is_told, "{path}: {one} → {two}\n{before:#?}\n{after:#?}\n{told:#?}");
        }
    }
}
