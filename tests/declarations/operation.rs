//! What the fleet and a cluster say of whether and when something is written, put together.

use crate::repository::{compile, folder, sources};
use jiff::Timestamp;
use keyfleet::desire::{Desired, WhyNot, may_write};

/// A Friday, at noon in UTC.
const NOON: &str = "2026-11-27T12:00:00Z";

/// The example with these lines in the spec of the fleet, of its defaults, and of `prod-eu`.
fn desired(fleet: &str, defaults: &str, cluster: &str) -> Desired {
    let mut sources = sources(&folder("examples/repo-layout"));
    let vaults = "  vaults:\n    main: {kvMounts: [{path: kv}, {path: legacy, version: 1}]}\n";
    let text = format!(
        "apiVersion: keyfleet.dev/v1alpha1\nkind: Fleet\nmetadata: {{name: acme}}\nspec:\n{vaults}{fleet}  defaults:\n    adopt: false\n{defaults}"
    );
    sources.insert("fleet.yaml".to_owned(), text.into());
    let path = "clusters/prod-eu/cluster.yaml";
    let text = format!("{}\n{cluster}", sources[path].trim_end());
    sources.insert(path.to_owned(), text.into());
    let wanted = compile(sources, &[]);
    let rendered = keyfleet::diagnostics::render(&wanted.problems, &wanted.sources, false);
    assert!(!wanted.problems.has_errors(), "{rendered}");
    wanted.desired
}

/// Why nothing may be written: of what clusters share, of `prod-eu`, and of `staging`.
fn answers(desired: &Desired, at: &str) -> [Option<WhyNot>; 3] {
    let now: Timestamp = at.parse().unwrap();
    let cell = |name: &str| {
        let mut cells = desired.cells.iter();
        let cell = cells.find(|cell| cell.cluster.as_str() == name).unwrap();
        &cell.operation
    };
    [&desired.operation, cell("prod-eu"), cell("staging")]
        .map(|operation| may_write(operation, now).err())
}

fn told(desired: &Desired, at: &str) -> [String; 3] {
    answers(desired, at).map(|why| {
        why.map_or_else(
            || "may".to_owned(),
            |why| {
                let place = why.place().map(|place| format!(" {}", place.file));
                format!("{why}{}", place.unwrap_or_default())
            },
        )
    })
}

#[test]
fn without_a_word_anything_may_be_written() {
    assert_eq!(told(&desired("", "", ""), NOON), ["may", "may", "may"]);
}

#[test]
fn the_fleet_holds_all_and_a_cluster_is_never_laxer() {
    let report = "`mode: report`: only reported";
    assert_eq!(
        told(&desired("  mode: report\n", "", "  mode: apply\n"), NOON),
        [&format!("{report} fleet.yaml"); 3].map(String::as_str)
    );
    assert_eq!(
        told(&desired("  mode: apply\n", "", "  mode: report\n"), NOON),
        [
            "may",
            &format!("{report} clusters/prod-eu/cluster.yaml"),
            "may"
        ]
    );
    let suspended = "  suspend: {reason: the audit}\n";
    assert_eq!(
        told(
            &desired(suspended, "", "  suspend: false\n  mode: report\n"),
            NOON
        ),
        ["suspended: the audit fleet.yaml"; 3]
    );
    assert_eq!(
        told(&desired("", "", "  suspend: true\n"), NOON),
        ["may", "suspended clusters/prod-eu/cluster.yaml", "may"]
    );
}

#[test]
fn a_default_is_only_what_a_cluster_says_that_says_nothing() {
    let one_by_one = desired("", "    mode: report\n", "  mode: apply\n");
    assert_eq!(
        told(&one_by_one, NOON),
        ["may", "may", "`mode: report`: only reported fleet.yaml"]
    );
    let windows = desired(
        "",
        "    syncWindows: [{kind: deny, schedule: 0 11 * * *, duration: 2h}]\n",
        "  syncWindows: []\n",
    );
    let [shared, prod, staging] = answers(&windows, NOON);
    assert_eq!((shared, prod), (None, None));
    assert_eq!(
        staging.unwrap().until(),
        Some("2026-11-27T13:00:00Z".parse().unwrap())
    );
}

#[test]
fn the_windows_of_both_have_to_be_open() {
    let windows = desired(
        "  syncWindows:\n    - {kind: allow, schedule: 0 10 * * *, duration: 4h}\n",
        "",
        "  syncWindows:\n    - {kind: allow, schedule: 0 14 * * *, duration: 2h, timeZone: Europe/Berlin}\n",
    );
    // In Berlin it is 13:00.
    assert_eq!(
        told(&windows, NOON),
        [
            "may",
            "no allow window is open; writing begins again at 2026-11-27 13:00:00 UTC",
            "may"
        ]
    );
    assert_eq!(
        told(&windows, "2026-11-27T13:30:00Z"),
        ["may", "may", "may"]
    );
    let [shared, prod, _] = answers(&windows, "2026-11-27T14:30:00Z");
    let until = |why: Option<WhyNot>| why.unwrap().until().unwrap().to_string();
    assert_eq!(until(shared), "2026-11-28T10:00:00Z");
    assert_eq!(until(prod), "2026-11-28T13:00:00Z");
}
