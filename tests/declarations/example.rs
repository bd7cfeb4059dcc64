//! The example repository is loaded whole, and means what it shows.

use crate::repository::{compile, folder, messages, sources};
use keyfleet::desire::Cell;
use keyfleet::diagnostics::Severity;
use std::collections::BTreeSet;

#[test]
fn the_example_repository_is_clean() {
    let wanted = compile(sources(&folder("examples/repo-layout")), &[]);
    assert_eq!(messages(&wanted, Severity::Error), Vec::<String>::new());
    assert_eq!(messages(&wanted, Severity::Warning), Vec::<String>::new());
    let cells: Vec<_> = wanted
        .desired
        .cells
        .iter()
        .map(|cell| summary(cell))
        .collect();
    assert_eq!(
        cells,
        [
            "prod-eu: shop/checkout, shop/mail, shop/payments-api, shop/warehouse",
            "staging: shop/checkout, shop/mail",
        ]
    );
    assert!(wanted.desired.cells.iter().all(|cell| cell.complete));
    assert!(wanted.desired.vaults.values().all(|vault| vault.complete));
    assert!(wanted.is_plannable());
}

fn summary(cell: &Cell) -> String {
    let secrets: Vec<_> = cell
        .secrets
        .iter()
        .map(|secret| secret.id.to_string())
        .collect();
    format!("{}: {}", cell.cluster, secrets.join(", "))
}

#[test]
fn a_group_reads_what_its_variables_say() {
    let wanted = compile(sources(&folder("examples/repo-layout")), &[]);
    for cell in &wanted.desired.cells {
        let mail = cell
            .secrets
            .iter()
            .find(|secret| secret.id.name.as_str() == "mail");
        let references = mail.unwrap().references();
        let paths: BTreeSet<_> = references.iter().map(|found| found.api_path()).collect();
        let own = format!("kv/data/{}/mail", cell.cluster);
        assert_eq!(
            paths,
            BTreeSet::from([own, "kv/data/shared/mail".to_owned()])
        );
    }
}

#[test]
fn the_derived_policy_grants_what_the_declarations_read_and_nothing_else() {
    let wanted = compile(sources(&folder("examples/repo-layout")), &[]);
    let staging = &wanted.desired.cells[1];
    let rules: Vec<_> = staging
        .policy
        .meaning
        .rules()
        .map(|rule| rule.pattern.to_string())
        .collect();
    assert_eq!(
        rules,
        [
            "kv/data/shared/mail",
            "kv/data/staging/checkout",
            "kv/data/staging/mail"
        ]
    );
}
