//! A reader of the pages' markup, strict on purpose: it knows what our templates write, so whatever else is in a page came in
//! from outside.

use std::collections::BTreeSet;

#[derive(Debug, Clone, Default)]
pub(crate) struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    /// All text in it.
    pub text: String,
}

impl Element {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

const VOID: [&str; 4] = ["meta", "link", "input", "br"];
const ELEMENTS: &str = "html head meta title link body a header div p span nav ul li main section h1 h2 footer time table \
    caption thead tbody tr th td code dl dt dd form label input select option button strong pre details summary del ins mark br";
const ATTRIBUTES: &str = "lang charset name content rel href class id for type value method action role scope title \
    datetime tabindex selected placeholder autocomplete spellcheck http-equiv data-label \
    aria-label aria-labelledby aria-hidden aria-current aria-sort";

/// Every element in the order in which they begin. Panics where a page is not well formed, or holds what no template has.
pub(crate) fn read(page: &str) -> Vec<Element> {
    let body = page.strip_prefix("<!DOCTYPE html>\n").expect("a doctype");
    let known: BTreeSet<&str> = ELEMENTS.split_whitespace().collect();
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut rest = body;
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        assert!(!text.contains('>'), "a stray > in {text:?}");
        for index in &open {
            elements[*index].text.push_str(text);
        }
        let end = tag_end(&rest[start..]) + start;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            let index = open.pop().expect("something is open");
            assert_eq!(elements[index].name, name, "closed in order");
            continue;
        }
        let element = element(tag);
        assert!(known.contains(element.name.as_str()), "<{tag}>");
        if !VOID.contains(&element.name.as_str()) {
            open.push(elements.len());
        }
        elements.push(element);
    }
    assert!(open.is_empty(), "everything is closed");
    elements
}

/// Where a tag ends: a `>` in a quoted value ends none.
fn tag_end(tag: &str) -> usize {
    let mut quoted = false;
    for (index, character) in tag.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '>' if !quoted => return index,
            _ => {}
        }
    }
    panic!("a tag that does not end: {tag:.80}");
}

fn element(tag: &str) -> Element {
    let known: BTreeSet<&str> = ATTRIBUTES.split_whitespace().collect();
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    let mut element = Element {
        name: name.to_owned(),
        ..Element::default()
    };
    while !rest.is_empty() {
        let end = rest.find(['=', ' ']).unwrap_or(rest.len());
        let key = &rest[..end];
        assert!(known.contains(key), "the attribute {key:?} of <{tag}>");
        rest = &rest[end..];
        let value = match rest.strip_prefix("=\"") {
            Some(quoted) => {
                let (value, after) = quoted.split_once('"').expect("a closed quote");
                rest = after;
                value
            }
            None => "",
        };
        element.attributes.push((key.to_owned(), value.to_owned()));
        rest = rest.trim_start();
    }
    element
}

/// What a person with a keyboard or a screen reader needs of any page.
pub(crate) fn must_be_usable(page: &str, path: &str) {
    let page = Page {
        elements: read(page),
        path,
    };
    page.has_its_landmarks();
    page.has_names_that_lead_somewhere();
    page.has_tables_with_headings();
    page.has_links_that_say_where_they_lead();
}

struct Page<'a> {
    elements: Vec<Element>,
    path: &'a str,
}

impl Page<'_> {
    fn all(&self, name: &'static str) -> impl Iterator<Item = &Element> {
        let elements = self.elements.iter();
        elements.filter(move |element| element.name == name)
    }

    fn has_its_landmarks(&self) {
        let path = self.path;
        let language = self.all("html").next().unwrap().get("lang");
        assert_eq!(language, Some("en"), "{path}");
        for once in ["h1", "main", "header", "footer", "title"] {
            assert_eq!(self.all(once).count(), 1, "{once} on {path}");
        }
        let title = &self.all("title").next().unwrap().text;
        assert!(!title.starts_with(" ·"), "{path} has a title");
        for part in self.all("nav").chain(self.all("section")) {
            let name = part.get("aria-label").or(part.get("aria-labelledby"));
            assert!(name.is_some(), "{part:?} without a name on {path}");
        }
    }

    fn has_names_that_lead_somewhere(&self) {
        let path = self.path;
        let ids = self.elements.iter().filter_map(|element| element.get("id"));
        let ids: Vec<&str> = ids.collect();
        let distinct: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), distinct.len(), "an id twice on {path}: {ids:?}");
        for element in &self.elements {
            for reference in ["aria-labelledby", "for"] {
                if let Some(id) = element.get(reference) {
                    assert!(distinct.contains(id), "{reference}={id} on {path}");
                }
            }
        }
        let labels = self.all("label").filter_map(|label| label.get("for"));
        let labelled: BTreeSet<&str> = labels.collect();
        let fields = self.all("input").chain(self.all("select"));
        for field in fields.filter(|field| field.get("type") != Some("hidden")) {
            let id = field.get("id").unwrap_or("");
            assert!(labelled.contains(id), "{field:?} on {path}");
        }
    }

    fn has_tables_with_headings(&self) {
        let path = self.path;
        for head in self.all("th") {
            let says = head.get("scope").is_some() && !head.text.trim().is_empty();
            assert!(says, "{head:?} on {path}");
        }
        let rows = self
            .all("th")
            .filter(|head| head.get("scope") == Some("row"));
        for cell in self.all("td").chain(rows) {
            // On a narrow screen the heading of its column is not above it.
            let says = cell.get("data-label").is_some() && !cell.text.trim().is_empty();
            assert!(says, "{cell:?} on {path}");
        }
    }

    fn has_links_that_say_where_they_lead(&self) {
        let path = self.path;
        for link in self.all("a") {
            let says = !link.text.trim().is_empty() && link.get("href").is_some();
            assert!(says, "{link:?} on {path}");
        }
        let skip = self.all("a").next().unwrap();
        assert_eq!(skip.get("href"), Some("#main"), "the first link of {path}");
        assert_eq!(self.all("main").next().unwrap().get("id"), Some("main"));
    }
}

/// The addresses that a page leads to, as they are without markup.
pub(crate) fn links(page: &str) -> BTreeSet<String> {
    let elements = read(page);
    let named = elements.iter().filter(|element| element.name == "a");
    let links = named.filter_map(|link| link.get("href"));
    links
        .filter(|link| !link.starts_with('#'))
        .map(|link| link.replace("&amp;", "&"))
        // A server is not told the place on the page.
        .map(|link| link.split('#').next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn the_reader_sees_what_came_in_from_outside() {
    let broken = |body: &str| {
        let page = format!("<!DOCTYPE html>\n<html>{body}</html>");
        std::panic::catch_unwind(|| drop(read(&page))).is_err()
    };
    assert!(!broken("<p class=\"a\">b</p>"));
    assert!(broken("<script>alert(1)</script>"));
    assert!(broken("<p onclick=\"x\">b</p>"));
    assert!(broken("<p style=\"x\">b</p>"));
    assert!(broken("<p><a></p></a>"));
    assert!(broken("<p>"));
    assert!(broken("a > b"));
}

/// One way into a page: no template writes a text as it is, or has a script, a style or a handler of its own.
#[test]
fn no_template_goes_around_the_escaper() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/pages");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    assert!(files.len() >= 12);
    for file in files {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for way in [
            "|safe",
            "| safe",
            "escape(",
            "|e(",
            "<script",
            "<style",
            "style=",
            "javascript:",
            " on",
        ] {
            let found = text.match_indices(way).find(|(index, _)| {
                // ` on` is a handler only where a value follows.
                let rest = &text[index + way.len()..];
                way != " on"
                    || rest
                        .find(['=', ' ', '<'])
                        .is_some_and(|end| rest[end..].starts_with("=\""))
            });
            assert_eq!(found, None, "{}", path.display());
        }
    }
}
