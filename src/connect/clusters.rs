//! The clusters of a fleet: one connection each, made anew when what it was made from has changed.

use super::{Bounds, setup};
use crate::backends::cluster_called;
use crate::backends::kubernetes::{Access, ClusterConnection, KubeconfigFile};
use crate::backends::vault::VaultReader;
use crate::declare::Credential;
use crate::desire::{Cell, Connection};
use crate::names::ClusterName;
use crate::observe::{Failure, KvReference};
use crate::pipeline::OpenCluster;
use crate::secret::SecretBytes;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How old credentials that are kept in Vault may be; they are read again sooner where the cluster turns them down.
const KEPT_FOR: Duration = Duration::from_secs(600);

pub(super) struct Clusters {
    kubeconfig: Option<PathBuf>,
    bounds: Bounds,
    /// Read by the first cluster that needs it, and again when it was written anew.
    own: tokio::sync::Mutex<Option<Arc<KubeconfigFile>>>,
    held: Mutex<BTreeMap<ClusterName, Arc<Held>>>,
}

/// What a cluster's declaration says of the way to it.
#[derive(Clone, PartialEq, Eq)]
struct Declared {
    connect: Connection,
    host: String,
    ca_pem: String,
}

struct Held {
    declared: Declared,
    origin: Origin,
    connection: ClusterConnection,
    open: OpenCluster,
}

/// Where the credentials came from.
enum Origin {
    Kubeconfig(Arc<KubeconfigFile>),
    Vault {
        value: SecretBytes,
        read: Mutex<Instant>,
    },
    Pod,
}

/// How a cluster is got into.
enum Way {
    /// By the connection that is there.
    Held(OpenCluster),
    New(Access, Origin),
}

/// Credentials in Vault, as they are declared.
struct Kept<'a> {
    reference: &'a KvReference,
    property: &'a str,
    holds: Credential,
}

impl Clusters {
    pub(super) fn new(kubeconfig: Option<PathBuf>, bounds: Bounds) -> Self {
        Self {
            kubeconfig,
            bounds,
            own: tokio::sync::Mutex::default(),
            held: Mutex::default(),
        }
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<ClusterName, Arc<Held>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn follow(&self, cells: &[Arc<Cell>]) {
        let declared: BTreeSet<&ClusterName> = cells.iter().map(|cell| &cell.cluster).collect();
        self.held().retain(|name, _| declared.contains(name));
    }

    pub(super) async fn open(
        &self,
        cell: &Cell,
        vault: Result<Arc<VaultReader>, Failure>,
    ) -> Result<OpenCluster, Failure> {
        let declared = Declared {
            connect: cell.connect.clone(),
            host: cell.config.host.clone(),
            ca_pem: cell.config.ca_pem.clone(),
        };
        let held = self.held().get(&cell.cluster).cloned();
        let held =
            held.filter(|held| held.declared == declared && !held.connection.is_turned_away());
        let way = match &cell.connect {
            Connection::KubeconfigContext(context) => self.by_kubeconfig(context, held).await?,
            Connection::InCluster => as_pod(held),
            Connection::Vault {
                reference,
                property,
                holds,
            } => {
                let kept = Kept {
                    reference,
                    property,
                    holds: *holds,
                };
                by_vault(cell, vault, &kept, held).await?
            }
        };
        match way {
            Way::Held(open) => Ok(open),
            Way::New(access, origin) => self.connect(cell, declared, access, origin).await,
        }
    }

    async fn by_kubeconfig(&self, context: &str, held: Option<Arc<Held>>) -> Result<Way, Failure> {
        let file = self.own_kubeconfig().await?;
        if let Some(held) = held.filter(|held| held.is_of(&file)) {
            return Ok(Way::Held(held.open.clone()));
        }
        let access = Access::Kubeconfig {
            file: Arc::clone(&file),
            context: Some(context.to_owned()),
        };
        Ok(Way::New(access, Origin::Kubeconfig(file)))
    }

    async fn connect(
        &self,
        cell: &Cell,
        declared: Declared,
        access: Access,
        origin: Origin,
    ) -> Result<OpenCluster, Failure> {
        let connection = connect(cell, access, &self.bounds).await?;
        let open = OpenCluster {
            read: Arc::new(connection.reader()),
            write: Arc::new(connection.writer()),
        };
        let held = Held {
            declared,
            origin,
            connection,
            open: open.clone(),
        };
        self.held().insert(cell.cluster.clone(), Arc::new(held));
        Ok(open)
    }

    async fn own_kubeconfig(&self) -> Result<Arc<KubeconfigFile>, Failure> {
        // Held while it is read, so that many clusters need one reading.
        let mut own = self.own.lock().await;
        if let Some(file) = own.as_ref().filter(|file| !file.is_stale()) {
            return Ok(Arc::clone(file));
        }
        let path = self.kubeconfig.clone();
        let read = tokio::task::spawn_blocking(move || KubeconfigFile::read(path.as_deref()));
        let given_up = |_| setup("read the kubeconfig", "reading it was given up");
        let file = Arc::new(read.await.map_err(given_up)??);
        *own = Some(Arc::clone(&file));
        Ok(file)
    }
}

impl Held {
    fn is_of(&self, file: &Arc<KubeconfigFile>) -> bool {
        matches!(&self.origin, Origin::Kubeconfig(of) if Arc::ptr_eq(of, file))
    }

    fn is_recent(&self) -> bool {
        match &self.origin {
            Origin::Vault { read, .. } => {
                let read = read.lock().unwrap_or_else(PoisonError::into_inner);
                read.elapsed() < KEPT_FOR
            }
            Origin::Kubeconfig(_) | Origin::Pod => false,
        }
    }

    /// Whether what was just read is what this was made from.
    fn is_still(&self, now: &SecretBytes) -> bool {
        match &self.origin {
            Origin::Vault { value, read } if value.same(now) => {
                *read.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                true
            }
            _ => false,
        }
    }
}

fn as_pod(held: Option<Arc<Held>>) -> Way {
    match held {
        Some(held) => Way::Held(held.open.clone()),
        None => Way::New(Access::InCluster, Origin::Pod),
    }
}

async fn by_vault(
    cell: &Cell,
    vault: Result<Arc<VaultReader>, Failure>,
    kept: &Kept<'_>,
    held: Option<Arc<Held>>,
) -> Result<Way, Failure> {
    if let Some(held) = held.as_ref().filter(|held| held.is_recent()) {
        return Ok(Way::Held(held.open.clone()));
    }
    let value = match kept.read(cell, vault).await {
        Ok(value) => value,
        // What is held still works, as far as anybody knows.
        Err(failure) if failure.is_outage() => {
            return held.map(|held| Way::Held(held.open.clone())).ok_or(failure);
        }
        Err(failure) => return Err(failure),
    };
    if let Some(held) = held.filter(|held| held.is_still(&value)) {
        return Ok(Way::Held(held.open.clone()));
    }
    let access = kept.access(cell, value.duplicate());
    let read = Mutex::new(Instant::now());
    Ok(Way::New(access, Origin::Vault { value, read }))
}

impl Kept<'_> {
    async fn read(
        &self,
        cell: &Cell,
        vault: Result<Arc<VaultReader>, Failure>,
    ) -> Result<SecretBytes, Failure> {
        let mut value = vault?.own_value(self.reference).await?;
        if let Some(serde_json::Value::String(text)) = value.data.remove(self.property) {
            return Ok(SecretBytes::from(text));
        }
        let (path, property) = (self.reference.api_path(), self.property);
        let why = format!("{path} has no text {property:?}");
        Err(setup(connecting(cell), why).hint("see `connect.vault` in its cluster.yaml"))
    }

    fn access(&self, cell: &Cell, value: SecretBytes) -> Access {
        let origin = format!("{}#{}", self.reference.api_path(), self.property);
        match self.holds {
            Credential::Kubeconfig => Access::KubeconfigText {
                text: value,
                context: None,
                origin,
            },
            Credential::Token => Access::Token {
                server: cell.config.host.clone(),
                ca_pem: Some(cell.config.ca_pem.clone()),
                token: value,
                origin,
            },
        }
    }
}

/// Credential plugins are programs that this waits for.
async fn connect(
    cell: &Cell,
    access: Access,
    bounds: &Bounds,
) -> Result<ClusterConnection, Failure> {
    let conduct = bounds.conduct.towards(&cluster_called(&cell.cluster));
    let limits = bounds.cluster;
    let making = tokio::task::spawn_blocking(move || {
        ClusterConnection::with_conduct(access, limits, conduct)
    });
    let given_up = |_| setup(connecting(cell), "the connection could not be set up");
    making.await.map_err(given_up)?
}

fn connecting(cell: &Cell) -> String {
    format!("connect to cluster {}", cell.cluster)
}
