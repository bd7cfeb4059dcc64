//! Making tokens out of tokens.

use super::MOUNT;
use super::answer::auth;
use super::grant::{self, OfRole, Wish};
use super::role::Role;
use super::{policies, roles};
use crate::sandbox::vault::Flavour;
use crate::sandbox::vault::call::{Answer, Call, Refusal, Secret};
use crate::sandbox::vault::core::Caller;
use crate::sandbox::vault::fields;
use crate::sandbox::vault::form::{Form, Kind};
use crate::sandbox::vault::state::{State, new_uuid};
use crate::sandbox::vault::tokens::Token;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// Times are texts here: what they say is read, and refused, later on.
const SCHEMA: [(&str, Kind); 14] = [
    ("display_name", Kind::Text),
    ("entity_alias", Kind::Text),
    ("explicit_max_ttl", Kind::Text),
    ("id", Kind::Text),
    ("lease", Kind::Text),
    ("meta", Kind::Pairs),
    ("no_default_policy", Kind::Flag),
    ("no_parent", Kind::Flag),
    ("num_uses", Kind::Number),
    ("period", Kind::Text),
    ("policies", Kind::Texts),
    ("renewable", Kind::Flag),
    ("ttl", Kind::Text),
    ("type", Kind::Text),
];

/// What is asked for, and by which role.
struct Request<'c> {
    call: &'c Call,
    caller: &'c Caller,
    role: Option<(&'c str, &'c Role)>,
    form: Form,
    sudo: bool,
}

/// The times that a call itself asks for, in seconds.
struct Times {
    ttl: u64,
    explicit_max_ttl: u64,
    period: u64,
}

pub(super) fn create(
    state: &mut State,
    call: &Call,
    caller: &Caller,
    role: Option<&str>,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let named = role.map(|_| "role_name");
    let form = Form::read(call, &SCHEMA, named, false, state.flavour)?;
    let role = match role {
        Some(name) => {
            let role = roles::get(state, &call.namespace, name).cloned();
            let unknown = || Refusal::invalid(format!("unknown role {name}"));
            Some((name, role.ok_or_else(unknown)?))
        }
        None => None,
    };
    check_parent(state, &caller.token)?;
    let words = caller.access.capabilities(&call.namespace, &call.path);
    let request = Request {
        call,
        caller,
        role: role.as_ref().map(|(name, role)| (*name, role)),
        form,
        sudo: caller.access.root || words.contains(&"sudo"),
    };
    let wish = request.wish(state)?;
    let mut warnings = wish.warnings();
    let limits = grant::limits(state);
    let token = grant::token(state, &call.namespace, wish, &limits, now, &mut warnings);
    let home = state.namespaces.get(&call.namespace);
    let missing = token.policies.iter().filter(|name| {
        *name != "root" && !home.is_some_and(|home| home.policies.contains_key(*name))
    });
    warnings.extend(missing.map(|name| format!("Policy {name:?} does not exist")));
    warnings.extend(request.form.warnings());
    let auth = auth(&token, now);
    // Only the root namespace has a root token without an end: another one is told of, and is nowhere.
    if token.namespace.is_empty() || token.expires.is_some() || !token.is_root() {
        state.tokens.add(token);
    }
    Ok(Answer::Secret(Box::new(Secret {
        auth: Some(auth),
        warnings,
        ..Secret::default()
    })))
}

/// Whether a token may make others at all.
fn check_parent(state: &State, parent: &Token) -> Result<(), Refusal> {
    if parent.batch {
        return Err(Refusal::invalid("batch tokens cannot create more tokens"));
    }
    let last_use = |known: &Token| known.uses_left < 0;
    if state.tokens.get(&parent.id).is_none_or(last_use) {
        let error = "parent token lookup failed: no parent found";
        return Err(Refusal::invalid(error));
    }
    if parent.uses > 0 {
        let error = "restricted use token cannot generate child tokens";
        return Err(Refusal::invalid(error));
    }
    Ok(())
}

impl Request<'_> {
    fn wish(&self, state: &mut State) -> Result<Wish, Refusal> {
        let Self { call, caller, .. } = self;
        let parent = &caller.token;
        let role = self.role.map(|(_, role)| role);
        if call.namespace != parent.namespace && !self.sudo {
            let error = "root or sudo privileges required to directly generate a token in a child namespace";
            return Err(Refusal::invalid(error));
        }
        let batch = self.is_batch()?;
        if batch {
            self.check_batch(state.flavour)?;
        }
        let uses = self.form.number("num_uses").unwrap_or(0);
        let uses = u64::try_from(uses)
            .map_err(|_| Refusal::invalid("number of uses cannot be negative"))?;
        let alias = self.alias(state)?;
        let id = self.id()?;
        let policies = policies::of_form(&self.form, call, caller, role, self.sudo)?;
        let orphan = self.is_orphan()?;
        let asked = self.times()?;
        let has_parent = !orphan;
        let entity_id = match alias {
            Some(id) => id,
            None if has_parent => parent.entity_id.clone(),
            None => String::new(),
        };
        let renewable = self.form.flag("renewable").unwrap_or(true);
        let of_role = role.map_or(0, |role| role.tokens.num_uses);
        let wish = Wish {
            policies,
            meta: meta(call),
            display_name: display_name(&self.form),
            path: self.path(),
            parent: has_parent.then(|| parent.id.clone()),
            ttl: asked.ttl,
            max_ttl: 0,
            explicit_max_ttl: asked.explicit_max_ttl,
            period: asked.period,
            num_uses: grant::lesser(uses, u64::try_from(of_role).unwrap_or_default()),
            batch,
            renewable: renewable && role.is_none_or(|role| role.renewable),
            entity_id,
            id,
            bound_cidrs: role.map_or_else(Vec::new, |role| role.tokens.bound_cidrs.clone()),
            role: self.of_role(batch),
        };
        self.check_root(&wish)?;
        if let Some(id) = wish.id.as_ref().filter(|_| !wish.batch) {
            check_id(state, id)?;
        }
        Ok(wish)
    }

    /// The role settles the type of its tokens, or says what they are when nothing else is asked for.
    fn is_batch(&self) -> Result<bool, Refusal> {
        let of_role = self.role.map_or("", |(_, role)| role.tokens.kind.as_str());
        match (of_role, self.form.text_or_empty("type").as_str()) {
            ("batch", _) | ("default-batch", "") => Ok(true),
            ("service", _) | (_, "" | "service") => Ok(false),
            (_, "batch") => Ok(true),
            _ => Err(Refusal::invalid("invalid 'token_type' value")),
        }
    }

    /// What a token without a record cannot be; a role may say it all the same. Of a call that says the longest time, the rest
    /// is not looked at, as of the command line's, which always says it.
    fn check_batch(&self, flavour: Flavour) -> Result<(), Refusal> {
        let lasts = |name: &str| {
            let seconds = fields::seconds(&self.form.text_or_empty(name).into());
            let error = match flavour {
                Flavour::OpenBao => format!("'{name}' value could not be parsed"),
                Flavour::HashiCorp => format!("{name:?} value could not be parsed"),
            };
            seconds
                .map(|seconds| seconds != 0)
                .map_err(|_| Refusal::invalid(error))
        };
        let wrong = match () {
            () if lasts("explicit_max_ttl")? => "explicit_max_ttl",
            () if !self.form.text_or_empty("explicit_max_ttl").is_empty() => return Ok(()),
            () if self.form.number("num_uses").unwrap_or(0) != 0 => "num_uses",
            () if lasts("period")? => "period",
            () => return Ok(()),
        };
        let error = format!("batch tokens cannot have {wrong:?} set");
        Err(Refusal::invalid(error))
    }

    /// The entity of the alias that is asked for.
    fn alias(&self, state: &mut State) -> Result<Option<String>, Refusal> {
        let asked = self.form.text_or_empty("entity_alias").to_lowercase();
        if asked.is_empty() {
            return Ok(None);
        }
        let Some((_, role)) = self.role else {
            let error = "'entity_alias' is only allowed in combination with token role";
            return Err(Refusal::invalid(error));
        };
        if !role.allows_alias(&asked) {
            return Err(Refusal::invalid("invalid 'entity_alias' value"));
        }
        let home = state.namespaces.get(&self.call.namespace);
        let mount = home.and_then(|home| home.mounts.get(MOUNT));
        let accessor = mount.map_or_else(String::new, |mount| mount.accessor.clone());
        let entity = state.entities.entry((accessor, asked));
        Ok(Some(entity.or_insert_with(new_uuid).clone()))
    }

    fn id(&self) -> Result<Option<String>, Refusal> {
        let id = self.form.text_or_empty("id");
        if id.is_empty() {
            return Ok(None);
        }
        if !self.sudo {
            let error = "root or sudo privileges required to specify token id";
            return Err(Refusal::invalid(error));
        }
        if !self.call.namespace.is_empty() {
            let error = "token IDs can only be manually specified in the root namespace";
            return Err(Refusal::invalid(error));
        }
        Ok(Some(id))
    }

    /// A role decides it alone.
    fn is_orphan(&self) -> Result<bool, Refusal> {
        if let Some((_, role)) = self.role {
            return Ok(role.orphan);
        }
        let no_parent = self.form.flag("no_parent") == Some(true);
        if no_parent && !self.sudo {
            let error = "root or sudo privileges required to create orphan token";
            return Err(Refusal::invalid(error));
        }
        Ok(no_parent || self.call.path.ends_with("create-orphan"))
    }

    fn times(&self) -> Result<Times, Refusal> {
        let form = &self.form;
        let explicit_max_ttl = duration(form, "explicit_max_ttl")?;
        let period = duration(form, "period")?;
        if period > 0 && !self.sudo {
            let error = "root or sudo privileges required to create periodic token";
            return Err(Refusal::invalid(error));
        }
        let ttl = match form.text_or_empty("ttl").as_str() {
            "" => duration(form, "lease")?,
            _ => duration(form, "ttl")?,
        };
        Ok(Times {
            ttl,
            explicit_max_ttl,
            period,
        })
    }

    fn path(&self) -> String {
        match self.role {
            Some((name, role)) if !role.path_suffix.is_empty() => {
                format!("{MOUNT}create/{name}/{}", role.path_suffix)
            }
            _ => self.call.path.clone(),
        }
    }

    /// The times of a role do not count for a token without a record.
    fn of_role(&self, batch: bool) -> Option<OfRole> {
        let (name, role) = self.role?;
        let times = |seconds| if batch { 0 } else { seconds };
        Some(OfRole {
            name: name.to_owned(),
            period: times(role.period()),
            explicit_max_ttl: times(role.explicit_max_ttl()),
        })
    }

    fn check_root(&self, wish: &Wish) -> Result<(), Refusal> {
        let root = wish.policies.iter().any(|policy| policy == "root");
        let endless =
            wish.ttl == 0 && wish.effective_period() == 0 && wish.effective_max_ttl() == 0;
        if root && wish.batch {
            return Err(Refusal::invalid("batch tokens cannot be root tokens"));
        }
        if root && endless && self.caller.token.expires.is_some() {
            let error = "expiring root tokens cannot create non-expiring root tokens";
            return Err(Refusal::invalid(error));
        }
        Ok(())
    }
}

/// Whether a text that the caller wants for the token can be one.
fn check_id(state: &State, id: &str) -> Result<(), Refusal> {
    let refused = |error: &str| Err(Refusal::invalid(error));
    if id.starts_with("s.") {
        return refused("custom token ID cannot have the 's.' prefix");
    }
    if id.starts_with("hvs.") {
        return refused("custom token ID cannot have the 'hvs.' prefix");
    }
    if id.contains('.') {
        return refused("custom token ID cannot have a '.' in the value");
    }
    if state.tokens.get(id).is_some() {
        return refused("cannot create a token with a duplicate ID");
    }
    Ok(())
}

fn duration(form: &Form, field: &str) -> Result<u64, Refusal> {
    let text = form.text_or_empty(field);
    let seconds = fields::seconds(&text.into()).map_err(Refusal::invalid)?;
    u64::try_from(seconds).map_err(|_| Refusal::invalid(format!("{field} must be positive")))
}

/// A map of texts, or `a=b`.
fn meta(call: &Call) -> Option<BTreeMap<String, String>> {
    match call.body.get("meta")? {
        Value::Object(fields) => {
            let texts = fields
                .iter()
                .map(|(name, value)| (name.clone(), fields::text(value).unwrap_or_default()));
            Some(texts.collect())
        }
        Value::String(text) => {
            let (name, value) = text.split_once('=')?;
            Some(BTreeMap::from([(name.to_owned(), value.to_owned())]))
        }
        _ => None,
    }
}

fn display_name(form: &Form) -> String {
    let asked = form.text_or_empty("display_name");
    if asked.is_empty() {
        return "token".to_owned();
    }
    let letter = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '-'
        }
    };
    let name: String = asked.chars().map(letter).collect();
    let name = format!("token-{name}");
    name.strip_suffix('-').unwrap_or(&name).to_owned()
}
