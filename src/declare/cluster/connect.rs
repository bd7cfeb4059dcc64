//! How keyfleet itself gets into a cluster.

use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::yaml::{Fields, Node};

/// How keyfleet itself gets into a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connect {
    /// A context of the operator's own kubeconfig.
    KubeconfigContext(String),
    /// A kubeconfig or a token kept in Vault: API path and property.
    Vault {
        path: String,
        property: String,
        holds: Credential,
        place: Place,
    },
    /// The service account that keyfleet itself runs as.
    InCluster,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    Kubeconfig,
    Token,
}

impl Connect {
    pub(super) fn read(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::of(node, "connect", problems)?;
        let kubeconfig = fields.optional("kubeconfig");
        let vault = fields.optional("vault");
        // `inCluster:` with nothing after it says it as well.
        fields.optional("inCluster");
        let in_cluster = node.get("inCluster");
        let file = node.get("file").is_some();
        fields.unsupported(&["file"], problems);
        fields.finish(problems);
        match (kubeconfig, vault, in_cluster) {
            (Some(kubeconfig), None, None) => read_context(kubeconfig, problems),
            (None, Some(vault), None) => read_vault(vault, problems),
            (None, None, Some(nothing)) => {
                Fields::of(nothing, "inCluster", problems)?.finish(problems);
                Some(Self::InCluster)
            }
            (None, None, None) if file => None,
            _ => {
                problems.push(
                    Diagnostic::error(
                        &node.place,
                        "`connect` needs exactly one of kubeconfig, vault and inCluster",
                    )
                    .hint("for example `connect: {kubeconfig: {context: prod-eu}}`"),
                );
                None
            }
        }
    }
}

fn read_context(node: &Node, problems: &mut Diagnostics) -> Option<Connect> {
    let mut fields = Fields::of(node, "kubeconfig", problems)?;
    let context = fields
        .required("context", problems)
        .and_then(|node| node.text("`context`", problems))
        .map(str::to_owned);
    fields.finish(problems);
    Some(Connect::KubeconfigContext(context?))
}

fn read_vault(node: &Node, problems: &mut Diagnostics) -> Option<Connect> {
    let mut fields = Fields::of(node, "connect.vault", problems)?;
    let path = fields.required("path", problems);
    let place = path.map_or_else(|| node.place.clone(), |path| path.place.clone());
    let path = path.and_then(|path| path.text("`path`", problems));
    let kubeconfig = fields
        .text("kubeconfig", problems)
        .map(|property| (property.to_owned(), Credential::Kubeconfig));
    let token = fields
        .text("token", problems)
        .map(|property| (property.to_owned(), Credential::Token));
    fields.finish(problems);
    let ((Some((property, holds)), None) | (None, Some((property, holds)))) = (kubeconfig, token)
    else {
        problems.push(
            Diagnostic::error(
                &node.place,
                "`connect.vault` needs either `kubeconfig` or `token`",
            )
            .hint("it names the property that holds the one or the other, such as `token: token`"),
        );
        return None;
    };
    Some(Connect::Vault {
        path: path?.to_owned(),
        property,
        holds,
        place,
    })
}
