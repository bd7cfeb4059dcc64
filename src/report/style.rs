//! Colour that is never needed for meaning, and tables that line up.

use super::markup::is_unseen;

/// Whether to colour, and how wide the reader's window is.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    pub colour: bool,
    pub width: usize,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Ink {
    Plain,
    Good,
    Bad,
    Careful,
    Quiet,
    Strong,
}

impl Style {
    /// Of a text that nobody looks at yet.
    pub(super) const PAGE: Self = Self {
        colour: false,
        width: 110,
    };

    pub(crate) fn paint(self, ink: Ink, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Plain => return text.to_owned(),
            Ink::Good => "32",
            Ink::Bad => "31",
            Ink::Careful => "33",
            Ink::Quiet => "2",
            Ink::Strong => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// Text that comes from a repository or a server must not move the cursor, change colours, hide, or turn the line around.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|character| {
            if is_unseen(character) {
                '\u{fffd}'
            } else {
                character
            }
        })
        .collect()
}

/// A line of a table: cells with their ink. The last cell is not padded.
pub(super) type Row = Vec<(Ink, String)>;

/// How far below its row a cell stands that did not fit: where the fields of a change stand, too.
const HANGING: usize = 5;
/// A longer cell does not widen its column.
const WIDEST_COLUMN: usize = 44;

/// The last cells line up no further right than this, beside rows that end before it.
const FARTHEST_EDGE: usize = 120;

/// Lines the cells up in columns. The last cell of a row that is too long for that gets a line of its own.
pub(super) fn table(rows: &[Row], indent: usize, style: Style) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter()
                .filter(|row| column + 1 < row.len())
                .map(|row| row[column].1.chars().count())
                // One long cell must not push every other row to the edge of the window.
                .filter(|length| *length <= WIDEST_COLUMN)
                .max()
                .unwrap_or(0)
        })
        .collect();
    let begun: Vec<Begun> = rows
        .iter()
        .map(|row| {
            let cells = row.len() - usize::from(row.len() == columns);
            Begun::of(&row[..cells], &widths, indent, style)
        })
        .collect();
    let ends = begun.iter().filter(|begun| !begun.is_broken);
    let ends = ends.map(|begun| begun.used);
    let edge = ends.filter(|used| *used <= FARTHEST_EDGE).max();
    let ended = rows.iter().zip(begun).map(|(row, begun)| {
        let last = row.last().filter(|_| row.len() == columns);
        begun.ended(last, edge.unwrap_or(0), indent, style)
    });
    ended.collect()
}

/// A row without its last cell.
struct Begun {
    text: String,
    /// Columns of its last line.
    used: usize,
    is_broken: bool,
}

impl Begun {
    /// Cells that do not fit go on below, under the name; words stay whole.
    fn of(cells: &[(Ink, String)], widths: &[usize], indent: usize, style: Style) -> Self {
        let hanging = indent + HANGING;
        let mut begun = Self {
            text: " ".repeat(indent),
            used: indent,
            is_broken: false,
        };
        for (column, (ink, cell)) in cells.iter().enumerate() {
            let length = cell.chars().count();
            if column > 2 && begun.used + length > style.width && !cell.is_empty() {
                begun.break_for(*ink, cell, hanging, style);
                begun.text.push_str("  ");
                begun.used += 2;
                continue;
            }
            begun.text.push_str(&style.paint(*ink, cell));
            let gap = widths[column].saturating_sub(length) + 2;
            begun.text.push_str(&" ".repeat(gap));
            begun.used += length + gap;
        }
        begun
    }

    fn break_for(&mut self, ink: Ink, cell: &str, hanging: usize, style: Style) {
        self.is_broken = true;
        self.text.truncate(self.text.trim_end().len());
        for part in wrapped(cell, style.width.saturating_sub(hanging)) {
            self.text.push_str(&format!("\n{}", " ".repeat(hanging)));
            self.text.push_str(&style.paint(ink, &part));
            self.used = hanging + part.chars().count();
        }
    }

    fn ended(
        mut self,
        last: Option<&(Ink, String)>,
        edge: usize,
        indent: usize,
        style: Style,
    ) -> String {
        if let Some((ink, cell)) = last.filter(|(_, cell)| !cell.is_empty()) {
            let lines_up = !self.is_broken && self.used <= edge;
            if lines_up && edge + cell.chars().count() <= style.width {
                self.text.push_str(&" ".repeat(edge - self.used));
                self.text.push_str(&style.paint(*ink, cell));
            } else {
                self.break_for(*ink, cell, indent + HANGING, style);
            }
        }
        self.text.truncate(self.text.trim_end().len());
        self.text.push('\n');
        self.text
    }
}

/// Lines of at most so many characters, if the words allow it.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `1 secret`, `2 secrets`.
pub(crate) fn count(number: usize, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_a_long_row_breaks_before_its_last_cell() {
        let cell = |text: &str| (Ink::Quiet, text.to_owned());
        let rows = [
            vec![cell("+"), cell("policy"), cell("a"), cell("file:1")],
            vec![cell("~"), cell("role"), cell("bbb"), cell("file:2")],
        ];
        let style = Style {
            colour: false,
            width: 80,
        };
        assert_eq!(
            table(&rows, 2, style),
            "  +  policy  a    file:1\n  ~  role    bbb  file:2\n"
        );
        let narrow = Style {
            colour: false,
            width: 18,
        };
        assert_eq!(
            table(&rows[..1], 2, narrow),
            "  +  policy  a\n       file:1\n"
        );
    }

    #[test]
    fn a_row_that_is_too_long_breaks_and_the_others_line_up() {
        let cell = |text: &str| (Ink::Quiet, text.to_owned());
        let row = |name: &str, detail: &str| {
            vec![
                cell("+"),
                cell("role"),
                cell(name),
                cell(detail),
                cell("file:1"),
            ]
        };
        let long = "x".repeat(140);
        let rows = [row("a", ""), row("b", &long), row("c", "d")];
        let style = Style {
            colour: false,
            width: 400,
        };
        assert_eq!(
            table(&rows, 0, style),
            format!(
                "+  role  a     file:1\n+  role  b  {long}\n     file:1\n+  role  c  d  file:1\n"
            )
        );
    }

    #[test]
    fn words_stay_whole_and_lines_within_the_width() {
        assert_eq!(
            wrapped("one two three four", 9),
            ["one two", "three", "four"]
        );
    }

    #[test]
    fn escapes_and_turned_text_are_made_visible() {
        assert_eq!(
            clean("a\u{1b}[31m\u{202e}b\n\u{200b}\u{61c}"),
            "a\u{fffd}[31m\u{fffd}b\u{fffd}\u{fffd}\u{fffd}"
        );
    }
}
