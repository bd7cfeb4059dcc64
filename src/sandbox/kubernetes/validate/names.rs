//! What names, labels and keys may look like, and what is said of one that does not.

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const QUALIFIED: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LONGEST_LABEL: usize = 63;
const LONGEST_SUBDOMAIN: usize = 253;

fn too_long(most: usize) -> String {
    format!("must be no more than {most} characters")
}

fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().all(|byte| is_lower(*byte) || *byte == b'-')
        && bytes.first().is_some_and(|byte| is_lower(*byte))
        && bytes.last().is_some_and(|byte| is_lower(*byte))
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

/// A namespace's name.
pub(super) fn label(name: &str, prefix: bool) -> Vec<String> {
    let name = &unfinished(name, prefix);
    let mut wrong = Vec::new();
    if name.len() > LONGEST_LABEL {
        wrong.push(too_long(LONGEST_LABEL));
    }
    if !is_label(name) {
        wrong.push(if is_subdomain(name) {
            "must not contain dots".to_owned()
        } else {
            format!(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{LABEL}')"
            )
        });
    }
    wrong
}

/// The name of most objects.
pub(super) fn subdomain(name: &str, prefix: bool) -> Vec<String> {
    subdomain_of(&unfinished(name, prefix))
}

fn subdomain_of(name: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if name.len() > LONGEST_SUBDOMAIN {
        wrong.push(too_long(LONGEST_SUBDOMAIN));
    }
    if !is_subdomain(name) {
        wrong.push(format!(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{LABEL}(\\.{LABEL})*')"
        ));
    }
    wrong
}

/// The beginning of a name may end in a dash: something follows.
fn unfinished(name: &str, prefix: bool) -> String {
    let start = name.strip_suffix('-').filter(|_| prefix);
    let mut letters = start.map(str::chars).into_iter().flatten();
    match (start, letters.next_back()) {
        // As the real one does it: the letter before the dash is not looked at either.
        (Some(_), Some(_)) => letters.chain(['a']).collect(),
        _ => name.to_owned(),
    }
}

/// Whatever can stand between two slashes.
pub(super) fn path_segment(name: &str, prefix: bool) -> Vec<String> {
    if !prefix && matches!(name, "." | "..") {
        return vec![format!("may not be '{name}'")];
    }
    let illegal = ["/", "%"].into_iter().filter(|text| name.contains(text));
    illegal
        .map(|text| format!("may not contain '{text}'"))
        .collect()
}

fn is_qualified(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
}

/// The key of a label or an annotation.
pub(super) fn qualified(name: &str) -> Vec<String> {
    let parts: Vec<&str> = name.split('/').collect();
    let form = format!(
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{QUALIFIED}')"
    );
    let mut wrong = Vec::new();
    let name = match parts[..] {
        [name] => name,
        [prefix, name] => {
            if prefix.is_empty() {
                wrong.push("prefix part must be non-empty".to_owned());
            } else {
                let problems = subdomain_of(prefix).into_iter();
                wrong.extend(problems.map(|problem| format!("prefix part {problem}")));
            }
            name
        }
        _ => {
            return vec![format!(
                "a qualified name {form} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    } else if name.len() > LONGEST_LABEL {
        wrong.push(format!("name part {}", too_long(LONGEST_LABEL)));
    }
    if !is_qualified(name) {
        wrong.push(format!("name part {form}"));
    }
    wrong
}

pub(super) fn label_value(value: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if value.len() > LONGEST_LABEL {
        wrong.push(too_long(LONGEST_LABEL));
    }
    if !value.is_empty() && !is_qualified(value) {
        wrong.push(format!("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '({QUALIFIED})?')"));
    }
    wrong
}

/// The key of a value in a Secret or a `ConfigMap`.
pub(super) fn data_key(key: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if key.len() > LONGEST_SUBDOMAIN {
        wrong.push(too_long(LONGEST_SUBDOMAIN));
    }
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if key.is_empty() || !key.bytes().all(good) {
        wrong.push("a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')".to_owned());
    }
    match key {
        "." | ".." => wrong.push(format!("must not be '{key}'")),
        key if key.starts_with("..") => wrong.push("must not start with '..'".to_owned()),
        _ => {}
    }
    wrong
}
