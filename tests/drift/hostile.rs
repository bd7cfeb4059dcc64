//! Names of a repository and of servers are what somebody else chose. No form of a report takes them for anything else.

use crate::made::*;
use keyfleet::drift::{About, Line, Problem, Report, Standing};
use keyfleet::plan::{Cause, FieldChange, Kind, Reason};
use keyfleet::report::Style;
use keyfleet::report::drift::{Format, render, slack, teams, text};
use serde_json::Value;

const NAMES: [&str; 22] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</style></head><body>",
    "]]></failure></testcase>",
    "<!channel> <@U123> <https://evil.example|here>",
    "@everyone @octo/team",
    "[link](https://evil.example)",
    "![image](https://evil.example/x.png)",
    "https://evil.example www.evil.example",
    "**bold** _em_ ~~gone~~ # title",
    "`code` ``more`` ```",
    "a|b|c\\|d\\",
    "one\ntwo\r\n- three\n\n# four",
    "\u{1b}[31mred\u{1b}[0m\u{7}",
    "\u{202e}txet denrut\u{2066}",
    "nul\u{0}and\u{fffe}\u{ffff}",
    "{{ template }} {% raw %} ${env}",
    "&lt;b&gt; &amp; &#64;",
    "javascript:alert(1)",
    "../../etc/passwd",
    " ",
];

/// A report with this everywhere where somebody else has a say.
fn report(name: &str) -> Report {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    let text = || name.to_owned();
    let mut changed = finding(
        target(&north, Kind::Secret, name),
        Reason::Differs,
        Cause::Drift {
            by: Some(text()),
            since: Some(text()),
        },
    );
    changed.fields = vec![
        FieldChange {
            field: text(),
            before: Some(text()),
            after: Some(text()),
        },
        FieldChange {
            field: text(),
            before: None,
            after: Some(text()),
        },
        FieldChange {
            field: format!("key {name} changed"),
            before: None,
            after: None,
        },
    ];
    changed.place.as_mut().unwrap().file = name.into();
    let mut blocked = finding(
        target(&vault(), Kind::Role, name),
        Reason::Missing,
        Cause::Pending,
    );
    blocked.standing = Standing::Blocked {
        why: text(),
        hint: Some(text()),
        status: None,
    };
    let put_back = [written(edited(&north, &format!("{name}-back"), name, 1), 2)];
    memory.look_and_write(&north, 2, &[changed, blocked], &put_back);
    memory.ledger.not_looked_at(&cluster("south"), name, at(3));
    let about = About {
        repository: text(),
        revision: text(),
        schedule: Some(text()),
        problems: vec![Problem {
            message: text(),
            place: Line {
                file: text(),
                line: 1,
            },
        }],
        ..about(None)
    };
    memory.ledger.report(about, at(4))
}

fn is_turning(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn no_terminal_obeys_a_name() {
    for name in NAMES {
        let text = text(
            &report(name),
            Style {
                colour: false,
                width: 100,
            },
        );
        let bad = text
            .chars()
            .find(|&it| it != '\n' && it.is_control() || is_turning(it));
        assert_eq!(bad, None, "{name:?}: {text}");
        // Nor does a name make a line of its own.
        assert!(
            !text
                .lines()
                .any(|line| line.starts_with("- three") || line.starts_with("# four")),
            "{text}"
        );
    }
}

/// The tags of a text, each with what it says.
fn tags(text: &str) -> Vec<String> {
    let parts = text.split('<').skip(1);
    parts
        .map(|part| part.split('>').next().unwrap().to_owned())
        .collect()
}

#[test]
fn a_page_has_no_tag_but_its_own() {
    let own = [
        "!doctype", "html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2",
        "h3", "p", "ul", "li", "div", "strong", "span", "a", "code", "section", "table", "thead",
        "tbody", "tr", "th", "td", "footer",
    ];
    let benign = tags(&render(&report("benign"), Format::Html)).len();
    for name in NAMES {
        let page = render(&report(name), Format::Html);
        let tags = tags(&page);
        for tag in &tags {
            let word = tag.trim_start_matches('/').split(' ').next().unwrap();
            assert!(own.contains(&word), "{name:?}: <{tag}>");
            assert!(
                !tag.contains(" on") && !tag.contains(" src="),
                "{name:?}: <{tag}>"
            );
            if let Some((_, link)) = tag.split_once("href=\"") {
                assert!(link.starts_with('#'), "{name:?}: <{tag}>");
            }
        }
        assert!(tags.len() <= benign, "{name:?}");
        assert!(
            !page.contains('\u{1b}') && !page.chars().any(is_turning),
            "{name:?}"
        );
        assert!(
            !page.contains("http://") && !page.contains("url("),
            "nothing from elsewhere"
        );
    }
}

#[test]
fn xml_is_well_formed_whatever_is_in_it() {
    for name in NAMES {
        let xml = render(&report(name), Format::Junit);
        let mut open: Vec<String> = Vec::new();
        for tag in tags(&xml) {
            let word = tag
                .trim_matches('/')
                .split_whitespace()
                .next()
                .unwrap()
                .to_owned();
            if tag.starts_with('?') || tag.ends_with('/') {
                continue;
            }
            if tag.starts_with('/') {
                assert_eq!(open.pop().as_deref(), Some(&*word), "{name:?}: {xml}");
            } else {
                assert!(
                    ["testsuites", "testsuite", "testcase", "failure", "error"].contains(&&*word),
                    "{xml}"
                );
                open.push(word);
            }
        }
        assert_eq!(open, Vec::<String>::new());
        let is_xml =
            |it: char| it == '\n' || !it.is_control() && !matches!(it, '\u{fffe}' | '\u{ffff}');
        assert!(xml.chars().all(is_xml), "{name:?}");
    }
}

/// What is left of Markdown when its code spans are gone, by the rule of `CommonMark`: a run of backticks closes at the next
/// run of the same length.
fn outside_code(markdown: &str) -> String {
    let mut outside = String::new();
    let mut rest = markdown;
    while let Some(start) = rest.find('`') {
        outside.push_str(&rest[..start]);
        let length = rest[start..].chars().take_while(|it| *it == '`').count();
        let inner = &rest[start + length..];
        let close =
            closing(inner, length).unwrap_or_else(|| panic!("an open code span: {markdown}"));
        assert!(
            !inner[..close].contains('\n'),
            "a code span of two lines: {markdown}"
        );
        rest = &inner[close + length..];
    }
    outside + rest
}

fn closing(text: &str, length: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let run = text[start..].chars().take_while(|it| *it == '`').count();
        if run == length {
            return Some(start);
        }
        at = start + run;
    }
    None
}

#[test]
fn markdown_makes_no_mention_no_link_and_no_html_of_a_name() {
    for name in NAMES {
        let markdown = render(&report(name), Format::Markdown);
        let outside = outside_code(&markdown);
        for bad in [
            "<", "[", "]", "!", "|", "http", "www", "_", "~", "&", "\\", "evil",
        ] {
            assert!(!outside.contains(bad), "{name:?}: {bad} in\n{markdown}");
        }
        // The title has one, between two code spans.
        assert_eq!(outside.matches('@').count(), 1, "{name:?}:\n{markdown}");
        assert!(
            outside.lines().filter(|line| line.starts_with('#')).count() <= 5,
            "{markdown}"
        );
    }
}

fn texts_of<'json>(value: &'json Value, found: &mut Vec<&'json str>) {
    match value {
        Value::Object(fields) => {
            if fields.get("type").is_some_and(|kind| kind == "mrkdwn") {
                assert_eq!(fields["verbatim"], true);
                found.push(fields["text"].as_str().unwrap());
            }
            fields.values().for_each(|value| texts_of(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| texts_of(value, found)),
        _ => {}
    }
}

#[test]
fn slack_calls_nobody_and_links_nowhere() {
    for name in NAMES {
        let message = slack(&report(name), None);
        let mut texts = Vec::new();
        texts_of(&message, &mut texts);
        assert!(texts.len() >= 4);
        texts.push(message["text"].as_str().unwrap());
        for text in texts {
            assert!(
                !text.contains('<') && !text.contains('>'),
                "{name:?}: {text}"
            );
        }
    }
}

fn kinds_of(value: &Value, kinds: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            kinds.extend(
                fields
                    .get("type")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            );
            assert!(
                !["url", "selectAction", "actions"]
                    .iter()
                    .any(|name| fields.contains_key(*name))
            );
            fields.values().for_each(|value| kinds_of(value, kinds));
        }
        Value::Array(values) => values.iter().for_each(|value| kinds_of(value, kinds)),
        _ => {}
    }
}

/// A text block would read Markdown; a rich text does not.
#[test]
fn a_card_holds_nothing_that_reads_markup() {
    for name in NAMES {
        let card = teams(&report(name), None);
        let mut kinds = Vec::new();
        kinds_of(&card, &mut kinds);
        let known = [
            "message",
            "AdaptiveCard",
            "Container",
            "RichTextBlock",
            "TextRun",
        ];
        assert!(
            kinds.iter().all(|kind| known.contains(&&**kind)),
            "{kinds:?}"
        );
        assert!(card.to_string().len() <= 28 * 1024);
    }
}

#[test]
fn json_and_sarif_stay_what_they_are() {
    for name in NAMES {
        let report = report(name);
        let read: Report = serde_json::from_str(&render(&report, Format::Json)).unwrap();
        assert_eq!(read, report);
        let log: Value = serde_json::from_str(&render(&report, Format::Sarif)).unwrap();
        for result in log["runs"][0]["results"].as_array().unwrap() {
            let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            let uri = uri.as_str().unwrap();
            let is_plain = |it: char| it.is_ascii_alphanumeric() || "/._-%".contains(it);
            assert!(uri.chars().all(is_plain), "{name:?}: {uri}");
        }
    }
}
