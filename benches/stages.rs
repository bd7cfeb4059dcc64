//! What the stages that only compute cost by themselves, one after the other, on 20,000 mappings.
//!
//! `plan` is of one cluster's Secrets where metadata shows each to be as it should be: what most passes are about.

#![allow(clippy::unwrap_used)]

#[path = "compile/fleets.rs"]
#[allow(
    dead_code,
    reason = "the other bench edits its fleets, this one does not"
)]
mod fleets;

use criterion::{Criterion, criterion_group, criterion_main};
use fleets::Fleet;
use keyfleet::desire::{self, Cell, Desired, DesiredSecret};
use keyfleet::diagnostics::{Diagnostics, Sources};
use keyfleet::names::InstallationName;
use keyfleet::observe::Observed;
use keyfleet::observe::freshness::{SYNC_ANNOTATION, SyncRecord, labels};
use keyfleet::observe::live::{KvVersion, LiveMeta, Manager};
use keyfleet::observe::seen::{SeenCell, SeenSecret, SeenValues, SeenVault};
use keyfleet::plan::{self, Context};
use keyfleet::{declare, mark, policy};
use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::sync::Arc;

const FLEET: Fleet = Fleet {
    clusters: 40,
    ..fleets::WIDE
};

fn sources() -> Sources {
    let mut sources = Sources::new();
    FLEET.for_each_file(|path, text| drop(sources.insert(path, text.into())));
    sources
}

fn compiling(criterion: &mut Criterion) {
    let sources = sources();
    let mut problems = Diagnostics::default();
    let declarations = declare::load(&sources, &[], &mut problems);
    assert!(problems.is_empty());
    criterion.bench_function("declare: 20,000 mappings, nothing known", |bencher| {
        bencher.iter(|| declare::load(black_box(&sources), &[], &mut Diagnostics::default()));
    });
    criterion.bench_function("desire: 20,000 mappings, nothing known", |bencher| {
        bencher.iter(|| desire::resolve(black_box(&declarations), &mut Diagnostics::default()));
    });
    let desired = desire::resolve(&declarations, &mut problems);
    let text = &desired.cells[0].policy.text;
    criterion.bench_function("policy: parse a derived policy of 100 paths", |bencher| {
        bencher.iter(|| policy::Policy::parse(black_box(text)).unwrap());
    });
}

fn planning(criterion: &mut Criterion) {
    let declarations = declare::load(&sources(), &[], &mut Diagnostics::default());
    let desired = desire::resolve(&declarations, &mut Diagnostics::default());
    let cell = &*desired.cells[0];
    let (seen_vault, seen) = in_sync(cell, &desired);
    let context = Context {
        installation: &desired.installation,
        cell,
        vault: &desired.vaults[&cell.vault],
        seen_vault: &seen_vault,
        seen: &seen,
        full: false,
    };
    assert!(plan::cell(&context).to_read().is_empty());
    criterion.bench_function("plan: 50 Secrets of 10 keys, all in sync", |bencher| {
        bencher.iter(|| {
            let draft = plan::cell(black_box(&context));
            draft.finish(&context, &SeenValues::default(), "")
        });
    });
}

/// A cluster whose Secrets are as keyfleet left them.
fn in_sync(cell: &Cell, desired: &Desired) -> (SeenVault, SeenCell) {
    let mut versions: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for reference in cell.secrets.iter().flat_map(DesiredSecret::references) {
        let (number, gone) = (1, false);
        let version = Observed::Present(KvVersion { number, gone });
        let mount = versions.entry(reference.mount.clone()).or_default();
        mount.insert(reference.path.clone(), version);
    }
    let vault = SeenVault::new(
        Ok(BTreeMap::new()),
        Ok(BTreeMap::new()),
        Ok(BTreeMap::new()),
        versions.into_iter().collect(),
    );
    let secrets = cell.secrets.iter().map(|secret| {
        let meta = written(secret, cell, &desired.installation);
        (
            secret.id.clone(),
            Observed::Present(SeenSecret::of(Arc::new(meta))),
        )
    });
    let seen = SeenCell {
        config: Observed::Absent,
        role: Observed::Absent,
        roles: Ok(BTreeSet::new()),
        identity: Ok(String::new()),
        namespace: Observed::Absent,
        account: Observed::Absent,
        binding: Observed::Absent,
        marked: Ok(Vec::new()),
        secrets: secrets.collect(),
        missing_namespaces: BTreeSet::new(),
    };
    (vault, seen)
}

/// The metadata of a Secret right after it was written.
fn written(secret: &DesiredSecret, cell: &Cell, installation: &InstallationName) -> LiveMeta {
    let keys = (0..FLEET.keys).map(|key| format!("field-{key}"));
    let references = secret.references();
    let versions = references.iter().map(|from| (from.api_path(), Some(1)));
    let record = SyncRecord {
        mapping: secret.mapping_digest.clone(),
        versions: versions.collect(),
        keys: keys.collect(),
        cluster: Some(cell.cluster.to_string()),
        at: String::new(),
    };
    let manager = Manager {
        name: mark::MANAGER.to_owned(),
        time: None,
        data_keys: record.keys.clone(),
        annotations: BTreeSet::from([SYNC_ANNOTATION.to_owned()]),
    };
    let record = serde_json::to_string(&record).unwrap();
    LiveMeta {
        labels: labels(secret, installation),
        annotations: BTreeMap::from([(SYNC_ANNOTATION.to_owned(), record)]),
        managers: vec![manager],
        ..LiveMeta::default()
    }
}

criterion_group!(stages, compiling, planning);
criterion_main!(stages);
