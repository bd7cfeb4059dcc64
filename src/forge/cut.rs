//! Makes Markdown fit. It is cut between two lines, and what is open there, a fence or an element of HTML, is closed: what
//! follows is read as Markdown again.

use super::address::link;

/// What may hold other blocks or whole lines; a closing tag too many does nothing.
const ELEMENTS: [&str; 24] = [
    "a",
    "b",
    "blockquote",
    "code",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "li",
    "ol",
    "p",
    "pre",
    "span",
    "strong",
    "sub",
    "summary",
    "table",
    "tbody",
    "td",
    "th",
    "tr",
    "ul",
];

/// Deeper than anybody reads.
const DEEPEST: usize = 100;

/// The text, or as much of it as has room with a last line that says where the whole is.
pub(super) fn fit(markdown: &str, room: usize, whole: Option<&str>) -> String {
    if markdown.len() <= room {
        return markdown.to_owned();
    }
    let mut left = markdown.lines().count();
    let mut kept = String::new();
    let mut ending = last_words(left, whole);
    let mut open = Open::default();
    for line in markdown.split_inclusive('\n') {
        open.read(line);
        let next = open.closing() + &last_words(left - 1, whole);
        if kept.len() + line.len() + next.len() > room || open.elements.len() > DEEPEST {
            break;
        }
        kept.push_str(line);
        ending = next;
        left -= 1;
    }
    kept + &ending
}

fn last_words(left: usize, whole: Option<&str>) -> String {
    let lines = if left == 1 { "line does" } else { "lines do" };
    let whole = match whole.and_then(link) {
        Some(link) => format!("[Here is all of it](<{link}>)."),
        None => "All of it is with the job that made it.".to_owned(),
    };
    format!("\n\n---\n\n**Cut:** {left} more {lines} not fit into a comment. {whole}\n")
}

/// What is open at the end of a line.
#[derive(Debug, Default)]
struct Open {
    fence: Option<Fence>,
    /// From the outermost on.
    elements: Vec<&'static str>,
    comment: bool,
}

#[derive(Debug)]
struct Fence {
    /// A fence within a list ends where it is indented as far.
    indent: String,
    mark: char,
    length: usize,
}

impl Fence {
    fn opened_by(line: &str) -> Option<Self> {
        let text = line.trim_start_matches([' ', '\t']);
        let mark = text
            .chars()
            .next()
            .filter(|mark| matches!(mark, '`' | '~'))?;
        let info = text.trim_start_matches(mark);
        let length = text.len() - info.len();
        let is_fence = length >= 3 && !(mark == '`' && info.contains('`'));
        let indent = line[..line.len() - text.len()].to_owned();
        is_fence.then_some(Self {
            indent,
            mark,
            length,
        })
    }

    fn is_closed_by(&self, line: &str) -> bool {
        let text = line.trim();
        text.len() >= self.length && text.chars().all(|character| character == self.mark)
    }
}

impl Open {
    fn read(&mut self, line: &str) {
        if let Some(fence) = &self.fence {
            if fence.is_closed_by(line) {
                self.fence = None;
            }
            return;
        }
        if !self.comment {
            self.fence = Fence::opened_by(line);
            if self.fence.is_some() {
                return;
            }
        }
        self.read_tags(&without_code(line));
    }

    fn read_tags(&mut self, line: &str) {
        let mut rest = line;
        loop {
            if self.comment {
                let Some((_, after)) = rest.split_once("-->") else {
                    return;
                };
                self.comment = false;
                rest = after;
            }
            let Some(start) = rest.find('<') else {
                return;
            };
            let is_escaped = rest[..start].ends_with('\\');
            let tag = &rest[start + 1..];
            if tag.starts_with("!--") {
                self.comment = true;
            } else if !is_escaped {
                self.read_tag(tag);
            }
            rest = tag;
        }
    }

    fn read_tag(&mut self, tag: &str) {
        let (closes, tag) = match tag.strip_prefix('/') {
            Some(tag) => (true, tag),
            None => (false, tag),
        };
        let end = tag.find(|character: char| !character.is_ascii_alphanumeric());
        let name = tag[..end.unwrap_or(tag.len())].to_ascii_lowercase();
        let Some(name) = ELEMENTS.into_iter().find(|known| *known == name) else {
            return;
        };
        if !closes {
            self.elements.push(name);
        } else if let Some(place) = self.elements.iter().rposition(|open| *open == name) {
            self.elements.truncate(place);
        }
    }

    fn closing(&self) -> String {
        let mut closing = String::new();
        if let Some(fence) = &self.fence {
            let mark = fence.mark.to_string().repeat(fence.length);
            closing += &format!("\n{}{mark}\n", fence.indent);
        }
        if self.comment {
            closing += "\n-->\n";
        }
        if !self.elements.is_empty() {
            let tags = self.elements.iter().rev();
            let tags: String = tags.map(|name| format!("</{name}>")).collect();
            closing += &format!("\n\n{tags}\n");
        }
        closing
    }
}

/// The line without its spans of code, in which no tag is one.
fn without_code(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        let ticks = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        let after = &rest[start + ticks..];
        plain.push_str(&rest[..start]);
        rest = match end_of_code(after, ticks) {
            Some(end) => &after[end..],
            None => after,
        };
    }
    plain.push_str(rest);
    plain
}

/// Where the span ends that was begun with so many backticks: after as many, no more and no less.
fn end_of_code(text: &str, ticks: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(start) = text[at..].find('`') {
        let run = &text[at + start..];
        let length = run.len() - run.trim_start_matches('`').len();
        at += start + length;
        if length == ticks {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::fit;

    const FILLER: &str = "filler filler filler filler filler filler filler filler\n";

    /// Cut after this and some filler.
    fn cut(begin: &str) -> String {
        let text = format!("{begin}\n{}", FILLER.repeat(40));
        let cut = fit(&text, 700, Some("https://ci.example/job/7"));
        assert!(cut.len() <= 700, "{}", cut.len());
        assert!(cut.contains(FILLER), "{cut}");
        cut
    }

    /// From the last line of filler on.
    fn ending(begin: &str) -> String {
        let cut = cut(begin);
        let end = cut.rfind(FILLER).unwrap() + FILLER.len();
        let (closing, words) = cut[end..].split_once("---").unwrap();
        assert!(words.contains("(<https://ci.example/job/7>)"), "{words}");
        closing.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        assert_eq!(fit("```\n<details>", 13, None), "```\n<details>");
    }

    #[test]
    fn what_is_open_is_closed_from_within() {
        for (begin, closing) in [
            ("text", ""),
            ("```yaml", "```"),
            ("~~~~\n~~~\n```", "~~~~"),
            ("```\ncode\n```", ""),
            ("```\n<details>\n```", ""),
            ("<details><summary>a</summary>", "</details>"),
            ("<details>\n<details open>\n</details>", "</details>"),
            ("<DETAILS>\n\n```diff", "``` </details>"),
            ("<details><table>\n<tr><td>", "</td></tr></table></details>"),
            ("<details> `</details>` ``a ` </details>``", "</details>"),
            (r"<details> \</details>", "</details>"),
            ("<details> <!-- </details>", "--> </details>"),
            ("<!-- a --><details>", "</details>"),
            ("`<details>` and a < b", ""),
            ("```not `a fence`", ""),
            ("</details><br><img src=x>", ""),
        ] {
            assert_eq!(ending(begin), closing, "{begin}");
        }
    }

    #[test]
    fn a_fence_in_a_list_is_closed_where_it_is() {
        assert!(cut("- item\n\n  ```yaml").contains("\n  ```\n"));
    }

    #[test]
    fn it_says_how_much_is_missing_and_where_it_is() {
        let text = FILLER.repeat(40);
        let kept = |cut: &str| cut.matches(FILLER).count();
        let linked = fit(&text, 700, Some("https://ci.example/job/7"));
        let missing = format!("**Cut:** {} more lines do not fit", 40 - kept(&linked));
        assert!(linked.contains(&missing), "{linked}");
        let alone = fit(&text, 700, Some("javascript:alert(1)"));
        assert!(alone.contains("with the job that made it"), "{alone}");
    }

    #[test]
    fn a_line_that_is_too_long_is_left_out_whole() {
        let cut = fit(&"ü".repeat(500), 700, None);
        assert!(cut.trim_start().starts_with("---"), "{cut}");
        assert!(cut.contains("1 more line does not fit"), "{cut}");
    }
}
