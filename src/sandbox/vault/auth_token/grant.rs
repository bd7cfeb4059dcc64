//! What a token gets of what is wished for: the limits of the mount and of the server, and the default policy.

use crate::sandbox::vault::mounts::SYSTEM_TTL;
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
    let ttl = if root && wish.ttl == 0 && wish.period == 0 {
        wish.explicit_max_ttl
    } else {
        granted(&wish, limits, warnings)
    };
    let ending = home.map(|home| home.id.as_str()).filter(|id| *id != "root");
    let accessor = match (wish.batch, ending) {
        (true, _) => String::new(),
        (false, Some(ending)) => format!("{}.{ending}", random_text(24)),
        (false, None) => random_text(24),
    };
    let id = wish
        .id
        .unwrap_or_else(|| new_id(state.flavour, wish.batch, ending));
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
        period: wish.period,
        uses: wish.num_uses,
        uses_left: i64::try_from(wish.num_uses).unwrap_or(i64::MAX),
        batch: wish.batch,
        expires: (ttl > 0).then(|| after(now, ttl)),
        renewed: None,
        renewable: wish.renewable && !wish.batch && ttl > 0,
        entity_id: wish.entity_id,
    }
}

/// The time that a wish gets.
fn granted(wish: &Wish, limits: &Limits, warnings: &mut Vec<String>) -> u64 {
    let mut max = limits.max.min(SYSTEM_TTL);
    if wish.max_ttl > 0 {
        max = max.min(wish.max_ttl);
    }
    if wish.explicit_max_ttl > 0 {
        max = max.min(wish.explicit_max_ttl);
    }
    if wish.period > 0 {
        // A period is no wish for a length: only the limits that are set hold it down.
        let limit = match wish.explicit_max_ttl {
            0 => limits.max,
            explicit => explicit,
        };
        if wish.period > limit {
            warnings.push(format!(
                "period of {:?} exceeded the effective max_ttl of {:?}; period value is capped accordingly",
                go_time(wish.period),
                go_time(limit)
            ));
        }
        return wish.period.min(limit);
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
