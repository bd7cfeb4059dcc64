//! A role of tokens: what those that are made by it are like, and which policies they may have.

use super::grant::sorted;
use crate::sandbox::vault::Flavour;
use crate::sandbox::vault::call::Refusal;
use crate::sandbox::vault::claims;
use crate::sandbox::vault::form::{Form, Kind};
use crate::sandbox::vault::token_role::{TokenRole, cidrs, take, upgrade};
use serde_json::{Map, Value, json};

#[derive(Debug, Clone)]
pub(in crate::sandbox::vault) struct Role {
    pub tokens: TokenRole,
    pub orphan: bool,
    pub renewable: bool,
    pub path_suffix: String,
    pub filter: Filter,
    /// `None` where they were never sent.
    entity_aliases: Option<Vec<String>>,
    older: Older,
}

/// Which policies the tokens of a role may have.
#[derive(Debug, Clone, Default)]
pub(in crate::sandbox::vault) struct Filter {
    pub allowed: Vec<String>,
    pub allowed_glob: Vec<String>,
    disallowed: Vec<String>,
    disallowed_glob: Vec<String>,
}

/// What was last written under the names of before.
#[derive(Debug, Clone, Default)]
struct Older {
    period: i64,
    explicit_max_ttl: i64,
    bound_cidrs: Vec<String>,
}

pub(super) const SCHEMA: [(&str, Kind); 17] = [
    ("allowed_entity_aliases", Kind::List),
    ("allowed_policies", Kind::List),
    ("allowed_policies_glob", Kind::List),
    ("bound_cidrs", Kind::List),
    ("disallowed_policies", Kind::List),
    ("disallowed_policies_glob", Kind::List),
    ("explicit_max_ttl", Kind::Seconds),
    ("orphan", Kind::Flag),
    ("path_suffix", Kind::Text),
    ("period", Kind::Seconds),
    ("renewable", Kind::Flag),
    ("token_bound_cidrs", Kind::List),
    ("token_explicit_max_ttl", Kind::Seconds),
    ("token_no_default_policy", Kind::Flag),
    ("token_num_uses", Kind::Number),
    ("token_period", Kind::Seconds),
    ("token_type", Kind::Text),
];

const KINDS: [&str; 4] = ["service", "batch", "default-service", "default-batch"];
/// What tokens are that nothing else is said of.
const ORDINARY: &str = "default-service";

impl Default for Role {
    fn default() -> Self {
        let mut tokens = TokenRole::default();
        ORDINARY.clone_into(&mut tokens.kind);
        Self {
            tokens,
            orphan: false,
            renewable: true,
            path_suffix: String::new(),
            filter: Filter::default(),
            entity_aliases: None,
            older: Older::default(),
        }
    }
}

impl Role {
    /// Takes over what a form says; `kind` is the type of tokens, which the form does not hold. What it returns is to be
    /// warned of.
    pub(super) fn update(
        &mut self,
        form: &Form,
        kind: Option<&str>,
        mount_max: u64,
        flavour: Flavour,
    ) -> Result<Vec<String>, Refusal> {
        take(&mut self.orphan, form.flag("orphan"));
        take(&mut self.renewable, form.flag("renewable"));
        self.update_suffix(form)?;
        self.filter.update(form);
        if let Some(aliases) = form.list("allowed_entity_aliases") {
            self.entity_aliases = Some(each_once(&aliases));
        }
        self.update_tokens(form, kind)?;
        let warnings = self.update_older(form, mount_max, flavour)?;
        self.check_batch()?;
        Ok(warnings)
    }

    fn update_suffix(&mut self, form: &Form) -> Result<(), Refusal> {
        if let Some(suffix) = form.text("path_suffix") {
            if !suffix.is_empty() && !has_name(&suffix) {
                let error =
                    r"given role path suffix contains invalid characters; must match \w[\w-.]+\w";
                return Err(Refusal::invalid(error));
            }
            self.path_suffix = suffix;
        }
        if self.path_suffix.contains("..") {
            let error = "error registering path suffix: path cannot contain parent references";
            return Err(Refusal::invalid(error));
        }
        Ok(())
    }

    fn update_tokens(&mut self, form: &Form, kind: Option<&str>) -> Result<(), Refusal> {
        if kind.is_some() {
            // The one of before does not count any more when the rest is judged.
            self.tokens.kind.clear();
        }
        self.tokens
            .update_tokens(form)
            .map_err(|error| Refusal::invalid(format!("error parsing role fields: {error}")))?;
        match kind {
            Some(kind) if !KINDS.contains(&kind) => Err(Refusal::invalid(format!(
                "invalid 'token_type' value {kind:?}"
            ))),
            Some(kind) => {
                kind.clone_into(&mut self.tokens.kind);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn update_older(
        &mut self,
        form: &Form,
        mount_max: u64,
        flavour: Flavour,
    ) -> Result<Vec<String>, Refusal> {
        let mut warnings = Vec::new();
        let mut both = |name: &str| {
            if form.has_any(&[name]) && form.has_any(&[&format!("token_{name}")]) {
                warnings.push(format!(
                    "Both 'token_{name}' and deprecated '{name}' value supplied, ignoring the deprecated value"
                ));
            }
        };
        ["period", "bound_cidrs", "explicit_max_ttl"]
            .into_iter()
            .for_each(&mut both);
        let older = &mut self.older;
        let newer = form.has_any(&["token_period"]);
        let period = form.number("period").filter(|_| !newer);
        upgrade(period, newer, &mut older.period, &mut self.tokens.period);
        let newer = form.has_any(&["token_bound_cidrs"]);
        let given = form.list("bound_cidrs").filter(|_| !newer);
        let given = given.map(|given| cidrs(&given)).transpose();
        let given = given
            .map_err(|error| Refusal::invalid(format!("error parsing bound_cidrs: {error}")))?;
        upgrade(
            given,
            newer,
            &mut older.bound_cidrs,
            &mut self.tokens.bound_cidrs,
        );
        let newer = form.has_any(&["token_explicit_max_ttl"]);
        let explicit = form.number("explicit_max_ttl").filter(|_| !newer);
        let place = &mut self.tokens.explicit_max_ttl;
        upgrade(explicit, newer, &mut older.explicit_max_ttl, place);
        // The older server says it at every write to a role that was written with the older field.
        let given = form.has_any(&["explicit_max_ttl", "token_explicit_max_ttl"])
            || flavour == Flavour::HashiCorp && self.older.explicit_max_ttl != 0;
        if given && self.explicit_max_ttl() > mount_max {
            warnings.push(format!(
                "Given explicit max TTL of {} is greater than system/mount allowed value of {mount_max} seconds; until this is fixed attempting to create tokens against this role will result in an error",
                self.explicit_max_ttl()
            ));
        }
        Ok(warnings)
    }

    /// A token without a record cannot be all that a role may ask of it.
    fn check_batch(&self) -> Result<(), Refusal> {
        if self.tokens.kind != "batch" {
            return Ok(());
        }
        let wrong = match () {
            () if !self.orphan => "non-orphan tokens",
            () if self.tokens.period != 0 => "periodic tokens",
            () if self.renewable => "renewable tokens",
            () if self.tokens.explicit_max_ttl != 0 => "tokens with an explicit max TTL",
            () => return Ok(()),
        };
        Err(Refusal::invalid(format!(
            "'token_type' cannot be 'batch' when role is set to generate {wrong}"
        )))
    }

    pub(super) fn shown(&self, name: &str) -> Value {
        let (tokens, filter, older) = (&self.tokens, &self.filter, &self.older);
        let mut shown = Map::new();
        let mut set = |name: &str, value: Value| shown.insert(name.to_owned(), value);
        set("name", name.into());
        set("orphan", self.orphan.into());
        set("renewable", self.renewable.into());
        set("path_suffix", self.path_suffix.as_str().into());
        set("allowed_policies", json!(filter.allowed));
        set("allowed_policies_glob", json!(filter.allowed_glob));
        set("disallowed_policies", json!(filter.disallowed));
        set("disallowed_policies_glob", json!(filter.disallowed_glob));
        set("allowed_entity_aliases", json!(self.entity_aliases));
        set("period", older.period.into());
        set("explicit_max_ttl", older.explicit_max_ttl.into());
        set("token_period", tokens.period.into());
        set("token_explicit_max_ttl", tokens.explicit_max_ttl.into());
        set("token_no_default_policy", tokens.no_default_policy.into());
        set("token_type", tokens.kind.as_str().into());
        if tokens.num_uses > 0 {
            set("token_num_uses", tokens.num_uses.into());
        }
        if !tokens.bound_cidrs.is_empty() {
            set("token_bound_cidrs", json!(tokens.bound_cidrs));
        }
        if !older.bound_cidrs.is_empty() {
            set("bound_cidrs", json!(older.bound_cidrs));
        }
        shown.into()
    }

    pub(super) fn period(&self) -> u64 {
        u64::try_from(self.tokens.period).unwrap_or_default()
    }

    pub(super) fn explicit_max_ttl(&self) -> u64 {
        u64::try_from(self.tokens.explicit_max_ttl).unwrap_or_default()
    }

    /// Whether a token may stand for this alias.
    pub(super) fn allows_alias(&self, alias: &str) -> bool {
        let aliases = self.entity_aliases.as_deref().unwrap_or_default();
        claims::any_glob(aliases, alias)
    }
}

impl Filter {
    fn update(&mut self, form: &Form) {
        let allowed = form.list("allowed_policies");
        take(&mut self.allowed, allowed.map(|names| sorted(&names)));
        let mut lists = [
            ("allowed_policies_glob", &mut self.allowed_glob),
            ("disallowed_policies", &mut self.disallowed),
            ("disallowed_policies_glob", &mut self.disallowed_glob),
        ];
        for (name, list) in &mut lists {
            take(*list, form.list(name).map(|names| each_once(&names)));
        }
    }

    /// Whether only some policies are to be had, or not all.
    pub(super) fn is_set(&self) -> bool {
        self.names_allowed() || !self.disallowed.is_empty() || !self.disallowed_glob.is_empty()
    }

    pub(super) fn names_allowed(&self) -> bool {
        !self.allowed.is_empty() || !self.allowed_glob.is_empty()
    }

    pub(super) fn disallows(&self, policy: &str) -> bool {
        self.disallowed.iter().any(|name| name == policy)
            || claims::any_glob(&self.disallowed_glob, policy)
    }
}

/// In lower case, sorted, each once.
fn each_once(names: &[String]) -> Vec<String> {
    let mut names: Vec<String> = names
        .iter()
        .map(|name| name.trim().to_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether a name stands anywhere in a text: a letter, more of them with `-` and `.`, and a letter.
fn has_name(text: &str) -> bool {
    let word = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'_';
    let inner = |letter: u8| word(letter) || letter == b'-' || letter == b'.';
    let mut parts = text.as_bytes().split(|letter| !inner(*letter));
    parts.any(|part| {
        let first = part.iter().position(|letter| word(*letter));
        let last = part.iter().rposition(|letter| word(*letter));
        matches!((first, last), (Some(first), Some(last)) if last >= first + 2)
    })
}
