//! A branch that was rewritten is held until somebody accepts it.

use keyfleet::git::{Cache, Outcome, Rewrite};

use super::place::Place;

fn held(cache: &mut Cache, place: &Place, from: &str, to: &str) -> Rewrite {
    match place.outcome(cache) {
        Outcome::Rewritten {
            from: f,
            to: t,
            why,
        } if f == from && t == to => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_branch_that_was_set_back_is_held_until_it_is_accepted() {
    for place in Place::of_both_kinds() {
        let mut cache = place.cache();
        place.fetch(&mut cache);
        let second = place.head();
        place.git(&["reset", "-q", "--hard", "HEAD~1"]);
        let first = place.head();
        place.push();
        assert_eq!(
            held(&mut cache, &place, &second, &first),
            Rewrite::Backwards
        );
        place.reads(&mut cache, &second, "second");
        // After a restart too, and looking again costs a list of references.
        let mut cache = place.cache();
        assert_eq!(cache.held().unwrap().commit, first);
        assert_eq!(
            held(&mut cache, &place, &second, &first),
            Rewrite::Backwards
        );
        assert_eq!(place.fetch(&mut cache).received, 0);
        place.reads(&mut cache, &second, "second");
        let wrong = cache.accept(&second).unwrap_err().to_string();
        assert!(wrong.contains(&first), "{wrong}");
        cache.accept(&first).unwrap();
        place.reads(&mut cache, &first, "first");
        let mut cache = place.cache();
        assert_eq!(cache.held(), None);
        let commit = first.clone();
        assert_eq!(place.outcome(&mut cache), Outcome::Unchanged { commit });
        let none = cache.accept(&first).unwrap_err().to_string();
        assert!(none.contains("no commit is held"), "{none}");
    }
}

#[test]
fn a_branch_that_was_rewritten_sideways_names_where() {
    for place in Place::of_both_kinds() {
        let mut cache = place.cache();
        place.fetch(&mut cache);
        let second = place.head();
        place.git(&["reset", "-q", "--hard", "HEAD~1"]);
        let first = place.head();
        let aside = place.commit("aside");
        place.push();
        let why = held(&mut cache, &place, &second, &aside);
        assert_eq!(
            why,
            Rewrite::Sideways {
                common: Some(first.clone())
            }
        );
        assert!(why.to_string().contains(&first[..7]));
        // What follows the rewritten branch is held as well.
        let further = place.commit("further");
        place.push();
        held(&mut cache, &place, &second, &further);
        place.reads(&mut cache, &second, "second");
        // And back again: nothing is held any more.
        place.git(&["reset", "-q", "--hard", &second]);
        place.push();
        let commit = second.clone();
        assert_eq!(place.outcome(&mut cache), Outcome::Unchanged { commit });
        assert_eq!((cache.held(), place.cache().held()), (None, None));
        let third = place.commit("third");
        place.push();
        let (from, to) = (second, third);
        assert_eq!(place.outcome(&mut cache), Outcome::Forward { from, to });
    }
}

#[test]
fn a_merge_of_what_is_followed_releases_what_was_held() {
    for place in Place::of_both_kinds() {
        let mut cache = place.cache();
        place.fetch(&mut cache);
        let second = place.head();
        place.git(&["reset", "-q", "--hard", "HEAD~1"]);
        let aside = place.commit("aside");
        place.push();
        held(&mut cache, &place, &second, &aside);
        place.git(&["merge", "-q", "-s", "ours", "--no-edit", &second]);
        place.push();
        let (from, to) = (second, place.head());
        assert_eq!(place.outcome(&mut cache), Outcome::Forward { from, to });
        assert_eq!(cache.held(), None);
    }
}

#[test]
fn a_history_of_its_own_is_held() {
    for place in Place::of_both_kinds() {
        let mut cache = place.cache();
        place.fetch(&mut cache);
        let second = place.head();
        place.git(&["checkout", "-q", "--orphan", "other"]);
        let other = place.commit("other");
        place.push();
        assert_eq!(
            held(&mut cache, &place, &second, &other),
            Rewrite::Unrelated
        );
        cache.accept(&other).unwrap();
        place.reads(&mut cache, &other, "other");
    }
}

#[test]
fn a_rewrite_far_back_is_told_from_a_long_way_forward() {
    let place = Place::new();
    let first = place.git(&["rev-parse", "HEAD~1"]);
    let long = |from: &str, count: u32, name: &str| {
        let tree = place.git(&["rev-parse", &format!("{from}^{{tree}}")]);
        (0..count).fold(from.to_owned(), |parent, number| {
            let message = format!("{name} {number}");
            place.git(&["commit-tree", "-p", &parent, "-m", &message, &tree])
        })
    };
    let (one, other) = (long(&first, 150, "one"), long(&first, 150, "other"));
    place.git(&["reset", "-q", "--hard", &one]);
    place.push();
    let mut cache = place.cache();
    place.fetch(&mut cache);
    place.git(&["reset", "-q", "--hard", &other]);
    place.push();
    let why = held(&mut cache, &place, &one, &other);
    // The followed commit's own history is not on disk as far back as that.
    assert_eq!(why, Rewrite::Sideways { common: None });
}

#[test]
fn what_cannot_be_decided_within_the_limits_is_held() {
    let mut place = Place::new();
    for number in 0..80 {
        place.write("large.bin", super::place::noise(number, 4096));
        place.commit(&format!("change {number}"));
    }
    place.push();
    let mut cache = place.cache();
    place.fetch(&mut cache);
    let before = place.head();
    place.git(&["checkout", "-q", "--orphan", "other"]);
    for number in 100..200 {
        place.write("large.bin", super::place::noise(number, 16384));
        place.commit(&format!("change {number}"));
    }
    place.push();
    let other = place.head();
    place.limits.fetch_bytes = 70 * 16384;
    assert_eq!(held(&mut cache, &place, &before, &other), Rewrite::Unknown);
    place.reads(&mut cache, &before, "change 79");
    cache.accept(&other).unwrap();
    place.reads(&mut cache, &other, "change 199");
}
