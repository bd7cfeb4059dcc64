//! What a label may be called, and what it may say.

const LONGEST: usize = 63;
const LONGEST_PREFIX: usize = 253;
const NAME: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const PREFIX: &str = "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// Why a text is no key of a label.
pub(super) fn not_a_key(key: &str) -> Option<String> {
    let parts: Vec<&str> = key.split('/').collect();
    let mut reasons = Vec::new();
    let name = match parts.as_slice() {
        [name] => *name,
        [prefix, name] => {
            if prefix.is_empty() {
                reasons.push("prefix part must be non-empty".to_owned());
            } else if prefix.len() > LONGEST_PREFIX {
                reasons.push(format!(
                    "prefix part must be no more than {LONGEST_PREFIX} characters"
                ));
            } else if !prefix.split('.').all(is_host_part) {
                reasons.push(PREFIX.to_owned());
            }
            name
        }
        _ => {
            return Some(format!(
                "a qualified name {NAME} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ));
        }
    };
    if name.is_empty() {
        reasons.push("name part must be non-empty".to_owned());
    } else if name.len() > LONGEST {
        reasons.push(format!(
            "name part must be no more than {LONGEST} characters"
        ));
    }
    if !is_name(name) {
        reasons.push(format!("name part {NAME}"));
    }
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// Why a text is no value of a label.
pub(super) fn not_a_value(value: &str) -> Option<String> {
    let mut reasons = Vec::new();
    if value.len() > LONGEST {
        reasons.push(format!("must be no more than {LONGEST} characters"));
    }
    if !value.is_empty() && !is_name(value) {
        reasons.push(VALUE.to_owned());
    }
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    ends(bytes.first())
        && ends(bytes.last())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

fn is_host_part(text: &str) -> bool {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.first().is_some_and(plain)
        && bytes.last().is_some_and(plain)
        && bytes.iter().all(|byte| plain(byte) || *byte == b'-')
}
