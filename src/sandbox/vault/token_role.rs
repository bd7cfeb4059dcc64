//! What every role of an auth method says about the tokens that it hands out: the `token_*` fields, and the older names of
//! some of them.

use super::Flavour;
use super::call::Login;
use super::form::{Form, Kind};
use serde_json::{Map, Value, json};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[derive(Debug, Clone, Default)]
pub(super) struct TokenRole {
    pub bound_cidrs: Vec<String>,
    pub explicit_max_ttl: i64,
    pub max_ttl: i64,
    pub no_default_policy: bool,
    pub num_uses: i64,
    pub period: i64,
    pub policies: Vec<String>,
    /// Empty for the mount's default.
    pub kind: String,
    pub ttl: i64,
    strictly_bind_ip: bool,
    older: Older,
}

/// What was last written under the names of before; only for these are they shown.
#[derive(Debug, Clone, Default)]
struct Older {
    policies: Vec<String>,
    bound_cidrs: Vec<String>,
    num_uses: i64,
    ttl: i64,
    max_ttl: i64,
    period: i64,
}

pub(super) fn schema(flavour: Flavour) -> Vec<(&'static str, Kind)> {
    let mut schema = vec![
        ("bound_cidrs", Kind::List),
        ("max_ttl", Kind::Seconds),
        ("num_uses", Kind::Number),
        ("period", Kind::Seconds),
        ("policies", Kind::List),
        ("token_bound_cidrs", Kind::List),
        ("token_explicit_max_ttl", Kind::Seconds),
        ("token_max_ttl", Kind::Seconds),
        ("token_no_default_policy", Kind::Flag),
        ("token_num_uses", Kind::Number),
        ("token_period", Kind::Seconds),
        ("token_policies", Kind::List),
        ("token_ttl", Kind::Seconds),
        ("token_type", Kind::Text),
        ("ttl", Kind::Seconds),
    ];
    if flavour == Flavour::OpenBao {
        schema.push(("token_strictly_bind_ip", Kind::Flag));
    }
    schema
}

impl TokenRole {
    /// Takes over what a form says, and leaves the rest as it is. The error is the server's.
    pub(super) fn update(&mut self, form: &Form) -> Result<(), String> {
        self.update_tokens(form)?;
        self.update_older(form)
    }

    /// The same of the `token_*` fields alone.
    pub(super) fn update_tokens(&mut self, form: &Form) -> Result<(), String> {
        if let Some(addresses) = form.list("token_bound_cidrs") {
            self.bound_cidrs = cidrs(&addresses)?;
        }
        take(
            &mut self.explicit_max_ttl,
            form.number("token_explicit_max_ttl"),
        );
        take(&mut self.max_ttl, form.number("token_max_ttl"));
        not_negative("token_max_ttl", self.max_ttl)?;
        take(
            &mut self.no_default_policy,
            form.flag("token_no_default_policy"),
        );
        take(&mut self.period, form.number("token_period"));
        not_negative("token_period", self.period)?;
        take(&mut self.policies, form.list("token_policies"));
        if let Some(kind) = form.text("token_type") {
            self.kind = match kind.as_str() {
                "" | "default" => String::new(),
                "service" | "batch" => kind,
                _ => return Err(format!("invalid 'token_type' value {kind:?}")),
            };
        }
        take(&mut self.num_uses, form.number("token_num_uses"));
        not_negative("token_num_uses", self.num_uses)?;
        if self.kind == "batch" || self.kind == "default-batch" {
            let cannot = |what: &str| {
                Err(format!(
                    "'token_type' cannot be 'batch' or 'default_batch' when set to generate {what}"
                ))
            };
            if self.period != 0 {
                return cannot("periodic tokens");
            }
            if self.num_uses != 0 {
                return cannot("tokens with limited use count");
            }
        }
        take(&mut self.ttl, form.number("token_ttl"));
        not_negative("token_ttl", self.ttl)?;
        if self.ttl > 0 && self.max_ttl > 0 && self.ttl > self.max_ttl {
            return Err("'token_ttl' cannot be greater than 'token_max_ttl'".to_owned());
        }
        take(
            &mut self.strictly_bind_ip,
            form.flag("token_strictly_bind_ip"),
        );
        if self.strictly_bind_ip && !self.bound_cidrs.is_empty() {
            return Err(
                "'token_strictly_bind_ip' conflicts with 'token_bound_cidrs'; set only one"
                    .to_owned(),
            );
        }
        Ok(())
    }

    fn update_older(&mut self, form: &Form) -> Result<(), String> {
        let older = &mut self.older;
        let policies = form.list("policies").map(|named| sanitized(&named));
        let cidrs = match form.list("token_bound_cidrs") {
            // The older name is not looked at beside the newer one.
            Some(_) => form.list("bound_cidrs"),
            None => form
                .list("bound_cidrs")
                .map(|list| cidrs(&list))
                .transpose()?,
        };
        let policy_list = form.list("token_policies").is_some();
        upgrade(
            policies,
            policy_list,
            &mut older.policies,
            &mut self.policies,
        );
        let cidr_list = form.list("token_bound_cidrs").is_some();
        upgrade(
            cidrs,
            cidr_list,
            &mut older.bound_cidrs,
            &mut self.bound_cidrs,
        );
        for (name, old, new) in [
            ("num_uses", &mut older.num_uses, &mut self.num_uses),
            ("ttl", &mut older.ttl, &mut self.ttl),
            ("max_ttl", &mut older.max_ttl, &mut self.max_ttl),
            ("period", &mut older.period, &mut self.period),
        ] {
            let newer = form.number(&format!("token_{name}")).is_some();
            upgrade(form.number(name), newer, old, new);
        }
        Ok(())
    }

    pub(super) fn show(&self, data: &mut Map<String, Value>, flavour: Flavour) {
        let mut set = |name: &str, value: Value| data.insert(name.to_owned(), value);
        set("token_bound_cidrs", json!(self.bound_cidrs));
        set("token_explicit_max_ttl", self.explicit_max_ttl.into());
        set("token_max_ttl", self.max_ttl.into());
        set("token_no_default_policy", self.no_default_policy.into());
        set("token_period", self.period.into());
        set("token_policies", json!(self.policies));
        let kind = if self.kind.is_empty() {
            "default"
        } else {
            &self.kind
        };
        set("token_type", kind.into());
        set("token_ttl", self.ttl.into());
        set("token_num_uses", self.num_uses.into());
        if flavour == Flavour::OpenBao {
            set("token_strictly_bind_ip", self.strictly_bind_ip.into());
        }
        let older = &self.older;
        if !older.policies.is_empty() {
            set("policies", json!(self.policies));
        }
        if !older.bound_cidrs.is_empty() {
            set("bound_cidrs", json!(self.bound_cidrs));
        }
        for (name, value) in [
            ("ttl", older.ttl),
            ("max_ttl", older.max_ttl),
            ("period", older.period),
            ("num_uses", older.num_uses),
        ] {
            if value > 0 {
                set(name, value.into());
            }
        }
    }

    /// Whether one may log in from this machine, which is where everyone is who reaches a sandbox.
    pub(super) fn admits_loopback(&self) -> bool {
        admit_loopback(&self.bound_cidrs)
    }

    /// The tokens that a login gets; whose they are is for the method to add.
    pub(super) fn login(&self) -> Login {
        let seconds = |value: i64| u64::try_from(value).unwrap_or_default();
        Login {
            policies: self.policies.clone(),
            no_default_policy: self.no_default_policy,
            ttl: seconds(self.ttl),
            max_ttl: seconds(self.max_ttl),
            explicit_max_ttl: seconds(self.explicit_max_ttl),
            period: seconds(self.period),
            num_uses: seconds(self.num_uses),
            token_type: self.kind.clone(),
            bound_cidrs: if self.strictly_bind_ip {
                vec![Ipv4Addr::LOCALHOST.to_string()]
            } else {
                self.bound_cidrs.clone()
            },
            ..Login::default()
        }
    }
}

/// Whether addresses, of which none are all, have the one of this machine.
pub(super) fn admit_loopback(bound: &[String]) -> bool {
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    bound.is_empty() || bound.iter().any(|cidr| contains(cidr, local))
}

pub(super) fn take<T>(place: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *place = given;
    }
}

fn not_negative(name: &str, value: i64) -> Result<(), String> {
    if value < 0 {
        Err(format!("'{name}' cannot be negative"))
    } else {
        Ok(())
    }
}

/// The older name counts where the newer one is not given; otherwise it only remembers that it was used.
pub(super) fn upgrade<T: Clone + Default>(given: Option<T>, newer: bool, old: &mut T, new: &mut T) {
    match (newer, given) {
        (false, Some(given)) => {
            new.clone_from(&given);
            *old = given;
        }
        (false, None) => {}
        (true, Some(_)) => old.clone_from(new),
        (true, None) => *old = T::default(),
    }
}

/// Policies as the older name has them: lower case, sorted, each once; `root` stands alone.
fn sanitized(named: &[String]) -> Vec<String> {
    let mut policies: Vec<String> = named
        .iter()
        .map(|name| name.trim().to_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    policies.sort_unstable();
    policies.dedup();
    if policies.iter().any(|name| name == "root") {
        return vec!["root".to_owned()];
    }
    policies
}

pub(super) fn cidrs(addresses: &[String]) -> Result<Vec<String>, String> {
    addresses.iter().map(|address| cidr(address)).collect()
}

/// An address or a network, as it is shown.
fn cidr(address: &str) -> Result<String, String> {
    if let Some((ip, bits)) = network(address) {
        let whole = if ip.is_ipv4() { 32 } else { 128 };
        return Ok(if bits == whole {
            ip.to_string()
        } else {
            format!("{ip}/{bits}")
        });
    }
    if address.len() > 1 && (address.starts_with('.') || address.contains('/')) {
        // It may be the path of a socket.
        return Ok(format!("{address:?}"));
    }
    Err(format!(
        "error parsing address {address:?}: Unable to convert {address:?} to an IPv4 or IPv6 address, or a UNIX Socket"
    ))
}

fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (ip, bits) = match text.split_once('/') {
        Some((ip, bits)) => (ip, Some(bits.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let ip: IpAddr = ip.parse().ok()?;
    let whole = if ip.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(whole);
    (bits <= whole).then_some((ip, bits))
}

fn contains(cidr: &str, address: IpAddr) -> bool {
    let number = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => (Ipv6Addr::from(u128::from(u32::from(ip))), 32),
        IpAddr::V6(ip) => (ip, 128),
    };
    let Some((network, bits)) = network(cidr) else {
        return false;
    };
    let ((left, width), (right, other)) = (number(network), number(address));
    let rest = u32::from(width - bits);
    width == other
        && (u128::from(left) ^ u128::from(right))
            .checked_shr(rest)
            .unwrap_or(0)
            == 0
}
