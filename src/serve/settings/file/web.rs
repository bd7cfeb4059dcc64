//! Where keyfleet listens, and who may look.

use super::field;
use super::review::FORGES;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::serve::settings::{Admission, Web, Webhook, Webhooks};
use crate::yaml::{Fields, Node};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

pub(super) fn web(node: &Node, web: &mut Web, problems: &mut Diagnostics) {
    let Some(mut fields) = Fields::of(node, "web", problems) else {
        return;
    };
    web.listen = field::address(&mut fields, "listen", problems).unwrap_or(web.listen);
    let token = fields.optional("token");
    let proxy = fields.optional("proxy");
    fields.finish(problems);
    let admission = match (token, proxy) {
        (Some(_), Some(proxy)) => {
            let wrong = "`web` has a token and a proxy, and only one can let people in";
            problems.push(Diagnostic::error(&proxy.place, wrong).hint("remove one of them"));
            return;
        }
        (Some(token), None) => field::secret(token, "token", problems).map(Admission::Token),
        (None, Some(proxy)) => read_proxy(proxy, problems),
        (None, None) => Some(Admission::Loopback),
    };
    web.admission = admission.unwrap_or(Admission::Loopback);
}

fn read_proxy(node: &Node, problems: &mut Diagnostics) -> Option<Admission> {
    let mut fields = Fields::of(node, "proxy", problems)?;
    let header = fields.required("header", problems);
    let header = header.and_then(|node| {
        let text = node.text("`header`", problems)?;
        let parsed = http::HeaderName::try_from(text).ok();
        if parsed.is_none() {
            let wrong = format!("{text:?} is not the name of a header");
            problems.push(Diagnostic::error(&node.place, wrong).hint("such as X-Forwarded-User"));
        }
        parsed
    });
    let place = fields.place_of("from");
    let list = fields.list("from", problems);
    let from: Vec<IpNet> = list.iter().filter_map(|it| network(it, problems)).collect();
    fields.finish(problems);
    if list.is_empty() {
        let wrong = "`from` is empty: anybody could write the header";
        let hint = "name the addresses of the proxy, such as 10.1.2.3 or 10.1.0.0/16";
        problems.push(Diagnostic::error(&place, wrong).hint(hint));
    }
    Some(Admission::Proxy {
        header: header?.to_string(),
        from,
    })
}

fn network(node: &Node, problems: &mut Diagnostics) -> Option<IpNet> {
    let text = node.text("an address of `from`", problems)?;
    let parsed = text
        .parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .ok();
    if parsed.is_none() {
        let wrong = format!("{text:?} is not an address");
        problems
            .push(Diagnostic::error(&node.place, wrong).hint("such as 10.1.2.3 or 10.1.0.0/16"));
    }
    parsed
}

pub(super) fn listener(
    node: &Node,
    what: &'static str,
    listen: &mut SocketAddr,
    problems: &mut Diagnostics,
) {
    let Some(mut fields) = Fields::of(node, what, problems) else {
        return;
    };
    *listen = field::address(&mut fields, "listen", problems).unwrap_or(*listen);
    fields.finish(problems);
}

pub(super) fn webhooks(node: &Node, webhooks: &mut Webhooks, problems: &mut Diagnostics) {
    let Some(mut fields) = Fields::of(node, "webhooks", problems) else {
        return;
    };
    let listen = field::address(&mut fields, "listen", problems);
    webhooks.listen = listen.unwrap_or(webhooks.listen);
    let list = fields.list("from", problems);
    webhooks.from = list.iter().filter_map(|it| webhook(it, problems)).collect();
    fields.finish(problems);
}

fn webhook(node: &Node, problems: &mut Diagnostics) -> Option<Webhook> {
    let mut fields = Fields::of(node, "a webhook", problems)?;
    let forge = fields.required("forge", problems);
    let forge = forge.and_then(|node| field::one_of(node, "forge", &FORGES, problems));
    let secret = fields.required("secret", problems);
    let secret = secret.and_then(|node| field::secret(node, "secret", problems));
    fields.finish(problems);
    Some(Webhook {
        forge: forge?,
        secret: secret?,
    })
}
