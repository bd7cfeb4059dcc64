//! Which policies a new token gets.

use super::grant;
use super::role::{Filter, Role};
use crate::sandbox::vault::call::{Call, Refusal};
use crate::sandbox::vault::core::Caller;
use crate::sandbox::vault::form::Form;

/// Policies that the server keeps for itself.
const NOT_ASSIGNABLE: [&str; 2] = ["response-wrapping", "control-group"];
const DEFAULT: &str = "default";

/// What is asked for.
struct Asked<'c> {
    call: &'c Call,
    caller: &'c Caller,
    policies: Vec<String>,
    no_default: bool,
    sudo: bool,
}

pub(super) fn of_form(
    form: &Form,
    call: &Call,
    caller: &Caller,
    role: Option<&Role>,
    sudo: bool,
) -> Result<Vec<String>, Refusal> {
    let no_default = form.flag("no_default_policy") == Some(true);
    let asked = Asked {
        call,
        caller,
        policies: form.list("policies").unwrap_or_default(),
        no_default,
        sudo,
    };
    let filtering = role.filter(|role| role.filter.is_set());
    let mut policies = match filtering {
        Some(role) => asked.of_role(role)?,
        None => asked.of_parent()?,
    };
    if no_default {
        // Also where it is asked for by its name.
        policies.retain(|policy| policy != DEFAULT);
    }
    let kept = policies
        .iter()
        .find(|policy| NOT_ASSIGNABLE.contains(&policy.as_str()));
    if let Some(kept) = kept {
        return Err(Refusal::invalid(format!("cannot assign policy {kept:?}")));
    }
    asked.check_root(&policies, filtering.is_some())?;
    Ok(policies)
}

impl Asked<'_> {
    fn is_abroad(&self) -> bool {
        self.call.namespace != self.caller.token.namespace
    }

    /// Those that are asked for, when the parent has them as well; only root and sudo may give what they have not.
    fn of_parent(&self) -> Result<Vec<String>, Refusal> {
        let parent = &self.caller.token.policies;
        if self.policies.is_empty() && !self.is_abroad() {
            return Ok(parent.clone());
        }
        let mut policies = grant::sorted(&self.policies);
        if !self.sudo && !policies.iter().all(|policy| parent.contains(policy)) {
            return Err(Refusal::invalid("child policies must be subset of parent"));
        }
        let has_default = self.sudo || parent.iter().any(|policy| policy == DEFAULT);
        if has_default && !self.no_default {
            policies.push(DEFAULT.to_owned());
        }
        Ok(grant::sorted(&policies))
    }

    /// Those that the role lets its tokens have, whatever the parent has.
    fn of_role(&self, role: &Role) -> Result<Vec<String>, Refusal> {
        let filter = &role.filter;
        let no_default =
            self.no_default || role.tokens.no_default_policy || filter.disallows(DEFAULT);
        let whole = |policies: &[String]| {
            let mut policies = policies.to_vec();
            if !no_default {
                policies.push(DEFAULT.to_owned());
            }
            grant::sorted(&policies)
        };
        let mut policies = match self.policies.as_slice() {
            [] => Vec::new(),
            asked => whole(asked),
        };
        if filter.names_allowed() {
            let allowed = whole(&filter.allowed);
            if policies.is_empty() {
                policies = allowed;
            } else {
                check_allowed(&policies, &allowed, filter)?;
            }
        } else if policies.is_empty() {
            policies = whole(&self.caller.token.policies);
        }
        match policies.iter().find(|policy| filter.disallows(policy)) {
            Some(policy) => Err(Refusal::invalid(format!(
                "token policy {policy:?} is disallowed by this role"
            ))),
            None => Ok(policies),
        }
    }

    fn check_root(&self, policies: &[String], filtered: bool) -> Result<(), Refusal> {
        if !policies.iter().any(|policy| policy == "root") {
            return Ok(());
        }
        if !self.caller.token.is_root() {
            let error = "root tokens may not be created without parent token being root";
            return Err(Refusal::invalid(error));
        }
        if self.is_abroad() && !filtered {
            let error = "root tokens may not be created from a parent namespace";
            return Err(Refusal::invalid(error));
        }
        Ok(())
    }
}

fn check_allowed(policies: &[String], allowed: &[String], filter: &Filter) -> Result<(), Refusal> {
    let globs = &filter.allowed_glob;
    let is_allowed = |policy: &String| {
        allowed.contains(policy) || crate::sandbox::vault::claims::any_glob(globs, policy)
    };
    if policies.iter().all(is_allowed) {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "token policies ({}) must be subset of the role's allowed policies ({}) or glob policies ({})",
        quoted(policies),
        quoted(allowed),
        quoted(globs)
    )))
}

/// `["a" "b"]`
fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    format!("[{}]", names.join(" "))
}
