use super::rule::{Grant, Rule};
use super::value::quote;

/// The canonical HCL of some rules: one stanza each, in the order of their paths, with an optional
/// comment on the first line. Reading it back gives a policy that means the same.
pub fn render<'a>(rules: impl IntoIterator<Item = &'a Rule>, comment: Option<&str>) -> String {
    let mut rules: Vec<&Rule> = rules.into_iter().collect();
    rules.sort_by_cached_key(|rule| (rule.pattern.to_string(), rule.expires));
    let mut stanzas: Vec<String> = rules.into_iter().map(stanza).collect();
    if let Some(comment) = comment {
        // A comment ends with its line, and the server refuses U+E123 anywhere.
        let breaks = |c: char| c.is_control() || c == '\u{e123}';
        let line: String = comment
            .chars()
            .map(|c| if breaks(c) { ' ' } else { c })
            .collect();
        stanzas.insert(0, format!("# {}\n", line.trim()));
    }
    stanzas.join("\n")
}

fn stanza(rule: &Rule) -> String {
    let mut out = format!("path {} {{\n", quote(&rule.pattern.to_string()));
    let mut line = |name: &str, value: &str| {
        for part in ["  ", name, " = ", value, "\n"] {
            out.push_str(part);
        }
    };
    match &rule.grant {
        Grant::Deny => line("capabilities", "[\"deny\"]"),
        Grant::Allow(capabilities, constraints) => {
            let words: Vec<String> = capabilities
                .iter()
                .map(|capability| quote(capability.word()))
                .collect();
            line("capabilities", &format!("[{}]", words.join(", ")));
            for (name, value) in constraints.attributes() {
                line(name, &value);
            }
        }
    }
    if let Some(time) = rule.expires {
        line("expiration", &quote(&time.to_string()));
    }
    out.push_str("}\n");
    out
}
