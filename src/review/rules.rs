//! Whether the rules change that say who may reference what, and what only the new ones allow.

use super::change::{Change, Meaning, Presence, RuleChange, SecretMove};
use super::critical::Critical;
use super::secrets::Pair;
use crate::declare::{Rule, Rules, Unmatched};
use crate::desire::{Cell, Desired, DesiredSecret, Permits, RulesDifference};
use crate::plan::FieldChange;
use std::collections::{BTreeMap, BTreeSet};

/// What changes of the rules themselves.
pub(super) fn compare(base: &Desired, head: &Desired) -> Vec<Change> {
    let loosens = RulesDifference::of(&base.rules, &head.rules).loosens();
    let mut changes = Vec::new();
    changes.extend(unmatched(base.rules.unmatched, head.rules.unmatched));
    let (old, new) = (by_name(base), by_name(head));
    let names: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    changes.extend(names.into_iter().filter_map(|name| {
        let (before, after) = (old.get(name).copied(), new.get(name).copied());
        rule(name, before, after)
    }));
    // What they allow together decides; it is told where something comes, else wherever they change.
    let is_new = |change: &Change| match &change.meaning {
        Meaning::Rule(rule) => rule.fields.iter().any(|field| field.after.is_some()),
        _ => true,
    };
    let any_new = changes.iter().any(is_new);
    for change in changes.iter_mut().filter(|_| loosens) {
        if is_new(change) || !any_new {
            change.critical.push(Critical::RulesLoosen);
        }
    }
    changes
}

fn unmatched(before: Unmatched, after: Unmatched) -> Option<Change> {
    let word = |unmatched| match unmatched {
        Unmatched::Allow => "allow".to_owned(),
        Unmatched::Deny => "deny".to_owned(),
    };
    let field = FieldChange {
        field: "rules.unmatched".to_owned(),
        before: Some(word(before)),
        after: Some(word(after)),
    };
    (before != after).then(|| Change::shared(Meaning::Fleet(field), Vec::new()))
}

fn by_name(fleet: &Desired) -> BTreeMap<&str, &Rule> {
    let rules = fleet.rules.iter();
    rules.map(|rule| (rule.name.as_str(), rule)).collect()
}

fn rule(name: &str, before: Option<&Rule>, after: Option<&Rule>) -> Option<Change> {
    let how = Presence::of(before, after);
    let fields = fields(before, after);
    if how == Presence::Changed && fields.is_empty() {
        return None;
    }
    let meaning = Meaning::Rule(RuleChange {
        rule: name.to_owned(),
        how,
        fields,
    });
    let change = Change::shared(meaning, Vec::new());
    Some(change.written(before.map(|it| &it.place), after.map(|it| &it.place)))
}

/// What a rule allows, item by item; what comes has no before.
fn fields(before: Option<&Rule>, after: Option<&Rule>) -> Vec<FieldChange> {
    let (old, new) = (allowed(before), allowed(after));
    let field = |(name, item): &(&str, String), is_new: bool| FieldChange {
        field: (*name).to_owned(),
        before: (!is_new).then(|| item.clone()),
        after: is_new.then(|| item.clone()),
    };
    let gone = old.difference(&new).map(|item| field(item, false));
    let mut fields: Vec<FieldChange> = gone.collect();
    fields.extend(new.difference(&old).map(|item| field(item, true)));
    if let (Some(before), Some(after)) = (before, after)
        && before.clusters != after.clusters
    {
        fields.push(FieldChange {
            field: "clusterSelector".to_owned(),
            before: None,
            after: Some("selects others".to_owned()),
        });
    }
    fields
}

fn allowed(rule: Option<&Rule>) -> BTreeSet<(&'static str, String)> {
    let mut items = BTreeSet::new();
    let Some(rule) = rule else {
        return items;
    };
    items.extend(
        rule.namespaces
            .iter()
            .map(|it| ("namespace", it.to_string())),
    );
    items.extend(rule.paths.iter().map(|it| ("path", it.to_string())));
    match &rule.roles {
        Some(roles) => items.extend(roles.iter().map(|it| ("role", it.to_string()))),
        None => drop(items.insert(("role", "the cluster's own".to_owned()))),
    }
    match &rule.stores {
        Some(stores) => {
            let stores = stores.iter();
            items.extend(stores.map(|it| ("store", format!("{} {}", it.kind, it.name))));
        }
        None => drop(items.insert(("store", "every".to_owned()))),
    }
    items
}

/// Whether a label that changes decides which rules hold for a cluster, or stands in what they allow. Rules that change
/// themselves are told by themselves.
pub(super) fn follow_label(key: &str, base: &Cell, head: &Cell, rules: &Rules) -> bool {
    // Of several labels, one may only count together with another.
    let base_but = with_label(&base.labels, key, head.labels.get(key));
    let head_but = with_label(&head.labels, key, base.labels.get(key));
    let variable = format!("${{cluster.labels.{key}}}");
    rules.iter().any(|rule| {
        let holds = |labels| rule.clusters.selects(labels);
        let read_as = rule.roles.iter().flatten();
        let stores = rule.stores.iter().flatten().map(|store| &store.name);
        let patterns = rule.namespaces.iter().chain(&rule.paths);
        let mut patterns = patterns.chain(read_as).chain(stores);
        holds(&base.labels) != holds(&base_but)
            || holds(&head.labels) != holds(&head_but)
            || (holds(&head.labels) && patterns.any(|it| it.to_string().contains(&variable)))
    })
}

fn with_label(
    labels: &BTreeMap<String, String>,
    key: &str,
    value: Option<&String>,
) -> BTreeMap<String, String> {
    let mut labels = labels.clone();
    labels.remove(key);
    labels.extend(value.map(|value| (key.to_owned(), value.clone())));
    labels
}

/// Marks what the base would have refused: it is allowed by nothing but this change itself. Rules select by labels, which the
/// change may set as well: those of the base hold, where the cluster was there.
pub(super) fn mark(changes: &mut [Change], pair: Pair<'_>, base: &Desired) {
    let Some(cell) = pair.head.filter(|_| base.rules.are_whole()) else {
        return;
    };
    let subject = pair.base.unwrap_or(cell).subject();
    let is_refused = |secret: &&DesiredSecret| {
        let permits = Permits::of(&base.rules, subject, &secret.id.namespace);
        !permits.refusals(secret).is_empty()
    };
    let refused = cell.secrets.iter().filter(is_refused);
    let refused: BTreeSet<String> = refused.map(|secret| secret.id.to_string()).collect();
    for change in changes {
        if let Meaning::Secret(secret) = &change.meaning
            && secret.how != SecretMove::Lost
            && refused.contains(&secret.secret)
        {
            change.critical.push(Critical::OnlyByNewRules);
        }
    }
}
