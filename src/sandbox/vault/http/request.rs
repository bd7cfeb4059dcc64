//! Which call an HTTP request is.

use super::super::Flavour;
use super::super::call::{Call, Operation, Refusal};
use super::super::{fields, sys};
use super::decode;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Paths whose answers repeat the fields of `data` beside it; with the slash, everything below as well.
const REPEATED: [&str; 14] = [
    "/v1/sys/audit",
    "/v1/sys/audit/",
    "/v1/sys/auth",
    "/v1/sys/auth/",
    "/v1/sys/capabilities",
    "/v1/sys/capabilities-accessor",
    "/v1/sys/capabilities-self",
    "/v1/sys/config/cors",
    "/v1/sys/mounts",
    "/v1/sys/mounts/",
    "/v1/sys/policy",
    "/v1/sys/policy/",
    "/v1/sys/remount",
    "/v1/sys/rotate",
];

pub(super) fn repeats_data(path: &str) -> bool {
    REPEATED
        .iter()
        .any(|known| path == *known || (known.ends_with('/') && path.starts_with(known)))
}

/// Where a browser is sent.
pub(super) fn elsewhere(path: &str, flavour: Flavour) -> Option<&'static str> {
    match path {
        "/" => Some("/ui/"),
        "/v1/sys" => Some("/v1/sys/"),
        "/v1" if flavour == Flavour::HashiCorp => Some("/v1/"),
        path if flavour == Flavour::HashiCorp && !path.starts_with("/v1") => Some("/ui/"),
        _ => None,
    }
}

pub(super) fn read(head: &Parts, body: &[u8], flavour: Flavour) -> Result<Call, Refusal> {
    let path = percent_decode_str(head.uri.path()).decode_utf8_lossy();
    let Some(path) = path.strip_prefix("/v1/") else {
        return Err(Refusal::not_found());
    };
    let mut path = path.to_owned();
    let mut query = decode::pairs(head.uri.query().unwrap_or_default());
    let operation = operation(head, &mut query, flavour)?;
    if matches!(operation, Operation::List | Operation::Scan) && !path.ends_with('/') {
        path.push('/');
    }
    let body = match operation {
        Operation::Update | Operation::Patch => parameters(head, body, operation, flavour)?,
        _ => Map::new(),
    };
    // What a server says of itself is not wrapped, whatever is asked.
    let wrap = if sys::is_of_the_server(&path) {
        None
    } else {
        wrap(head)?
    };
    Ok(Call {
        operation,
        is_of_nothing: is_of_nothing(head, flavour),
        namespace: namespace(head, flavour),
        path,
        query,
        body,
        token: token(head),
        wrap,
    })
}

fn operation(
    head: &Parts,
    query: &mut BTreeMap<String, String>,
    flavour: Flavour,
) -> Result<Operation, Refusal> {
    match head.method.as_str() {
        "GET" => {
            if flag(query, "list")? {
                return Ok(Operation::List);
            }
            if flavour == Flavour::OpenBao && flag(query, "scan")? {
                return Ok(Operation::Scan);
            }
            Ok(Operation::Read)
        }
        "HEAD" if head.uri.path() == "/v1/sys/health" => Ok(Operation::Read),
        "LIST" => Ok(Operation::List),
        "SCAN" if flavour == Flavour::OpenBao => Ok(Operation::Scan),
        // Whether it is a create, only the mount can say.
        "POST" | "PUT" => Ok(Operation::Update),
        "PATCH" => Ok(Operation::Patch),
        "DELETE" => Ok(Operation::Delete),
        "OPTIONS" if is_of_nothing(head, flavour) => Ok(Operation::Read),
        _ => Err(Refusal {
            status: 405,
            ..Refusal::not_found()
        }),
    }
}

/// `OPTIONS`, which is taken for an operation that the server has for itself only.
fn is_of_nothing(head: &Parts, flavour: Flavour) -> bool {
    let path = head.uri.path().strip_prefix("/v1/");
    head.method == http::Method::OPTIONS
        && flavour == Flavour::OpenBao
        && !path.is_some_and(sys::is_of_the_server)
}

/// Takes `list=true` out of the query.
fn flag(query: &mut BTreeMap<String, String>, name: &str) -> Result<bool, Refusal> {
    let Some(text) = query.get(name).filter(|text| !text.is_empty()) else {
        return Ok(false);
    };
    match text.as_str() {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => {
            query.remove(name);
            Ok(true)
        }
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(Refusal {
            status: 400,
            ..Refusal::not_found()
        }),
    }
}

fn parameters(
    head: &Parts,
    body: &[u8],
    operation: Operation,
    flavour: Flavour,
) -> Result<Map<String, Value>, Refusal> {
    let content = header(head, "content-type").unwrap_or_default();
    let content = content.split(';').next().unwrap_or_default().trim();
    if operation == Operation::Patch {
        const MERGE: &str = "application/merge-patch+json";
        if content.is_empty() {
            return Err(Refusal::invalid("mime: no media type"));
        }
        if content != MERGE {
            let error = format!("PATCH requires Content-Type of {MERGE}, provided {content}");
            return Err(Refusal::new(415, error));
        }
    } else if content == "application/x-www-form-urlencoded" && !begins_as_json(body) {
        let text = String::from_utf8_lossy(body);
        let fields = decode::pairs(&text).into_iter();
        return Ok(fields.map(|(name, value)| (name, value.into())).collect());
    }
    decode::json(body, flavour)
}

/// What curl calls a form is JSON as a rule.
fn begins_as_json(body: &[u8]) -> bool {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, Some(b'{' | b'['))
}

fn namespace(head: &Parts, flavour: Flavour) -> String {
    let named = header(head, "x-vault-namespace").unwrap_or_default();
    let named = named.trim_matches('/');
    // HashiCorp's community edition knows no namespaces and does not read the header.
    if flavour == Flavour::HashiCorp || named.is_empty() || named == "root" {
        return String::new();
    }
    format!("{named}/")
}

fn wrap(head: &Parts) -> Result<Option<u64>, Refusal> {
    let Some(asked) = header(head, "x-vault-wrap-ttl").filter(|asked| !asked.is_empty()) else {
        return Ok(None);
    };
    let wrong =
        |why: &str| Refusal::invalid(format!("error parsing X-Vault-Wrap-TTL header: {why}"));
    let seconds = fields::seconds(&asked.into()).map_err(|why| wrong(&why))?;
    let seconds = u64::try_from(seconds);
    seconds
        .map(Some)
        .map_err(|_| wrong("requested wrap ttl cannot be negative"))
}

fn token(head: &Parts) -> Option<String> {
    let bearer = || header(head, "authorization")?.strip_prefix("Bearer ");
    let token = header(head, "x-vault-token").or_else(bearer)?.trim();
    (!token.is_empty()).then(|| token.to_owned())
}

fn header<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    head.headers.get(name)?.to_str().ok()
}
