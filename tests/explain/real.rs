//! The direct question, held against a real server: it is always right.

use super::forms::{FLEET, cluster};
use super::generate::{Case, Random};
use crate::support::{Repository, Vault};
use keyfleet::git::{Access, Limits, Source};
use keyfleet::insight::{self, Known, May};
use keyfleet::pipeline;
use keyfleet::policy::Dialect;
use serde_json::json;
use std::collections::BTreeMap;

#[tokio::test]
async fn a_cluster_may_read_what_the_server_lets_a_token_with_its_policies_read() {
    let vault = Vault::start().await;
    let mut random = Random::new(0x6578_706c);
    let mut seen = BTreeMap::<&str, usize>::new();
    for _ in 0..20 {
        let case = Case::generate(&mut random, Dialect::OpenBao);
        let repository = Repository::new();
        repository.fleet("real", FLEET);
        let mut names = Vec::new();
        for (index, text) in case.policies.iter().enumerate() {
            let name = format!("generated-{index}");
            repository.write(&format!("policies/{name}.hcl"), text);
            let path = format!("sys/policies/acl/{name}");
            let (status, body) = vault
                .api("POST", &path, Some(json!({ "policy": text })))
                .await;
            assert!(status < 300, "{text}: {body}");
            names.push(name);
        }
        cluster(
            &repository,
            "a",
            &format!("  policies: [{}]\n", names.join(", ")),
        );
        let source = Source::parse(repository.path().to_str().unwrap()).unwrap();
        let access = Access::from_lookup(|_| None);
        let read = pipeline::read(source, None, Limits::default(), access).await;
        let wanted = pipeline::compile(read.unwrap());
        let body = json!({ "policies": names, "no_default_policy": true, "type": "batch" });
        let (_, answer) = vault.api("POST", "auth/token/create", Some(body)).await;
        let token = answer["auth"]["client_token"].as_str().unwrap().to_owned();
        let paths: Vec<&str> = case
            .paths
            .iter()
            .map(|path| path.trim_matches('/'))
            .collect();
        let body = json!({ "token": token, "paths": paths });
        let (status, there) = vault.api("POST", "sys/capabilities", Some(body)).await;
        assert_eq!(status, 200, "{there}");
        for path in paths {
            let granted = there["data"][path].as_array().unwrap();
            let granted = granted.iter().any(|word| word == "read" || word == "root");
            let here = insight::may_read(&wanted.desired, &Known::default(), "a", path);
            let here = here.expect("the cluster is there");
            let kind = match here.may {
                May::Read => "yes",
                May::Denied => "no",
                May::Unknown => "not known",
            };
            *seen.entry(kind).or_default() += 1;
            // A token without an entity has no templated rules; that they may decide is told.
            let is_right = match here.may {
                May::Read => granted,
                May::Denied => !granted,
                May::Unknown => !here.templated.is_empty(),
            };
            assert!(
                is_right,
                "{path:?}: {here:#?}, there {granted}: {:#?}",
                case.policies
            );
            assert_eq!(
                here.may == May::Read,
                here.may == May::Read && !here.stanzas.is_empty()
            );
        }
    }
    assert!(seen.values().sum::<usize>() >= 400, "{seen:?}");
    for kind in ["yes", "no", "not known"] {
        assert!(
            seen.get(kind).is_some_and(|number| *number >= 20),
            "the cases are lopsided: {seen:?}"
        );
    }
}
