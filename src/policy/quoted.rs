//! What a string literal of the two grammars stands for.
//!
//! Neither is JSON's own: JSON policies take Go's escapes, and HCL 1 reads no escape inside `${…}`.

/// Reads the inside of a quoted literal. `None`: an escape is wrong, or the bytes are not UTF-8.
pub(super) fn unquote(inside: &str, interpolation: bool) -> Option<String> {
    let mut out = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(c) = rest.chars().next() {
        if interpolation && rest.starts_with("${") {
            let end = interpolation_end(rest)?;
            out.extend_from_slice(rest.get(..end)?.as_bytes());
            rest = rest.get(end..)?;
            continue;
        }
        match c {
            '\n' | '"' => return None,
            '\\' => rest = escape(rest.get(1..)?, &mut out, !interpolation)?,
            _ => {
                out.extend_from_slice(rest.get(..c.len_utf8())?.as_bytes());
                rest = rest.get(c.len_utf8()..)?;
            }
        }
    }
    String::from_utf8(out).ok()
}

fn interpolation_end(text: &str) -> Option<usize> {
    let mut open = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => open += 1,
            '}' if open == 1 => return Some(at + 1),
            '}' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Appends what follows a backslash and answers with the rest.
fn escape<'a>(text: &'a str, out: &mut Vec<u8>, strict_unicode: bool) -> Option<&'a str> {
    let c = text.chars().next()?;
    let rest = text.get(c.len_utf8()..)?;
    let plain = match c {
        'a' => Some(0x07),
        'b' => Some(0x08),
        'f' => Some(0x0c),
        'n' => Some(b'\n'),
        'r' => Some(b'\r'),
        't' => Some(b'\t'),
        'v' => Some(0x0b),
        '\\' => Some(b'\\'),
        '"' => Some(b'"'),
        _ => None,
    };
    if let Some(byte) = plain {
        out.push(byte);
        return Some(rest);
    }
    match c {
        '0'..='7' => number(text, 3, 8, |value| out.push(value), u8::try_from),
        'x' => number(rest, 2, 16, |value| out.push(value), u8::try_from),
        'u' | 'U' => {
            let digits = if c == 'u' { 4 } else { 8 };
            let push = |value: char| {
                out.extend_from_slice(value.encode_utf8(&mut [0; 4]).as_bytes());
            };
            number(rest, digits, 16, push, |value| {
                scalar(value, strict_unicode).ok_or(())
            })
        }
        _ => None,
    }
}

/// Half a surrogate pair is U+FFFD in HCL and a fault in JSON.
fn scalar(value: u32, strict: bool) -> Option<char> {
    match char::from_u32(value) {
        None if value <= 0x0010_ffff && !strict => Some('\u{fffd}'),
        known => known,
    }
}

fn number<T, E>(
    text: &str,
    digits: usize,
    radix: u32,
    push: impl FnOnce(T),
    convert: impl FnOnce(u32) -> Result<T, E>,
) -> Option<&str> {
    let written = text.get(..digits)?;
    if !written.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    push(convert(u32::from_str_radix(written, radix).ok()?).ok()?);
    text.get(digits..)
}

/// What a heredoc stands for: `literal` goes from `<<` to the end of the closing line.
///
/// The server cuts by the length of the anchor, so blanks before the closing anchor stay in the
/// value; `<<-` takes the closing line's indent off every line, or off none.
pub(super) fn heredoc(literal: &str) -> Option<String> {
    let anchor = literal.find('\n')?;
    let body = literal.get(anchor + 1..)?;
    if literal.as_bytes().get(2) != Some(&b'-') {
        return cut(body, anchor - 1).map(str::to_owned);
    }
    let indented = cut(body, anchor - 2)?;
    let indent = indented.rsplit('\n').next()?;
    if indented.split('\n').all(|line| line.starts_with(indent)) {
        let mut lines: Vec<&str> = indented
            .split('\n')
            .map(|line| line.strip_prefix(indent).unwrap_or(line))
            .collect();
        if let Some(last) = lines.last_mut() {
            *last = "";
        }
        return Some(lines.join("\n"));
    }
    Some(
        cut(body, anchor - 1)?
            .trim_end_matches([' ', '\t'])
            .to_owned(),
    )
}

fn cut(text: &str, from_end: usize) -> Option<&str> {
    text.get(..text.len().checked_sub(from_end)?)
}
