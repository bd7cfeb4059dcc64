//! The story: a fleet is onboarded, left alone, meddled with, changed in a pull request, rotated, and nearly lost.

use super::super::playground::seed::made_up;
use super::super::playground::{quoted, removal};
use super::super::ui;
use super::Demo;
use super::stage::Stage;
use crate::report::count;
use crate::sandbox::Kind;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::json;

/// Beside the repository: a file in it would count as an edit.
const PLAN: &str = "../plan.json";
const MERGE_PATCH: &str = "application/merge-patch+json";

pub(super) async fn tell(stage: &Stage<'_>) -> anyhow::Result<()> {
    onboard(stage).await?;
    rest(stage).await?;
    meddle(stage).await?;
    review(stage).await?;
    rotate(stage).await?;
    nearly_lose(stage).await
}

async fn onboard(stage: &Stage<'_>) -> anyhow::Result<()> {
    stage
        .scene(
            "A fleet in git, and nothing of it in the world",
            "On this machine run a Vault, which holds some values, and two Kubernetes clusters, prod-eu and staging, \
             which hold nothing. The repository says how they should be: one short file for each cluster, and the \
             ExternalSecrets that its teams already have.",
        )
        .await;
    stage.keyfleet(&["plan", "--out", PLAN], 2).await?;
    stage
        .scene(
            "One command instead of seven for each cluster",
            "Mounts, configs, policies and roles first; then keyfleet logs in as each cluster, with exactly its \
             rights, and brings the values.",
        )
        .await;
    stage.keyfleet(&["apply", ".", PLAN, "--yes"], 0).await
}

async fn rest(stage: &Stage<'_>) -> anyhow::Result<()> {
    stage
        .scene(
            "Nothing to do",
            "The second look writes nothing, and of Secrets it reads only what changed since the first.",
        )
        .await;
    drop(stage.take_counts());
    stage.keyfleet(&["plan"], 0).await?;
    if let Some(counts) = stage.take_counts() {
        let of = |counts: &crate::sandbox::Counts, kinds: &[Kind]| -> u64 {
            kinds.iter().filter_map(|kind| counts.get(kind)).sum()
        };
        let reads = [Kind::Read, Kind::Value];
        let clusters: Vec<String> = counts
            .clusters
            .iter()
            .map(|(name, counts)| format!("{name} {}", of(counts, &reads)))
            .collect();
        let all = || counts.clusters.values().chain([&counts.vault]);
        let writes: u64 = all().map(|counts| of(counts, &[Kind::Write])).sum();
        stage.say(&format!(
            "Counted at the servers: {} of the Vault, of the clusters {}, and {}.",
            count(usize::try_from(of(&counts.vault, &reads))?, "read"),
            clusters.join(", "),
            count(usize::try_from(writes)?, "write"),
        ));
    }
    Ok(())
}

async fn meddle(stage: &Stage<'_>) -> anyhow::Result<()> {
    stage
        .scene(
            "Somebody helps by hand",
            "A policy is opened wide, and a password in a cluster is replaced.",
        )
        .await;
    stage.typed(
        "vault policy write prod-eu-kv-rw - <<< 'path \"kv/*\" { capabilities = [\"read\"] }'",
    );
    let policy = json!({"policy": "path \"kv/*\" { capabilities = [\"read\"] }"});
    stage
        .vault
        .post("/sys/policies/acl/prod-eu-kv-rw", &policy)
        .await?;
    stage.typed("kubectl --context prod-eu -n shop edit secret checkout");
    let password = STANDARD.encode(made_up());
    let edited = json!({"data": {"password": password}});
    let path = "/api/v1/namespaces/shop/secrets/checkout?fieldManager=kubectl-edit";
    let hands = stage.hands_on("prod-eu")?;
    hands
        .send(Method::PATCH, path, MERGE_PATCH, Some(&edited))
        .await?;
    stage.say(
        "keyfleet says what it was, since when and, where the server records it, who; and puts it back with one write \
         each:",
    );
    stage.keyfleet(&["plan", "--out", PLAN], 2).await?;
    stage.keyfleet(&["apply", ".", PLAN, "--yes"], 0).await
}

async fn review(stage: &Stage<'_>) -> anyhow::Result<()> {
    const BRANCH: &str = "database-password";
    const FILE: &str = "clusters/prod-eu/checkout.yaml";
    stage
        .scene(
            "A pull request moves a mapping",
            "One line of YAML. What it means is one more grant in production, and another password in a Secret.",
        )
        .await;
    let database = json!({"data": {"password": made_up()}});
    stage
        .vault
        .post("/kv/data/prod-eu/database", &database)
        .await?;
    let repository = &stage.playground.repository;
    repository.branch(BRANCH)?;
    repository.edit(
        FILE,
        "kv/data/prod-eu/checkout\n      name: password",
        "kv/data/prod-eu/database\n      name: password",
    )?;
    repository.commit("Take the password of the shop from the database's own secret")?;
    repository.leave_branch()?;
    stage.typed(&format!("git diff --unified=0 main...{BRANCH}"));
    for line in repository.changed_lines(BRANCH)? {
        stage.diff_line(&line);
    }
    let plan = ["plan", "--ref", BRANCH, "--out", PLAN];
    stage.keyfleet(&plan, 2).await?;
    stage.say("It is merged, and what was reviewed is applied, and nothing else:");
    repository.merge(BRANCH)?;
    stage.keyfleet(&["apply", ".", PLAN, "--yes"], 0).await
}

async fn rotate(stage: &Stage<'_>) -> anyhow::Result<()> {
    stage
        .scene(
            "A value is rotated in Vault",
            "Every Secret that is made of it follows, in both clusters.",
        )
        .await;
    stage.typed("vault kv put kv/shared/mail noreply=…");
    let mail = json!({"data": {"noreply": made_up()}});
    stage.vault.post("/kv/data/shared/mail", &mail).await?;
    stage.keyfleet(&["apply", "--yes"], 0).await
}

async fn nearly_lose(stage: &Stage<'_>) -> anyhow::Result<()> {
    stage
        .scene(
            "A folder is deleted in git, by mistake",
            "What would lock a whole cluster out of Vault waits for a person, even with --yes.",
        )
        .await;
    stage.typed("git rm -r clusters/staging && git commit -m 'Tidy up'");
    let repository = &stage.playground.repository;
    repository.remove_folder("clusters/staging")?;
    repository.commit("Tidy up")?;
    stage.keyfleet(&["apply", "--yes"], 0).await?;
    stage.say("Nobody wants that. The commit is reverted, and nothing was lost on the way:");
    stage.typed("git revert --no-edit HEAD");
    repository.revert()?;
    stage.keyfleet(&["plan"], 0).await
}

/// What to do next.
pub(super) fn end(stage: &Stage<'_>, demo: &Demo) {
    let playground = &stage.playground;
    let command = super::super::sandbox::own_name();
    let repository = quoted(&playground.repository.folder().display().to_string());
    if demo.stay {
        let environment = quoted(&playground.folder.join("env").display().to_string());
        stage.say("The servers stay, until Ctrl-C. In another terminal:");
        to_type(&[
            format!(". {environment}"),
            format!("cd {repository}"),
            format!("{command} plan"),
        ]);
        stage.say(
            "To see the guard hold the folder once more, and to release what it holds with the command that it shows:",
        );
        to_type(&[
            "git rm -rq clusters/staging".to_owned(),
            format!("{command} apply"),
        ]);
        return;
    }
    stage.say(
        "The servers end with the story, and its commands need them. To try those yourself, also the one that \
         releases what was held, tell it again and let the servers stay:",
    );
    let real = if demo.real { " --real" } else { "" };
    to_type(&[format!("{command} demo{real} --stay")]);
    stage.say("A fleet to play with, also with kubectl and vault:");
    to_type(&[format!("{command} sandbox --clusters 5")]);
    stage.say("What a plan of your own repository needs:");
    to_type(&[format!("{command} plan --help")]);
    stage.say(&format!(
        "The repository of this story stays in {repository}. To take it away:"
    ));
    to_type(&[removal(&playground.folder)]);
}

/// What whoever reads this may type, each in a line of its own, so that it can be copied as it is.
fn to_type(lines: &[String]) {
    ui::data("\n");
    for line in lines {
        ui::data(&format!("  {line}\n"));
    }
}
