//! What is kept from one comparison for the next, and the comparison of declarations.

use std::sync::Arc;

use keyfleet::git::{Access, Limits, Memory, compare};
use keyfleet::pipeline;

use super::place::{Place, shown, wanted};

fn featured() -> Place {
    let place = Place::new();
    place.write("CODEOWNERS", "* @all\n");
    place.write("clusters/prod/cluster.yaml", "kind: Cluster\n");
    place.commit();
    place.branch("feature");
    place.edit("a.yaml", "line3: 3", "line3: three");
    place.write("CODEOWNERS", "* @platform\n");
    place.write("clusters/prod/cluster.yaml", "kind: Clusters\n");
    place.commit();
    place
}

#[test]
fn what_either_side_holds_is_the_same_text_the_next_time() {
    let (place, mut memory) = (featured(), Memory::default());
    let (limits, access) = (Limits::default(), Access::default());
    let mut compared = || {
        let names = (Some("main"), Some("feature"));
        let source = place.source();
        compare(&source, names, &limits, &wanted, &access, &mut memory).unwrap()
    };
    let (first, second) = (compared(), compared());
    for (one, other) in [(&first.base, &second.base), (&first.head, &second.head)] {
        for (path, text) in &one.files {
            assert!(Arc::ptr_eq(text, &other.files[path]), "{path}");
        }
    }
    assert!(!Arc::ptr_eq(
        &first.base.files["a.yaml"],
        &first.head.files["a.yaml"]
    ));
    assert_eq!(first.changes, second.changes);
}

#[test]
fn declarations_are_compared_and_what_else_is_asked_for() {
    let place = featured();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let names = (Some("main".to_owned()), Some("feature".to_owned()));
    let compared = pipeline::read_both(place.source(), names, Limits::default(), Access::default());
    let compared = runtime.block_on(compared).unwrap();
    let expected = [
        "modified CODEOWNERS 1-1",
        "modified clusters/prod/cluster.yaml 1-1",
    ];
    assert_eq!(shown(&compared.changes), expected);
    assert_eq!(compared.others, 1, "a.yaml at the root is no declaration");
    assert_eq!(&*compared.base.sources["CODEOWNERS"], "* @all\n");
    assert_eq!(&*compared.head.sources["CODEOWNERS"], "* @platform\n");
    assert_eq!(compared.head.revision.len(), 7);
}
