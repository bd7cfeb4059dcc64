//! Markdown as a forge reads it, by a parser of `CommonMark` with the extensions that forges have.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag};

/// What became of a text.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// Outside of code spans.
    pub(crate) text: String,
    pub(crate) code: Vec<String>,
    /// Line by line.
    pub(crate) html: Vec<String>,
    pub(crate) links: Vec<String>,
    /// Whatever a review has no use for.
    pub(crate) strange: Vec<String>,
}

impl Read {
    pub(crate) fn of(markdown: &str) -> Self {
        let mut read = Self::default();
        for event in Parser::new_ext(markdown, Options::all()) {
            read.event(event);
        }
        read
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Text(text) => self.text.push_str(&text),
            Event::Code(code) => self.code.push(code.to_string()),
            Event::Html(html) | Event::InlineHtml(html) => {
                self.html.extend(html.lines().map(str::to_owned));
            }
            Event::SoftBreak | Event::HardBreak => self.text.push('\n'),
            Event::End(_) => self.text.push('\n'),
            Event::Start(Tag::Link { dest_url, .. }) => self.links.push(dest_url.to_string()),
            Event::Start(tag) if is_ours(&tag) => {}
            other => self.strange.push(format!("{other:?}")),
        }
    }

    /// How many of `<details>` are open at the end, all in their order.
    pub(crate) fn folds(&self) -> usize {
        let mut open = 0;
        for line in &self.html {
            match line.as_str() {
                "<details>" => open += 1,
                "</details>" => open -= 1,
                summary => {
                    let words = summary
                        .strip_prefix("<summary>")
                        .and_then(|it| it.strip_suffix("</summary>"));
                    let words = words.unwrap_or_else(|| panic!("strange HTML: {summary}"));
                    let is_plain = |it: char| it.is_alphanumeric() || " (),".contains(it);
                    assert!(words.chars().all(is_plain), "{summary}");
                }
            }
        }
        open
    }
}

fn is_ours(tag: &Tag<'_>) -> bool {
    match tag {
        Tag::Heading { level, .. } => [HeadingLevel::H3, HeadingLevel::H4].contains(level),
        Tag::Paragraph
        | Tag::List(None)
        | Tag::Item
        | Tag::Strong
        | Tag::BlockQuote(None)
        | Tag::HtmlBlock => true,
        _ => false,
    }
}
