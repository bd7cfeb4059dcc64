//! What the pages say, and where they lead.

use super::made_up::{self, misdeclare};
use super::markup::{links, must_be_usable};
use super::site::{MAIN, Site};
use http::StatusCode;
use jiff::SignedDuration;
use keyfleet::names::{ClusterName, VaultName};
use keyfleet::observe::{Failure, FailureClass};
use keyfleet::serve::Board;
use keyfleet::serve::board::{ClusterState, HeldRevision, SourceState, Standing, VaultState};
use std::collections::BTreeSet;
use std::sync::Arc;

/// From the root on, every link of every page, of lists the first page and a few of each.
#[tokio::test]
async fn every_link_leads_to_a_page_that_everybody_can_use() {
    let site = Site::made_up(80, 6);
    let mut to_see: Vec<String> = vec!["/".to_owned()];
    let mut seen = BTreeSet::new();
    let mut kinds = BTreeSet::new();
    while let Some(path) = to_see.pop() {
        if seen.len() > 400 || !seen.insert(path.clone()) {
            continue;
        }
        if path.starts_with("/api/") {
            assert_eq!(site.get(&path).await.status, StatusCode::OK, "{path}");
            continue;
        }
        let page = site.page(&path).await;
        must_be_usable(&page, &path);
        kinds.insert(path.split(['/', '?']).nth(1).unwrap().to_owned());
        to_see.extend(links(&page));
    }
    for kind in [
        "", "clusters", "vaults", "findings", "held", "rotation", "reports", "problems",
    ] {
        assert!(kinds.contains(kind), "{kind} is linked to: {kinds:?}");
    }
    assert!(seen.iter().any(|path| path.contains("/secrets/")));
}

#[tokio::test]
async fn the_fleet_says_of_each_cluster_how_it_is() {
    let site = Site::made_up(120, 4);
    let page = site.page("/").await;
    for said in [
        "acme-fleet",
        "3f2a9c1d0e4b",
        "git asked <time datetime=\"2026-11-28T16:49:03Z\"",
        ">21 s ago</time>",
        "its last pass ran out of time",
        "out of reach: no answer within 10 s",
        "and 3 more failing",
        "mount auth/old-cluster: no longer declared",
        "binding role-tokenreview-binding: keyfleet does not own it",
        "1 error in the declarations",
        "looks only",
        "1–100 of 120 clusters",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert_eq!(
        page.matches("<tr role=\"row\"><th scope=\"row\"").count(),
        101
    );
    let next = site.page("/?page=2").await;
    assert!(next.contains("101–120 of 120 clusters") && next.contains("← before"));
}

#[tokio::test]
async fn clusters_are_found_by_name_label_vault_and_state_and_sorted_by_a_link() {
    let site = Site::made_up(90, 2);
    let names = async |query: &str| -> Vec<String> {
        let page = site.page(&format!("/{query}")).await;
        let table = page.rsplit_once("<tbody").unwrap().1;
        let rows = table.split("href=\"/clusters/").skip(1);
        rows.map(|row| row.split_once('"').unwrap().0.to_owned())
            .collect()
    };
    assert_eq!(names("?q=EU-000").await, ["prod-eu-000"]);
    assert_eq!(names("?q=env%3Dprod+region%3Deu").await.len(), 10);
    assert_eq!(names("?q=vault%3Dmain").await.len(), 90);
    assert_eq!(
        names("?state=blocked&sort=name").await,
        ["dev-ap-089", "prod-eu-009", "staging-us-049"]
    );
    assert_eq!(
        names("?state=blocked&sort=-name").await,
        ["staging-us-049", "prod-eu-009", "dev-ap-089"]
    );
    let sorted = names("?sort=name").await;
    assert!(sorted.is_sorted() && sorted.len() == 90);
    let worst = names("").await;
    assert!(
        worst[0].ends_with("053") || worst[0].ends_with("083"),
        "{}",
        worst[0]
    );
    let empty = site.page("/?q=nowhere").await;
    assert!(empty.contains("No cluster matches."));
    assert!(
        empty.contains("value=\"nowhere\""),
        "what was asked stays in the form"
    );
}

#[tokio::test]
async fn a_secret_says_where_each_key_comes_from_and_who_reads_it() {
    let site = Site::made_up(6, 4);
    let cluster = site.page("/clusters/dev-us-005").await;
    for said in [
        "auth/model",
        "model-role",
        "model-kv-rw",
        "by kubectl-edit",
        "OUT OF SYNC",
        "SUCCESS",
        "3/4 in sync",
        "14 fields",
    ] {
        assert!(cluster.contains(said), "{said}");
    }
    let secret = site
        .page("/clusters/dev-us-005/secrets/billing/app-001")
        .await;
    for said in [
        "kv/billing/app-001#password",
        "clusters/dev-us-005/app-001.yaml:12",
        "role <code>model-role</code> at <code>auth/model</code>",
        "<code>default</code>, <code>model-kv-rw</code>",
        "<td role=\"cell\" data-label=\"Version\">3</td>",
    ] {
        assert!(secret.contains(said), "{said}");
    }
}

#[tokio::test]
async fn a_held_change_says_how_exactly_it_is_released() {
    let site = Site::made_up(40, 4);
    let page = site.page("/held").await;
    for said in [
        "<pre class=\"command\" tabindex=\"0\" aria-label=\"Command\"><code>keyfleet apply . --approve a1b2c3d4</code></pre>",
        "<code>keyfleet apply . --cluster prod-us-015 --approve 7c1e09ab</code>",
        "moves a live cluster&#39;s API server",
        "Write `adopt: true` in clusters/",
        "https://old.k8s.example:6443",
    ] {
        let said = said.replace("prod-us-015", "prod-ap-015");
        assert!(page.contains(&said), "{said}");
    }
}

#[tokio::test]
async fn findings_are_narrowed_by_topic_cause_kind_and_scope() {
    let site = Site::made_up(40, 4);
    let total = async |query: &str| -> String {
        let page = site.page(&format!("/findings{query}")).await;
        let (_, after) = page
            .split_once("<h1>Findings <span class=\"number\">")
            .unwrap();
        after.split_once('<').unwrap().0.to_owned()
    };
    assert_eq!(total("").await, "10");
    assert_eq!(total("?topic=held").await, "3");
    assert_eq!(total("?topic=held&cause=pending").await, "2");
    assert_eq!(total("?kind=secret").await, "5");
    assert_eq!(total("?vault=main").await, "1");
    assert_eq!(total("?cluster=dev-us-005").await, "2");
    assert_eq!(total("?q=kube-system").await, "1");
    assert_eq!(total("?q=kube-system&topic=drift").await, "0");
}

#[tokio::test]
async fn what_is_not_there_is_said_and_nonsense_is_not_an_error() {
    let site = Site::made_up(3, 2);
    for path in [
        "/nowhere",
        "/clusters/none",
        "/vaults/none",
        "/clusters/prod-eu-000/secrets/a/b",
        "/clusters/%3Cscript%3E",
        "/clusters/%00",
        "/..%2f",
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        must_be_usable(&answer.body, path);
    }
    for query in [
        "?page=x&page=2",
        "?page=99999999999999999999",
        "?sort=%00&state=%22%3E",
        "?q=%ff%fe",
        "?refresh=0",
        "?=&&&",
        "?q=a&q=b",
    ] {
        for path in MAIN {
            must_be_usable(&site.page(&format!("{path}{query}")).await, path);
        }
    }
}

#[tokio::test]
async fn a_page_refreshes_itself_only_where_it_is_asked_to() {
    let site = Site::made_up(3, 2);
    assert!(!site.page("/").await.contains("http-equiv"));
    let page = site.page("/findings?q=x&refresh=30").await;
    assert!(page.contains("<meta http-equiv=\"refresh\" content=\"30\">"));
    assert!(page.contains("href=\"/findings?q=x\">stop refreshing every 30 s"));
}

#[tokio::test]
async fn an_empty_board_says_that_it_is_starting_and_why_it_does_not_get_on() {
    let site = Site::of(Board::default());
    for path in MAIN {
        must_be_usable(&site.page(path).await, path);
    }
    let page = site.page("/").await;
    assert!(page.contains("</span> starting") && page.contains("read for the first time"));
    site.board.write(|known| {
        known.source = Arc::new(SourceState {
            name: "acme".to_owned(),
            failure: Some("could not resolve host git.example".to_owned()),
            ..SourceState::default()
        });
    });
    let page = site.page("/").await;
    assert!(page.contains("git is down") && page.contains("could not resolve host git.example"));
    assert!(page.contains("tries again by itself"));
}

#[tokio::test]
async fn a_fleet_without_clusters_and_findings_is_honest() {
    let site = Site::made_up(0, 1);
    site.board.write(|known| {
        known.vaults.clear();
        known.reports = Arc::default();
    });
    for (path, said) in [
        ("/", "The repository declares no cluster."),
        ("/", "No Vault is known yet."),
        (
            "/findings",
            "Nothing differs, as far as the last passes saw.",
        ),
        ("/held", "No change waits for a person."),
        (
            "/rotation",
            "Every Secret that was looked at has the newest version.",
        ),
        ("/reports", "No report was made yet."),
    ] {
        let page = site.page(path).await;
        assert!(page.contains(said), "{path}: {said}");
        must_be_usable(&page, path);
    }
}

#[tokio::test]
async fn what_the_process_and_git_do_is_on_every_page() {
    let site = Site::made_up(2, 1);
    site.board.write(|known| {
        known.standing = Standing::Standby {
            holder: Some("keyfleet-1".to_owned()),
        };
        let followed = Arc::try_unwrap(std::mem::take(&mut known.source)).unwrap_or_default();
        known.source = Arc::new(SourceState {
            failure: Some("no answer within 30 s".to_owned()),
            held: Some(HeldRevision {
                is_rewritten: true,
                from: "aaaa1111".to_owned(),
                to: "bbbb2222".to_owned(),
                why: "bbbb2222 does not have aaaa1111 among its ancestors".to_owned(),
                since: super::made_up::now() - SignedDuration::from_mins(5),
            }),
            ..followed
        });
    });
    for path in MAIN {
        let page = site.page(path).await;
        for said in ["keyfleet-1 writes", "git is down", "a revision is held"] {
            assert!(page.contains(said), "{path}: {said}");
        }
    }
    assert!(
        site.page("/held")
            .await
            .contains("write <code>accept: bbbb2222</code>")
    );
}

#[tokio::test]
async fn a_sealed_vault_comes_before_everything_else() {
    let site = Site::made_up(4, 1);
    site.board.write(|known| {
        let name = VaultName::main();
        let vault = &known.vaults[&name];
        let sealed = VaultState {
            desired: vault.desired.clone(),
            passes: vault.passes.clone(),
            health: Some(Err(Failure::new(
                FailureClass::Sealed,
                "ask sys/health",
                "it is sealed",
            ))),
            token: None,
            health_at: Some(made_up::now() - SignedDuration::from_mins(7)),
            own_address: None,
        };
        known.vaults.insert(name, Arc::new(sealed));
    });
    let page = site.page("/").await;
    let attention = page.split_once("Needs a person first").unwrap().1;
    assert!(
        attention
            .split("</li>")
            .next()
            .unwrap()
            .contains("vault main")
    );
    let page = site.page("/vaults/main").await;
    assert!(page.contains("failed to ask sys/health: it is sealed"));
    assert!(page.contains(">7 min ago</time>"), "how old that is");
}

#[tokio::test]
async fn a_cluster_whose_declaration_has_an_error_is_still_there_and_says_so() {
    let site = Site::made_up(40, 3);
    misdeclare(&site.board);
    let page = site.page("/?state=blocked").await;
    for name in ["wrong", "dev-ap-035"] {
        let row = page.split("<tr ").skip(1).find(|row| {
            row.contains(&format!("href=\"/clusters/{name}\"")) && row.contains("blocked")
        });
        assert!(row.unwrap().contains("not looked at"), "{name}");
        let page = site.page(&format!("/clusters/{name}")).await;
        let place = format!("<code>clusters/{name}/cluster.yaml:16</code>");
        for said in [
            "Its declaration has an error: nothing is looked at",
            "did you mean `ttl`?",
            &place,
        ] {
            assert!(page.contains(said), "{name}: {said}");
        }
        must_be_usable(&page, name);
        let answer = site.json(&format!("/clusters/{name}")).await;
        assert_eq!(answer["state"], "blocked");
        assert_eq!(answer["misdeclared"]["place"]["line"], 16);
    }
    let seen = site.page("/clusters/dev-ap-035").await;
    assert!(seen.contains("3/3 in sync") && !seen.contains("a pass is under way"));
    let clusters = site.json("/clusters?per_page=1000").await;
    assert_eq!(clusters["total"], 41);
    assert_eq!(site.json("/fleet").await["clusters"]["total"], 41);
}

#[tokio::test]
async fn a_secret_that_is_no_longer_declared_still_has_its_page() {
    let site = Site::made_up(20, 4);
    site.board.write(|known| {
        let name = ClusterName::parse("prod-us-019").unwrap_or_else(|_| panic!());
        let name = known
            .clusters
            .keys()
            .find(|key| key.as_str().ends_with("-019"))
            .cloned()
            .unwrap_or(name);
        let cluster = &known.clusters[&name];
        let mut cell = (*cluster.cell).clone();
        cell.secrets.clear();
        let gone = ClusterState {
            cell: Arc::new(cell),
            passes: cluster.passes.clone(),
            secrets: cluster.secrets.clone(),
            breaker: cluster.breaker.clone(),
        };
        known.clusters.insert(name, Arc::new(gone));
    });
    let rotation = site.page("/rotation").await;
    let link = links(&rotation)
        .into_iter()
        .find(|link| link.contains("/secrets/"))
        .unwrap();
    assert!(
        site.page(&link)
            .await
            .contains("It is not declared at the revision")
    );
}

#[tokio::test]
async fn the_look_has_a_name_of_its_own_and_may_be_kept() {
    let site = Site::made_up(1, 1);
    let page = site.page("/").await;
    let (_, after) = page.split_once("<link rel=\"stylesheet\" href=\"").unwrap();
    let path = after.split_once('"').unwrap().0;
    let answer = site.get(path).await;
    assert_eq!(
        (answer.status, answer.kind.as_str()),
        (StatusCode::OK, "text/css; charset=utf-8")
    );
    assert!(answer.kept.ends_with("immutable"));
    assert_eq!(
        site.get("/assets/keyfleet-000000000000.css").await.status,
        StatusCode::NOT_FOUND
    );
}
