//! Names of a repository are what somebody else chose. No form of a review takes them for anything else.

use crate::made::called;
use crate::read::Read;
use keyfleet::report::Style;
use keyfleet::report::review::{Format, render, text};
use serde_json::Value;

const NAMES: [&str; 27] = [
    "<script>evil(1)</script>",
    "\"><img src=x onerror=evil(1)>",
    "' onmouseover='evil(1)",
    "</style></title></svg></head><body>",
    "</details></summary>evil",
    "]]></failure></testcase>",
    "@everyone @evil/team",
    "evil#123 GH-123 !5 %7 ~evil $9",
    "[link](https://evil.example)",
    "[link]: https://evil.example",
    "![image](https://evil.example/x.png)",
    "https://evil.example www.evil.example evil@evil.example",
    "**evil** _em_ ~~gone~~ # title",
    "- evil\n# title\n\n---\n\n1. one",
    "`evil` ``more`` ```",
    "```\nevil\n```",
    "a|evil|c\\|d\\",
    "$`evil`$ $x$ $$y$$",
    "[^1] [^1]: evil",
    ":evil: &lt;b&gt; &amp; &#64;",
    "\u{1b}[31mevil\u{1b}[0m\u{7}\r",
    "\u{202e}txet denrut\u{2066}\u{200e}\u{61c}",
    "e\u{200b}v\u{200d}i\u{2060}l\u{feff}\u{ad}\u{e0041}\u{2028}",
    "nul\u{0}and\u{fffe}\u{ffff}\u{85}",
    "{{ evil }} {% raw %} ${cluster.name}",
    " ",
    "",
];

/// Not to be seen, or turning a line around.
fn is_unseen(character: char) -> bool {
    let hidden =
        "\u{ad}\u{61c}\u{200b}\u{200d}\u{200e}\u{2028}\u{202e}\u{2060}\u{2066}\u{feff}\u{e0041}";
    character != '\n' && (character.is_control() || hidden.contains(character))
}

#[test]
fn no_form_moves_a_cursor_or_hides_anything() {
    for name in NAMES {
        let made = called(name);
        for format in Format::ALL {
            let rendered = render(made.reviewed(), format);
            let bad = rendered.chars().find(|it| is_unseen(*it));
            assert_eq!(bad, None, "{name:?} as {format:?}");
        }
        let coloured = Style {
            colour: false,
            width: 40,
        };
        let narrow = text(made.reviewed(), true, coloured);
        assert_eq!(narrow.chars().find(|it| is_unseen(*it)), None, "{name:?}");
    }
}

#[test]
fn markdown_makes_nothing_of_a_name_but_a_code_span() {
    for name in NAMES {
        let comment = render(called(name).reviewed(), Format::Markdown);
        let read = Read::of(&comment);
        assert_eq!(read.strange, Vec::<String>::new(), "{name:?}:\n{comment}");
        assert_eq!(read.folds(), 0, "{name:?}:\n{comment}");
        assert_eq!(read.links, Vec::<String>::new(), "{name:?}:\n{comment}");
        for bad in [
            "evil", "@", "http", "www", "<", "[", "|", "!", "`", "\\", "&", "GH-", "_",
        ] {
            assert!(
                !read.text.contains(bad),
                "{name:?}: {bad} in\n{}",
                read.text
            );
        }
        let is_number = |pair: &[u8]| pair[0] == b'#' && pair[1].is_ascii_alphanumeric();
        let mut pairs = read.text.as_bytes().windows(2);
        assert!(!pairs.any(is_number), "{name:?}:\n{}", read.text);
        let lines = read.text.lines();
        let titles = lines.filter(|line| *line == "title").count();
        assert_eq!(titles, 0, "{name:?}:\n{comment}");
    }
}

/// The tags of a text, each with what it says.
fn tags(text: &str) -> Vec<&str> {
    let parts = text.split('<').skip(1);
    parts.map(|part| part.split('>').next().unwrap()).collect()
}

#[test]
fn a_page_has_no_tag_but_its_own() {
    let own = [
        "!doctype", "html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2",
        "h3", "p", "ul", "li", "div", "strong", "span", "a", "code", "section", "table", "thead",
        "tbody", "tr", "th", "td", "footer", "br", "details", "summary", "svg", "desc", "text",
        "tspan", "path", "g", "circle", "rect",
    ];
    let benign = tags(&render(called("${cluster.name}").reviewed(), Format::Html)).len();
    for name in NAMES {
        let page = render(called(name).reviewed(), Format::Html);
        let tags = tags(&page);
        for tag in &tags {
            let word = tag
                .trim_start_matches('/')
                .split([' ', '/'])
                .next()
                .unwrap();
            assert!(own.contains(&word), "{name:?}: <{tag}>");
            assert!(!tag.contains(" on") && !tag.contains(" src="), "<{tag}>");
            if let Some((_, link)) = tag.split_once("href=\"") {
                assert!(link.starts_with('#'), "{name:?}: <{tag}>");
            }
            // Only what a browser forgives nothing in: every value in quotes of its own.
            assert_eq!(tag.matches('"').count() % 2, 0, "{name:?}: <{tag}>");
        }
        assert!(tags.len() <= benign, "{name:?}: {} > {benign}", tags.len());
        let is_foreign = page.contains("url(") || page.contains("@import");
        assert!(!is_foreign, "nothing from elsewhere");
        let policy = "default-src 'none'; style-src 'unsafe-inline'";
        assert!(page.contains(policy));
    }
}

/// Elements that are opened are closed, in their order.
#[test]
fn a_page_is_well_formed() {
    let alone = ["!doctype", "meta", "br", "path", "circle", "rect"];
    for name in ["benign", "<b>", "\"'"] {
        let page = render(called(name).reviewed(), Format::Html);
        let mut open = Vec::new();
        for tag in tags(&page) {
            let word = tag
                .trim_start_matches('/')
                .split([' ', '/'])
                .next()
                .unwrap();
            if alone.contains(&word) || tag.ends_with('/') {
                continue;
            }
            if tag.starts_with('/') {
                assert_eq!(open.pop(), Some(word), "{name:?}: <{tag}>");
            } else {
                open.push(word);
            }
        }
        assert_eq!(open, Vec::<&str>::new(), "{name:?}");
    }
}

#[test]
fn xml_says_what_it_is_given() {
    for name in NAMES {
        let xml = render(called(name).reviewed(), Format::Junit);
        let document =
            roxmltree::Document::parse(&xml).unwrap_or_else(|why| panic!("{why}: {xml}"));
        let known = ["testsuites", "testsuite", "testcase", "failure", "error"];
        let mut elements = document.descendants().filter(roxmltree::Node::is_element);
        assert!(
            elements.all(|it| known.contains(&it.tag_name().name())),
            "{xml}"
        );
    }
}

#[test]
fn json_and_sarif_stay_what_they_are() {
    for name in NAMES {
        let made = called(name);
        let json: Value = serde_json::from_str(&render(made.reviewed(), Format::Json)).unwrap();
        assert_eq!(json["about"]["repository"], name);
        assert_eq!(json["review"]["unknown"][0]["why"], name);
        let log: Value = serde_json::from_str(&render(made.reviewed(), Format::Sarif)).unwrap();
        for result in log["runs"][0]["results"].as_array().unwrap() {
            let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            let is_plain = |it: char| it.is_ascii_alphanumeric() || "/._-%".contains(it);
            assert!(
                uri.as_str().unwrap().chars().all(is_plain),
                "{name:?}: {uri}"
            );
            let message = result["message"]["text"].as_str().unwrap();
            assert!(!message.contains("]("), "{name:?}: {message}");
        }
    }
}
