//! A certificate authority, inline or in a file.

use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::yaml::{Fields, Node};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A certificate authority, inline or in a file beside the declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaSource {
    Inline { pem: String, place: Place },
    File { path: String, place: Place },
}

impl CaSource {
    pub(in crate::declare) fn read(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        if node.scalar().is_some() {
            return Self::inline(node, problems);
        }
        let mut fields = Fields::of(node, "certificateAuthority", problems)?;
        let file = fields.optional("file");
        let inline = fields.optional("pem");
        fields.finish(problems);
        match (file, inline) {
            (Some(file), None) => Some(Self::File {
                path: file
                    .text("`file`", problems)?
                    .trim_start_matches("./")
                    .to_owned(),
                place: file.place.clone(),
            }),
            (None, Some(inline)) => Self::inline(inline, problems),
            _ => {
                problems.push(
                    Diagnostic::error(
                        &node.place,
                        "`certificateAuthority` needs either `file` or `pem`",
                    )
                    .hint("write `certificateAuthority: {file: ca.crt}`, or `pem: |` with the certificate below it"),
                );
                None
            }
        }
    }

    fn inline(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let text = node.text("`pem`", problems)?;
        Some(Self::Inline {
            pem: pem(text, &node.place, problems)?,
            place: node.place.clone(),
        })
    }
}

/// The text of certificates in its one form. It is never shown: what stands here by mistake may be a key.
pub(crate) fn pem(text: &str, place: &Place, problems: &mut Diagnostics) -> Option<String> {
    let (wrong, hint) = if text.contains("PRIVATE KEY-----") {
        (
            "a private key does not belong in git",
            "keep only the certificate here, and replace the key: whoever reads the repository has it",
        )
    } else if !text.contains(BEGIN) {
        let hint = if text.trim().contains('\n') {
            "it begins with -----BEGIN CERTIFICATE-----"
        } else {
            "it begins with -----BEGIN CERTIFICATE-----; a file is named by `certificateAuthority: {file: ca.crt}`"
        };
        ("this is not a PEM certificate", hint)
    } else if !is_whole(text) {
        (
            "this PEM certificate is damaged",
            "copy it again, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----",
        )
    } else {
        return Some(text.trim().to_owned() + "\n");
    };
    problems.push(Diagnostic::error(place, wrong).hint(hint).without_line());
    None
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Whether every certificate ends, and is base64 of what can be DER.
fn is_whole(text: &str) -> bool {
    text.split(BEGIN).skip(1).all(|block| {
        let Some((body, _)) = block.split_once(END) else {
            return false;
        };
        let body: String = body.split_whitespace().collect();
        STANDARD
            .decode(body)
            .is_ok_and(|der| der.first() == Some(&0x30))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_certificates_pass() {
        let read = |text: &str| pem(text, &Place::file("a"), &mut Diagnostics::default());
        let good = format!("{BEGIN}\nMAA=\n{END}");
        assert_eq!(read(&good), Some(format!("{good}\n")));
        for text in [
            String::new(),
            format!("{BEGIN}\nMAA="),
            format!("{BEGIN}\nnot base64\n{END}"),
            format!("{BEGIN}\nAAAA\n{END}"),
            format!("{good}\n-----BEGIN EC PRIVATE KEY-----\n"),
        ] {
            assert_eq!(read(&text), None, "{text}");
        }
    }
}
