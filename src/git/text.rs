use super::files::Problem;
use super::pointer;

/// Bytes of a file as text, or why they are not text. A byte order mark goes and CRLF becomes LF; lines and columns stay.
pub(super) fn decode(bytes: &[u8]) -> Result<String, Problem> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Problem::Utf16);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Some(at) = bytes.iter().position(|b| *b == 0) {
        return Err(Problem::Nul {
            line: line(&bytes[..at]),
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| Problem::NotUtf8 {
        line: line(&bytes[..error.valid_up_to()]),
    })?;
    if pointer::is_lfs_pointer(text) {
        return Err(Problem::LfsPointer);
    }
    Ok(text.replace("\r\n", "\n"))
}

fn line(before: &[u8]) -> usize {
    1 + before.split(|b| *b == b'\n').count().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_line_ends_are_evened_out_and_lines_stay() {
        assert_eq!(
            decode(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n").unwrap(),
            "a: 1\nb: 2\n"
        );
        assert_eq!(decode(b"a\rb\n").unwrap(), "a\rb\n");
    }

    #[test]
    fn bytes_that_are_not_text_are_named_with_their_line() {
        assert_eq!(decode(b"a\nb\xff"), Err(Problem::NotUtf8 { line: 2 }));
        assert_eq!(decode(b"a\nb\nc\0"), Err(Problem::Nul { line: 3 }));
        assert_eq!(decode(b"\0"), Err(Problem::Nul { line: 1 }));
        assert_eq!(decode(b"\xff\xfea\0"), Err(Problem::Utf16));
        assert_eq!(decode(b"\xfe\xff\0a"), Err(Problem::Utf16));
    }
}
