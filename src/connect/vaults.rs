//! The Vaults of a fleet: one connection each, with the token that is meant for it.

use super::Bounds;
use super::credential::OwnCredential;
use super::settings::{Named, Settings, address_variable, token_variable};
use super::setup;
use super::token::{TokenKeeper, TokenState};
use super::watched::FileMark;
use crate::backends::vault::{
    OwnToken, TokenApi, VaultConnection, VaultReader, check_address, open,
};
use crate::backends::{file_trouble, vault_called};
use crate::desire::DesiredVault;
use crate::names::VaultName;
use crate::observe::Failure;
use crate::pipeline::OpenVault;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) struct Vaults {
    settings: Settings,
    bounds: Bounds,
    keeps_tokens: bool,
    /// Whether the fleet has one Vault only.
    is_one: AtomicBool,
    held: Mutex<BTreeMap<VaultName, Held>>,
}

/// Where a Vault is. Its token goes nowhere else.
#[derive(Clone, PartialEq, Eq)]
struct Place {
    address: String,
    namespace: Option<String>,
}

/// Which authorities are trusted.
#[derive(PartialEq, Eq)]
enum Trust {
    Declared(String),
    File(FileMark),
    System,
}

struct Held {
    place: Place,
    trust: Trust,
    open: OpenVault,
    reader: Arc<VaultReader>,
    own: Own,
}

/// keyfleet's token of one Vault, and who keeps it.
struct Own {
    token: OwnToken,
    keeper: Option<TokenKeeper>,
}

impl Vaults {
    pub(super) fn new(settings: Settings, bounds: Bounds, keeps_tokens: bool) -> Self {
        Self {
            settings,
            bounds,
            keeps_tokens,
            is_one: AtomicBool::new(false),
            held: Mutex::default(),
        }
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<VaultName, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn follow(&self, declared: &BTreeMap<VaultName, Arc<DesiredVault>>) {
        self.is_one.store(declared.len() == 1, Ordering::Relaxed);
        // A keeper that is dropped gives its token back.
        self.held().retain(|name, _| declared.contains_key(name));
    }

    pub(super) fn open(&self, vault: &DesiredVault) -> Result<OpenVault, Failure> {
        let place = self.place(vault)?;
        // Before the file is read: what is written meanwhile is seen the next time.
        let trust = self.trust(vault);
        let mut all = self.held();
        if let Some(held) = all.get(&vault.name)
            && (&held.place, &held.trust) == (&place, &trust)
            && !held.reader.is_turned_away()
        {
            return Ok(held.open.clone());
        }
        let ca_pem = self.certificate_authority(vault)?;
        let before = all
            .get(&vault.name)
            .filter(|held| held.place == place)
            .map(|held| held.own.token.clone());
        let (token, credential) = match before {
            Some(token) => (token, None),
            None => self.token(vault, &place.address)?,
        };
        let connection = VaultConnection {
            address: place.address.clone(),
            namespace: place.namespace.clone(),
            ca_pem,
            token: token.clone(),
            conduct: self.bounds.conduct.towards(&vault_called(&vault.name)),
        };
        let (reader, writer) = open(connection, &self.bounds.vault)?;
        let reader = Arc::new(reader);
        let api = TokenApi::new(&reader);
        let replaced = all.remove(&vault.name).filter(|held| held.place == place);
        let keeper = match (replaced.and_then(|held| held.own.keeper), credential) {
            (Some(keeper), _) => {
                keeper.use_connection(api);
                Some(keeper)
            }
            (None, Some(credential)) => {
                let own = token.clone();
                Some(TokenKeeper::start(&vault.name, credential, own, api))
            }
            (None, None) => None,
        };
        let held = Held {
            place,
            trust,
            open: OpenVault {
                read: reader.clone(),
                as_cluster: reader.clone(),
                write: Arc::new(writer),
            },
            reader,
            own: Own { token, keeper },
        };
        let opened = held.open.clone();
        all.insert(vault.name.clone(), held);
        Ok(opened)
    }

    /// The reader of a Vault that was opened.
    pub(super) fn reader(&self, name: &VaultName) -> Result<Arc<VaultReader>, Failure> {
        let held = self.held();
        let reader = held.get(name).map(|held| Arc::clone(&held.reader));
        reader.ok_or_else(|| setup(connecting(name), "it was not opened"))
    }

    pub(super) fn tokens(&self) -> BTreeMap<VaultName, TokenState> {
        let held = self.held();
        let kept = held
            .iter()
            .filter_map(|(name, held)| Some((name.clone(), held.own.keeper.as_ref()?.state())));
        kept.collect()
    }

    pub(super) async fn close(&self) {
        let all = std::mem::take(&mut *self.held());
        let keepers = all.into_values().filter_map(|held| held.own.keeper);
        futures::future::join_all(keepers.map(TokenKeeper::close)).await;
    }

    fn place(&self, vault: &DesiredVault) -> Result<Place, Failure> {
        let access = self.settings.vaults.get(vault.name.as_str());
        let own = access.map(|access| Named {
            by: "the settings".to_owned(),
            address: access.address.clone(),
        });
        let own = own.or_else(|| self.settings.address_of(vault.name.as_str()));
        let address = match (&vault.address, own) {
            (Some(address), _) => address.clone(),
            (None, Some(own)) => {
                check_address(&own.address, &own.by)?;
                own.address
            }
            (None, None) => {
                let failure = setup(connecting(&vault.name), "no address is known");
                return Err(
                    failure.hint("set VAULT_ADDR, or `address:` of this Vault in fleet.yaml")
                );
            }
        };
        let namespace = vault.namespace.as_ref();
        Ok(Place {
            address,
            namespace: namespace
                .or(self.settings.vault_namespace.as_ref())
                .cloned(),
        })
    }

    /// The token for this address, and what it is kept with when it is.
    fn token(
        &self,
        vault: &DesiredVault,
        address: &str,
    ) -> Result<(OwnToken, Option<Arc<OwnCredential>>), Failure> {
        let credential = self.credential(vault, address)?;
        match credential.as_ref() {
            OwnCredential::Token(token) if !self.keeps_tokens => {
                Ok((token.duplicate().into(), None))
            }
            _ => Ok((OwnToken::kept(), Some(credential))),
        }
    }

    fn credential(
        &self,
        vault: &DesiredVault,
        address: &str,
    ) -> Result<Arc<OwnCredential>, Failure> {
        let refused = |why: String, hint: String| setup(connecting(&vault.name), why).hint(hint);
        let name = vault.name.as_str();
        if let Some(access) = self.settings.vaults.get(name) {
            if is_same(&access.address, address) {
                return Ok(Arc::clone(&access.credential));
            }
            return Err(refused(
                format!(
                    "the fleet names {address}, and the settings another address: their credentials are not sent there"
                ),
                format!("set the address of the Vault {name} in the settings to the same"),
            ));
        }
        let variable = token_variable(name);
        let named = self.settings.address_of(name);
        let is_named = named
            .as_ref()
            .is_some_and(|own| is_same(&own.address, address));
        if let Some(token) = Settings::token_of(name) {
            // A person who runs a command on a checkout sees where its Vaults are, and gives the token for this one time. A
            // process that stays follows whatever is merged.
            if is_named || !self.keeps_tokens {
                return Ok(Arc::new(OwnCredential::Token(token)));
            }
            return Err(refused(
                format!("only the fleet names {address}: {variable} is not sent there"),
                named_by_operator(name),
            ));
        }
        let is_one = self.is_one.load(Ordering::Relaxed);
        let is_meant = is_named || named.is_none() && is_one && !self.keeps_tokens;
        match &self.settings.vault_token {
            Some(token) if is_meant => Ok(Arc::new(OwnCredential::Token(token.duplicate()))),
            Some(_) if self.keeps_tokens => Err(refused(
                format!("only the fleet names {address}: VAULT_TOKEN is not sent there"),
                named_by_operator(name),
            )),
            Some(_) => Err(refused(
                format!(
                    "the fleet names {address}, and VAULT_ADDR another address: VAULT_TOKEN is not sent there"
                ),
                format!("set VAULT_ADDR to the same address, or {variable}"),
            )),
            None => Err(refused(
                "there is no token".to_owned(),
                format!("set VAULT_TOKEN or {variable}, or log in with `vault login`"),
            )),
        }
    }

    fn trust(&self, vault: &DesiredVault) -> Trust {
        match (&vault.ca_pem, &self.settings.vault_ca_file) {
            (Some(pem), _) => Trust::Declared(pem.clone()),
            (None, Some(path)) => Trust::File(FileMark::of(path)),
            (None, None) => Trust::System,
        }
    }

    fn certificate_authority(&self, vault: &DesiredVault) -> Result<Option<Vec<u8>>, Failure> {
        if let Some(pem) = &vault.ca_pem {
            return Ok(Some(pem.clone().into_bytes()));
        }
        let Some(path) = &self.settings.vault_ca_file else {
            return Ok(None);
        };
        std::fs::read(path).map(Some).map_err(|error| {
            let why = file_trouble::of_file(&error);
            let why = format!("VAULT_CACERT {} cannot be read: {why}", path.display());
            setup(connecting(&vault.name), why).hint("name a PEM file")
        })
    }
}

fn named_by_operator(vault: &str) -> String {
    let variable = address_variable(vault);
    format!(
        "set {variable} to the same address, or write it and the token's place into `vaults` of the settings"
    )
}

fn connecting(vault: &VaultName) -> String {
    format!("connect to vault {vault}")
}

fn is_same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}
