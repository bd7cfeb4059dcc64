//! What a token gets of what is wished for: the limits of the mount and of the server, and the default policy.

use super::MOUNT;
use crate::sandbox::vault::mounts::{self, SYSTEM_TTL};
use crate::sandbox::vault::state::{State, random_text};
use crate::sandbox::vault::tokens::{Token, after, new_id};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Seconds.
#[derive(Debug, Clone, Copy)]
pub(in crate::sandbox::vault) struct Limits {
    pub default: u64,
    pub max: u64,
}

#[derive(Debug)]
pub(in crate::sandbox::vault) struct Wish {
    pub policies: Vec<String>,
    pub meta: Option<BTreeMap<String, String>>,
    pub display_name: String,
    pub path: String,
    pub parent: Option<String>,
    pub ttl: u64,
    pub max_ttl: u64,
    pub explicit_max_ttl: u64,
    pub period: u64,
    pub num_uses: u64,
    pub batch: bool,
    pub renewable: bool,
    pub entity_id: String,
    pub id: Option<String>,
    pub bound_cidrs: Vec<String>,
    pub role: Option<OfRole>,
}

/// What the role of a token holds it to, beside what was wished for.
#[derive(Debug)]
pub(in crate::sandbox::vault) struct OfRole {
    pub name: String,
    pub period: u64,
    pub explicit_max_ttl: u64,
}

impl Wish {
    /// The period that counts: the lesser one, where the role has one as well.
    pub(super) fn effective_period(&self) -> u64 {
        let of_role = self.role.as_ref().map_or(0, |role| role.period);
        lesser(self.period, of_role)
    }

    pub(super) fn effective_max_ttl(&self) -> u64 {
        let of_role = self.role.as_ref().map_or(0, |role| role.explicit_max_ttl);
        lesser(self.explicit_max_ttl, of_role)
    }

    /// What is to be said before the limits are.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.id.is_some() {
            // The same words as the servers', by which scripts know it.
            warnings.push(
                "Supplying a custom ID for the token uses the weaker SHA1 hashing instead of the more secure SHA2-256 HMAC for token obfuscation. SHA1 hashed tokens on the wire leads to less secure lookups."
                    .to_owned(),
            );
        }
        let Some(role) = &self.role else {
            return warnings;
        };
        for (what, own, of_role, lesser) in [
            (
                "Explicit max TTL",
                self.explicit_max_ttl,
                role.explicit_max_ttl,
                self.effective_max_ttl(),
            ),
            ("Period", self.period, role.period, self.effective_period()),
        ] {
            if own > 0 && of_role > 0 {
                warnings.push(format!(
                    "{what} specified both during creation call and in role; using the lesser value of {lesser} seconds"
                ));
            }
        }
        warnings
    }
}

/// Of two times, of which 0 is none.
pub(super) fn lesser(own: u64, other: u64) -> u64 {
    match (own, other) {
        (0, one) | (one, 0) => one,
        (own, other) => own.min(other),
    }
}

/// Lower-cased, sorted, each once; beside `root`, no other counts.
pub(in crate::sandbox::vault) fn sorted(policies: &[String]) -> Vec<String> {
    let mut policies: Vec<String> = policies
        .iter()
        .map(|policy| policy.trim().to_lowercase())
        .filter(|policy| !policy.is_empty())
        .collect();
    policies.sort();
    policies.dedup();
    if policies.iter().any(|policy| policy == "root") {
        policies = vec!["root".to_owned()];
    }
    policies
}

/// What tokens are made with. They are all of one mount, whatever is tuned in a namespace.
pub(super) fn limits(state: &State) -> Limits {
    let root = state.namespaces.get("");
    let mount = root.and_then(|root| root.mounts.get(MOUNT));
    Limits {
        default: mounts::default_ttl(mount.map_or(0, |mount| mount.default_lease_ttl)),
        max: mounts::max_ttl(mount.map_or(0, |mount| mount.max_lease_ttl)),
    }
}

pub(in crate::sandbox::vault) fn token(
    state: &State,
    namespace: &str,
    wish: Wish,
    limits: &Limits,
    now: Timestamp,
    warnings: &mut Vec<String>,
) -> Token {
    let home = state.namespaces.get(namespace);
    let root = wish.policies.iter().any(|policy| policy == "root");
    let ttl = if root && wish.ttl == 0 && wish.effective_period() == 0 {
        wish.effective_max_ttl()
    } else {
        granted(&wish, limits, warnings)
    };
    let ending = home.map(|home| home.id.as_str()).filter(|id| *id != "root");
    let accessor = match (wish.batch, ending) {
        (true, _) => String::new(),
        (false, Some(ending)) => format!("{}.{ending}", random_text(24)),
        (false, None) => random_text(24),
    };
    // A token without a record is what is written in it.
    let chosen = wish.id.filter(|_| !wish.batch);
    let id = chosen.unwrap_or_else(|| new_id(state.flavour, wish.batch, ending));
    Token {
        id,
        accessor,
        namespace: namespace.to_owned(),
        policies: wish.policies,
        meta: wish.meta,
        display_name: wish.display_name,
        path: wish.path,
        born_orphan: wish.parent.is_none(),
        parent: wish.parent,
        created: now,
        creation_ttl: ttl,
        granted_ttl: ttl,
        explicit_max_ttl: wish.explicit_max_ttl,
        period: if wish.batch { 0 } else { wish.period },
        uses: wish.num_uses,
        // Nobody counts the uses of a batch token, whatever a role says.
        uses_left: if wish.batch {
            0
        } else {
            i64::try_from(wish.num_uses).unwrap_or(i64::MAX)
        },
        batch: wish.batch,
        expires: (ttl > 0).then(|| after(now, ttl)),
        renewed: None,
        renewable: wish.renewable && !wish.batch && ttl > 0,
        entity_id: wish.entity_id,
        role: wish.role.map(|role| role.name),
        // A token without an end is bound to nothing.
        wrapped: None,
        bound_cidrs: if ttl > 0 {
            wish.bound_cidrs
        } else {
            Vec::new()
        },
    }
}

/// The time that a wish gets.
fn granted(wish: &Wish, limits: &Limits, warnings: &mut Vec<String>) -> u64 {
    let mut max = limits.max.min(SYSTEM_TTL);
    if wish.max_ttl > 0 {
        max = max.min(wish.max_ttl);
    }
    let (period, explicit_max_ttl) = (wish.effective_period(), wish.effective_max_ttl());
    if explicit_max_ttl > 0 {
        max = max.min(explicit_max_ttl);
    }
    if period > 0 {
        // A period is no wish for a length: only the limits that are set hold it down.
        let limit = match explicit_max_ttl {
            0 => limits.max,
            explicit => explicit,
        };
        return capped_period(period, limit, warnings);
    }
    let ttl = match wish.ttl {
        0 => limits.default,
        ttl => ttl,
    };
    if ttl > max {
        warnings.push(format!(
            "TTL of {:?} exceeded the effective max_ttl of {:?}; TTL value is capped accordingly",
            go_time(ttl),
            go_time(max)
        ));
        return max;
    }
    ttl
}

/// A period, up to a limit.
pub(super) fn capped_period(period: u64, limit: u64, warnings: &mut Vec<String>) -> u64 {
    if period > limit {
        warnings.push(format!(
            "period of {:?} exceeded the effective max_ttl of {:?}; period value is capped accordingly",
            go_time(period),
            go_time(limit)
        ));
    }
    period.min(limit)
}

/// As the servers write a duration.
pub(in crate::sandbox::vault) fn go_time(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let parts = [(hours, "h"), (minutes, "m"), (rest, "s")];
    let said = parts.iter().filter(|(number, _)| *number > 0);
    let text: String = said
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect();
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}
