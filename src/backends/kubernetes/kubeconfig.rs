//! Kubeconfig files: which context is meant, and what of it is allowed.
//!
//! Promise: what comes out of a Vault or a repository can name an address, a CA and credentials, and nothing that runs
//! a program or reads a file here. Absent: merging by hand, proxies, and any way to switch TLS off.

use super::connect::Limits;
use super::settings::{Settings, connecting};
use crate::backends::file_mark::FileMark;
use crate::backends::file_trouble;
use crate::observe::{Failure, FailureClass};
use crate::secret::SecretBytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::{AuthInfo, Cluster, ExecAuthCluster, Kubeconfig};
use std::path::{Path, PathBuf};

/// The operator's own file, read once for all the clusters that it leads to.
pub struct KubeconfigFile {
    config: Kubeconfig,
    origin: String,
    /// The file as it was when it was read.
    mark: Option<(FileMark, PathBuf)>,
}

impl KubeconfigFile {
    /// Without a path, what kubectl would find.
    pub fn read(path: Option<&Path>) -> Result<Self, Failure> {
        let origin = match path {
            Some(path) => format!("the kubeconfig {}", path.display()),
            None => "kubectl's kubeconfig".to_owned(),
        };
        let mark = place(path).map(|place| (FileMark::of(&place), place));
        let config = path
            .map_or_else(Kubeconfig::read, Kubeconfig::read_from)
            .map_err(|error| unreadable(&error, &origin))?;
        Ok(Self {
            config,
            origin,
            mark,
        })
    }

    /// Whether it was written anew since.
    pub fn is_stale(&self) -> bool {
        self.mark
            .as_ref()
            .is_some_and(|(mark, place)| FileMark::of(place) != *mark)
    }

    pub(super) fn settings(
        &self,
        context: Option<&str>,
        limits: Limits,
    ) -> Result<Settings, Failure> {
        let chosen = choose(&self.config, context, &self.origin)?;
        chosen.refuse(&chosen.never())?;
        chosen.settings(limits)
    }
}

impl std::fmt::Debug for KubeconfigFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "KubeconfigFile({})", self.origin)
    }
}

/// Without a path, the file in the home directory: KUBECONFIG is a path by then.
fn place(path: Option<&Path>) -> Option<PathBuf> {
    let own = || std::env::home_dir().map(|home| home.join(".kube").join("config"));
    path.map(Path::to_owned).or_else(own)
}

/// A kubeconfig that somebody else wrote.
pub(super) fn text(
    text: &SecretBytes,
    context: Option<&str>,
    origin: &str,
    limits: Limits,
) -> Result<Settings, Failure> {
    let origin = format!("the kubeconfig {origin}");
    let config = text
        .expose_text()
        .and_then(|text| Kubeconfig::from_yaml(text).ok())
        .ok_or_else(|| {
            Failure::new(
                FailureClass::Setup,
                connecting(&origin),
                "it is not a kubeconfig",
            )
            .hint("store the whole file, as YAML text")
        })?;
    let chosen = choose(&config, context, &origin)?;
    chosen.refuse(&chosen.never())?;
    chosen.refuse(&chosen.local_only())?;
    chosen.settings(limits)
}

/// The text of a parse error quotes the file, which holds tokens.
fn unreadable(error: &kube::config::KubeconfigError, origin: &str) -> Failure {
    use kube::config::KubeconfigError;
    let why = match error {
        KubeconfigError::FindPath => "there is no home directory to look in".to_owned(),
        KubeconfigError::ReadConfig(source, path) => {
            format!(
                "{} cannot be read: {}",
                path.display(),
                file_trouble::of_file(source)
            )
        }
        KubeconfigError::Parse(source) => match source.location() {
            Some(place) => format!("it is not a kubeconfig, see line {}", place.line()),
            None => "it is not a kubeconfig".to_owned(),
        },
        _ => "it is not a kubeconfig".to_owned(),
    };
    Failure::new(FailureClass::Setup, connecting(origin), why)
        .hint("KUBECONFIG or ~/.kube/config is used when no file is named, as kubectl does")
}

struct Chosen {
    origin: String,
    cluster: Cluster,
    user: AuthInfo,
}

fn choose(config: &Kubeconfig, context: Option<&str>, origin: &str) -> Result<Chosen, Failure> {
    let wrong = |why: String| {
        let known: Vec<&str> = config
            .contexts
            .iter()
            .map(|context| context.name.as_str())
            .take(10)
            .collect();
        Failure::new(FailureClass::Setup, connecting(origin), why)
            .hint(format!("its contexts are: {}", known.join(", ")))
    };
    let current = config
        .current_context
        .as_deref()
        .filter(|name| !name.is_empty());
    let name = match (context.or(current), config.contexts.as_slice()) {
        (Some(name), _) => name,
        (None, [only]) => &only.name,
        (None, _) => {
            return Err(wrong(
                "it has no current context, and none was named".to_owned(),
            ));
        }
    };
    let context = config
        .contexts
        .iter()
        .find(|context| context.name == name)
        .and_then(|context| context.context.as_ref())
        .ok_or_else(|| wrong(format!("it has no context `{name}`")))?;
    let cluster = config
        .clusters
        .iter()
        .find(|cluster| cluster.name == context.cluster)
        .and_then(|cluster| cluster.cluster.clone())
        .ok_or_else(|| {
            wrong(format!(
                "its context `{name}` names a cluster that it does not have"
            ))
        })?;
    let user = config
        .auth_infos
        .iter()
        .find(|user| Some(&user.name) == context.user.as_ref())
        .and_then(|user| user.auth_info.clone())
        .ok_or_else(|| {
            wrong(format!(
                "its context `{name}` names a user that it does not have"
            ))
        })?;
    Ok(Chosen {
        origin: format!("{origin} (context {name})"),
        cluster,
        user,
    })
}

type Field = (&'static str, bool, &'static str);

impl Chosen {
    /// What is refused wherever it stands.
    fn never(&self) -> [Field; 2] {
        let insecure = self.cluster.insecure_skip_tls_verify == Some(true);
        [
            (
                "insecure-skip-tls-verify",
                insecure,
                "TLS is never switched off: give the CA in certificate-authority-data",
            ),
            (
                "proxy-url",
                self.cluster.proxy_url.is_some(),
                "keyfleet connects to API servers directly",
            ),
        ]
    }

    /// What only the operator's own file may have.
    fn local_only(&self) -> [Field; 6] {
        const INLINE: &str = "a kubeconfig kept elsewhere must not read files of this machine: put the content inline";
        const RUNS: &str = "a kubeconfig kept elsewhere must not run a program here: store a service account's token";
        let user = &self.user;
        [
            ("exec", user.exec.is_some(), RUNS),
            ("auth-provider", user.auth_provider.is_some(), RUNS),
            ("tokenFile", user.token_file.is_some(), INLINE),
            (
                "client-certificate",
                user.client_certificate.is_some(),
                INLINE,
            ),
            ("client-key", user.client_key.is_some(), INLINE),
            (
                "certificate-authority",
                self.cluster.certificate_authority.is_some(),
                INLINE,
            ),
        ]
    }

    fn refuse(&self, fields: &[Field]) -> Result<(), Failure> {
        match fields.iter().find(|(_, used, _)| *used) {
            None => Ok(()),
            Some((field, _, hint)) => {
                let why = format!("it uses `{field}`, which is not allowed there");
                Err(Failure::new(FailureClass::Setup, connecting(&self.origin), why).hint(*hint))
            }
        }
    }

    fn settings(mut self, limits: Limits) -> Result<Settings, Failure> {
        let server = self.cluster.server.as_deref().unwrap_or_default();
        let mut settings = Settings::new(server, &self.origin, limits)?;
        if let Some(data) = &self.cluster.certificate_authority_data {
            let pem = STANDARD.decode(data.trim());
            settings.set_ca(&pem.map_err(|_| settings.wrong("its CA is not base64"))?)?;
        } else if let Some(path) = &self.cluster.certificate_authority {
            settings.set_ca_file(path.into())?;
        }
        if let Some(plugin) = self
            .user
            .exec
            .as_mut()
            .filter(|plugin| plugin.provide_cluster_info)
        {
            plugin.cluster = ExecAuthCluster::try_from(&self.cluster).ok();
        }
        settings.config.tls_server_name =
            self.cluster.tls_server_name.filter(|name| !name.is_empty());
        settings.set_credentials(self.user)?;
        Ok(settings)
    }
}
