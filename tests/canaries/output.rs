//! A scene whose every value and token is a canary, and all that its runs ever said.
#![allow(
    unreachable_pub,
    reason = "it is shared by the modules of one test binary"
)]

use super::scene::Scene;
use super::support::canary::Canaries;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use std::fs;
use std::sync::Mutex;

/// With characters that every encoding has to encode.
pub const VALUES: [&str; 4] = [
    "canary-one \"quoted\" /+&<ü>\\ end-of-it",
    "canary-two \"quoted\" /+&<ß>\\ end-of-it",
    "canary-by-hand \"quoted\" ?=%<é>\\ end",
    "canary-in-a-file-that-is-no-certificate",
];

/// The forms that the search must find, made here once more and in another way.
pub fn forms(value: &str) -> Vec<String> {
    let json = json!({ "value": value }).to_string();
    let surrounded = format!("x{value}yz");
    vec![
        value.to_owned(),
        STANDARD.encode(value),
        URL_SAFE.encode(value),
        STANDARD.encode(&surrounded),
        STANDARD.encode(format!("x{surrounded}")),
        value
            .bytes()
            .fold(String::new(), |text, byte| text + &format!("{byte:02X}")),
        utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(),
        json,
        format!("{value:?}"),
        format!("{:?}", value.as_bytes()),
    ]
}

pub struct Watched {
    pub scene: Scene,
    canaries: Mutex<Canaries>,
    said: Mutex<Vec<(String, String)>>,
}

impl Watched {
    pub async fn new(tag: &str) -> Self {
        let mut scene = Scene::declared(tag).await;
        let mut canaries = Canaries::default();
        for (number, value) in VALUES.iter().enumerate() {
            canaries.add(&format!("value {number}"), value);
        }
        for member in scene.members() {
            scene.put(member, "app", VALUES[0]).await;
            canaries.add(
                &format!("the token of {}", member.name),
                member.cluster.admin_token(),
            );
        }
        // The root token of a test is a word of every output.
        let (_, made) = scene
            .north
            .vault
            .api(
                "POST",
                "auth/token/create",
                Some(json!({"policies": ["root"]})),
            )
            .await;
        let token = made["auth"]["client_token"].as_str().unwrap().to_owned();
        // Tokens that keyfleet gets for itself nobody else knows; they look like this one.
        assert_eq!(canaries.found_in(&token).len(), 1);
        canaries.add("VAULT_TOKEN", &token);
        scene.keyfleet.vault_token = token;
        Self {
            scene,
            canaries: Mutex::new(canaries),
            said: Mutex::default(),
        }
    }

    pub fn watch(&self, what: &str, value: &str) {
        self.canaries.lock().unwrap().add(what, value);
    }

    /// As it is, with every word of keyfleet's own log, and with the logs of all that it is built from.
    pub fn run_all(&self, arguments: &[&str]) {
        let mut variables: Vec<(&str, &str)> = self
            .scene
            .variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let first = self.scene.keyfleet.run_with(arguments, &variables);
        let loud = self
            .scene
            .keyfleet
            .run_with(&[arguments, &["-vvv"]].concat(), &variables);
        variables.push(("RUST_LOG", "trace"));
        variables.push(("RUST_BACKTRACE", "1"));
        let loudest = self.scene.keyfleet.run_with(arguments, &variables);
        assert!(
            arguments[0] == "validate" || loudest.err.len() > loud.err.len() + 1000,
            "the others' logs are missing"
        );
        let mut said = self.said.lock().unwrap();
        for (how, run) in [
            ("", first),
            (" -vvv", loud),
            (" with RUST_LOG=trace", loudest),
        ] {
            let what = format!(
                "keyfleet {}{how} (exit code {})",
                arguments.join(" "),
                run.code
            );
            said.push((format!("stdout of {what}"), run.out));
            said.push((format!("stderr of {what}"), run.err));
        }
    }

    pub fn see_file(&self, file: &str) {
        let text = fs::read_to_string(self.scene.path(file)).unwrap();
        fs::remove_file(self.scene.path(file)).unwrap();
        self.said.lock().unwrap().push((file.to_owned(), text));
    }

    /// Whether anything that was said so far holds this text: that a failure was met at all.
    pub fn assert_said(&self, text: &str) {
        let said = self.said.lock().unwrap();
        assert!(
            said.iter().any(|(_, output)| output.contains(text)),
            "{text:?} was not said:\n{said:#?}"
        );
    }

    /// Somebody changes a Secret in each cluster to another canary.
    pub async fn edit_by_hand(&self) {
        let path = format!("/api/v1/namespaces/apps-{}/secrets/app", self.scene.tag);
        let edited = json!({"data": {"password": STANDARD.encode(VALUES[2])}});
        for member in self.scene.members() {
            let cluster = &member.cluster;
            let (status, _) = cluster
                .api(
                    "PATCH",
                    &path,
                    "application/merge-patch+json",
                    Some(edited.clone()),
                )
                .await;
            assert_eq!(status, 200);
        }
    }

    pub fn assert_silent(&self) {
        let canaries = self.canaries.lock().unwrap();
        let said = self.said.lock().unwrap();
        assert!(
            said.iter().map(|(_, text)| text.len()).sum::<usize>() > 10_000,
            "hardly anything was said"
        );
        let hits: Vec<String> = said
            .iter()
            .flat_map(|(what, text)| {
                canaries
                    .found_in(text)
                    .into_iter()
                    .map(move |found| format!("{found} in {what}"))
            })
            .collect();
        assert!(hits.is_empty(), "{hits:#?}");
    }
}
