//! No value and no token in anything that keyfleet prints, logs or writes to disk: in good runs, and in failures of
//! every kind that has a value at hand.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

#[path = "canaries/failures.rs"]
mod failures;
#[path = "canaries/output.rs"]
mod output;
#[path = "road_bad_days/scene.rs"]
mod scene;

use output::Watched;

#[tokio::test(flavor = "multi_thread")]
async fn no_run_shows_a_value_or_a_token() {
    let watched = Watched::new("good").await;
    watched.run_all(&["validate"]);
    watched.run_all(&["plan"]);
    watched.run_all(&["plan", "-o", "json", "--out", "plan.json"]);
    watched.see_file("plan.json");
    watched.run_all(&["apply", "--yes"]);
    let scene = &watched.scene;
    // They have moved, so there was something to show.
    assert_eq!(
        scene.secret(&scene.north, "app").await.as_deref(),
        Some(output::VALUES[0])
    );
    for member in scene.members() {
        scene.put(member, "app", output::VALUES[1]).await;
    }
    watched.run_all(&["plan"]);
    watched.run_all(&["plan", "--full", "-o", "json"]);
    watched.run_all(&["apply", "--yes", "-o", "json"]);
    watched.run_all(&["status"]);
    watched.run_all(&["status", "-o", "json"]);
    watched.edit_by_hand().await;
    watched.run_all(&["plan"]);
    for format in ["text", "markdown", "html", "json", "junit", "sarif"] {
        watched.run_all(&["drift", "--full", "-o", format]);
    }
    watched.run_all(&["apply", "--yes"]);
    watched.assert_silent();
}

#[test]
fn the_search_finds_every_form() {
    let mut canaries = support::canary::Canaries::default();
    canaries.add("it", output::VALUES[0]);
    for form in output::forms(output::VALUES[0]) {
        assert!(
            !canaries
                .found_in(&format!("before {form} after"))
                .is_empty(),
            "{form}"
        );
    }
    let jwt = "eyJhbGciOiJSUzI1NiIsImtpZCI6Ing.eyJhdWQiOlsiaHR0cHM6Ly9rIl0.c2ln";
    for token in [
        jwt,
        "token=\"hvs.CAESIJ0123456789abcdefghij\"",
        "s.0123456789abcdefghijklmn",
    ] {
        assert_eq!(canaries.found_in(token).len(), 1, "{token}");
    }
    assert!(
        canaries
            .found_in("nothing, not even eyJ or s.short")
            .is_empty()
    );
}
