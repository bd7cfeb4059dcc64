//! The pages in a real browser, over a real socket, under the policy that they are served with: nothing is refused or complained
//! of, they are the same without scripts, and they fit a narrow screen.

use super::made_up::{self, Shape};
use super::site::{MAIN, service};
use crate::support::binaries::on_path;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{Html, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::process::Command;

/// As the service sends it with every answer.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// Of a start that is slow on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(90);
/// Blocks the scripts of pages, and not those with which the browser itself reads the page out.
const NO_SCRIPTS: &str = "{\"profile\":{\"default_content_setting_values\":{\"javascript\":2}}}";

fn chromium() -> PathBuf {
    if let Some(named) = std::env::var_os("CHROMIUM").map(PathBuf::from) {
        assert!(
            named.is_file(),
            "CHROMIUM names {}, which is no file",
            named.display()
        );
        return named;
    }
    let known = ["chromium", "chromium-browser", "google-chrome"];
    known.into_iter().find_map(on_path).expect(
        "there is no Chromium on PATH: install Debian's package `chromium`, or set CHROMIUM to one",
    )
}

/// What a browser made of a page.
struct Shown {
    document: String,
    /// What it wrote into its console: errors, and what the policy refused.
    console: Vec<String>,
}

struct Browser {
    program: PathBuf,
    profile: tempfile::TempDir,
}

impl Browser {
    fn new(preferences: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let folder = profile.path().join("Default");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("Preferences"), preferences).unwrap();
        Self {
            program: chromium(),
            profile,
        }
    }

    async fn show(&self, address: &str) -> Shown {
        let mut command = Command::new(&self.program);
        command
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--no-proxy-server",
            ])
            .args(["--disable-dev-shm-usage", "--disable-background-networking"])
            .args([
                "--enable-logging=stderr",
                "--v=0",
                "--virtual-time-budget=20000",
                "--dump-dom",
            ])
            .arg(format!("--user-data-dir={}", self.profile.path().display()))
            .arg(address)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = tokio::time::timeout(PATIENCE, command.output()).await;
        let output = output.expect("the browser ends").unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success() && !output.stdout.is_empty(),
            "{address}: {log}"
        );
        Shown {
            document: String::from_utf8(output.stdout).unwrap(),
            console: log
                .lines()
                .filter(|line| line.contains(":CONSOLE"))
                .map(str::to_owned)
                .collect(),
        }
    }
}

/// Serves until the test ends; says where.
async fn serve(service: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

async fn guarded(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn dashboard() -> Router {
    let shape = Shape {
        clusters: 45,
        secrets: 5,
    };
    let board = Arc::new(made_up::board(shape));
    made_up::misdeclare(&board);
    service(board, made_up::now)
}

/// Every kind of page.
fn paths() -> Vec<&'static str> {
    let further = [
        "/clusters/dev-us-005",
        "/clusters/dev-us-005/secrets/billing/app-001",
        "/clusters/dev-ap-035",
        "/clusters/wrong",
        "/vaults/main",
        "/nowhere",
    ];
    MAIN.into_iter().chain(further).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_every_page_and_has_nothing_to_complain_of() {
    let browser = Browser::new("{}");
    // Whether a complaint would be seen at all.
    let wrong = "<!DOCTYPE html><title>x</title><p style=\"color:red\">a</p><script>1</script>";
    let wrong = Router::new()
        .route("/", get(Html(wrong)))
        .layer(from_fn(guarded));
    let complaints = browser.show(&serve(wrong).await).await.console;
    assert!(complaints.len() >= 2, "{complaints:?}");

    let address = serve(dashboard().layer(from_fn(guarded))).await;
    for path in paths() {
        let shown = browser.show(&format!("{address}{path}")).await;
        // The page that is not there is an answer with status 404, which a browser writes down as one.
        let complaints = shown
            .console
            .iter()
            .filter(|line| !(path == "/nowhere" && line.contains("404")));
        assert_eq!(
            complaints.collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "{path}"
        );
        assert!(
            shown.document.contains("no page shows a secret's value"),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_are_the_same_without_scripts() {
    let (with, without) = (Browser::new("{}"), Browser::new(NO_SCRIPTS));
    // Whether scripts are off at all.
    let script = "<!DOCTYPE html><title>x</title><p id=\"a\">plain</p><script>document.getElementById('a').textContent = 'scripted'</script>";
    let address = serve(Router::new().route("/", get(Html(script)))).await;
    assert!(with.show(&address).await.document.contains(">scripted<"));
    assert!(without.show(&address).await.document.contains(">plain<"));

    let address = serve(dashboard().layer(from_fn(guarded))).await;
    for path in ["/", "/clusters/dev-us-005?q=app&state=in-sync", "/held"] {
        let page = format!("{address}{path}");
        let (one, other) = (with.show(&page).await, without.show(&page).await);
        assert_eq!(one.document, other.document, "{path}");
    }
}

/// Loads each page in frames of some widths, and writes down those that are wider than their frame or whose look did not load.
/// The pages are served without their policy here, which forbids frames and scripts.
const MEASURE: &str = "<!DOCTYPE html><title>measure</title><pre id=\"found\">not done</pre><script>
async function measure() {
  const found = [];
  for (const width of [320, 390, 760, 1600]) {
    for (const path of PATHS) {
      const frame = document.createElement('iframe');
      frame.width = width; frame.height = 900; frame.src = path;
      const loaded = new Promise(resolve => frame.onload = resolve);
      document.body.append(frame);
      await loaded;
      const page = frame.contentDocument.documentElement;
      const looks = frame.contentDocument.styleSheets.length;
      if (page.scrollWidth > width || looks !== 1) {
        const wide = [...page.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > width && !e.closest('.scroll'));
        found.push(`${path} at ${width}: ${page.scrollWidth} ${wide.map(e => e.tagName + '.' + e.className).slice(0, 5)}`);
      }
      frame.remove();
    }
  }
  document.getElementById('found').textContent = 'done [' + found.join('; ') + ']';
}
measure();
</script>";

#[tokio::test(flavor = "multi_thread")]
async fn no_page_is_wider_than_the_screen() {
    let browser = Browser::new("{}");
    let wide = "<!DOCTYPE html><title>x</title><p>wide, and without a look</p>";
    let mut checked = paths();
    checked.push("/wide");
    let list = serde_json::to_string(&checked).unwrap();
    let measure = MEASURE.replace("PATHS", &list);
    let service = dashboard()
        .route("/wide", get(Html(wide)))
        .route("/measure", get(async move || Html(measure)));
    let shown = browser
        .show(&format!("{}/measure", serve(service).await))
        .await;
    let (_, found) = shown.document.split_once("<pre id=\"found\">").unwrap();
    let found = found.split_once("</pre>").unwrap().0;
    let expected: Vec<String> = [320, 390, 760, 1600]
        .map(|width| format!("/wide at {width}: {width} "))
        .into();
    assert_eq!(found, format!("done [{}]", expected.join("; ")));
}

/// Where to look at the pages: `CHROMIUM_PICTURES=folder cargo test --test dashboard pictures`.
#[tokio::test(flavor = "multi_thread")]
async fn pictures() {
    let Some(folder) = std::env::var_os("CHROMIUM_PICTURES") else {
        return;
    };
    let address = serve(dashboard().layer(from_fn(guarded))).await;
    for (name, path) in [
        ("fleet", "/"),
        ("cluster", "/clusters/dev-us-005"),
        ("misdeclared", "/clusters/dev-ap-035"),
        ("failing", "/clusters/prod-us-003"),
        ("never-seen", "/clusters/wrong"),
        ("held", "/held"),
        ("reports", "/reports"),
        ("vault", "/vaults/main"),
        ("findings", "/findings"),
    ] {
        for (look, width, dark) in [("light-wide", 1280, false), ("dark-narrow", 390, true)] {
            let file = Path::new(&folder).join(format!("{name}-{look}.png"));
            picture(&format!("{address}{path}"), &file, width, dark).await;
        }
    }
}

async fn picture(address: &str, file: &Path, width: u32, dark: bool) {
    let browser = Browser::new("{}");
    let mut command = Command::new(&browser.program);
    command
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
        ])
        .arg(format!(
            "--blink-settings=preferredColorScheme={}",
            u8::from(!dark)
        ))
        .arg(format!(
            "--user-data-dir={}",
            browser.profile.path().display()
        ))
        .arg(format!("--window-size={width},1400"))
        .arg(format!("--screenshot={}", file.display()))
        .arg(address)
        .kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    assert!(output.expect("the browser ends").unwrap().status.success());
    assert!(file.is_file(), "{}", file.display());
}
