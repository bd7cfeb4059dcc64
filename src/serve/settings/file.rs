//! The settings file: read strictly, every mistake at its place.

mod field;
mod reconcile;
mod reports;
mod repository;
mod review;
mod vaults;
mod web;

use super::{Active, LogFormat, Places, Settings};
use crate::declare::is_own_kind;
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::yaml::{self, Fields, Node};
use std::path::PathBuf;

/// Reads the settings over what holds without them. What is wrong is in `problems`; the settings then serve only to find more.
pub fn read(
    file: &str,
    text: &str,
    mut settings: Settings,
    problems: &mut Diagnostics,
) -> Settings {
    let documents = yaml::parse(file, text, problems);
    let mut nodes = documents.documents.iter();
    let Some(node) = nodes.next() else {
        if documents.whole {
            let empty = Diagnostic::error(&Place::file(file), "the settings are empty");
            let hint = "begin with `apiVersion: keyfleet.dev/v1alpha1` and `kind: Service`";
            problems.push(empty.hint(hint).without_line());
        }
        return settings;
    };
    if let Some(second) = nodes.next() {
        let wrong = "the settings are one document";
        problems.push(Diagnostic::error(&second.place, wrong).hint("remove this one"));
    }
    settings.places = Places::in_document(node);
    if is_own_kind(node, "Service", file, problems) {
        read_service(node, &mut settings, problems);
    }
    settings
}

fn read_service(node: &Node, settings: &mut Settings, problems: &mut Diagnostics) {
    let Some(mut fields) = Fields::of(node, "the settings file", problems) else {
        return;
    };
    fields.optional("apiVersion");
    fields.optional("kind");
    if let Some(node) = fields.optional("repository") {
        repository::read(node, &mut settings.repository, problems);
    }
    if let Some(node) = fields.optional("vaults") {
        settings.vaults = vaults::read(node, problems);
    }
    if let Some(node) = fields.optional("webhooks") {
        web::webhooks(node, &mut settings.webhooks, problems);
    }
    if let Some(node) = fields.optional("review") {
        settings.review = review::read(node, problems);
    }
    if let Some(node) = fields.optional("reconcile") {
        reconcile::read(node, &mut settings.reconcile, problems);
    }
    if let Some(data) = fields.text("data", problems) {
        settings.data = PathBuf::from(data);
    }
    if let Some(node) = fields.optional("active") {
        settings.active = active(node, problems).unwrap_or(Active::Lock);
    }
    if let Some(node) = fields.optional("web") {
        web::web(node, &mut settings.web, problems);
    }
    if let Some(node) = fields.optional("probes") {
        web::listener(node, "probes", &mut settings.probes, problems);
    }
    if let Some(node) = fields.optional("reports") {
        settings.reports = reports::read(node, problems);
    }
    if let Some(node) = fields.optional("log") {
        settings.log = log(node, problems).unwrap_or(settings.log);
    }
    fields.finish(problems);
}

/// `{lease: {namespace, name, context}}` or `{lock: true}`.
fn active(node: &Node, problems: &mut Diagnostics) -> Option<Active> {
    let mut fields = Fields::of(node, "active", problems)?;
    let lease = fields.optional("lease");
    let lock = fields.boolean("lock", problems);
    fields.finish(problems);
    match (lease, lock) {
        (Some(lease), None | Some(false)) => {
            let mut lease = Fields::of(lease, "lease", problems)?;
            let mut text = |key| {
                let node = lease.required(key, problems)?;
                Some(node.text(&format!("`{key}`"), problems)?.to_owned())
            };
            let (namespace, name) = (text("namespace"), text("name"));
            let context = lease.text("context", problems).map(str::to_owned);
            lease.finish(problems);
            Some(Active::Lease {
                namespace: namespace?,
                name: name?,
                context,
            })
        }
        (None, Some(true)) => Some(Active::Lock),
        _ => {
            let wrong = "`active` needs one of lease and lock";
            let hint = "in Kubernetes `active: {lease: {namespace: keyfleet, name: keyfleet}}`, elsewhere `active: {lock: true}`";
            problems.push(Diagnostic::error(&node.place, wrong).hint(hint));
            None
        }
    }
}

fn log(node: &Node, problems: &mut Diagnostics) -> Option<LogFormat> {
    let mut fields = Fields::of(node, "log", problems)?;
    let format = fields.optional("format");
    fields.finish(problems);
    let words = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    field::one_of(format?, "format", &words, problems)
}
