//! The editor's messages as bytes: a header that tells a length, and JSON of that length.

use std::io::{self, BufRead, Read, Write};

/// Bytes of a header, all its lines together.
const HEADER_MAX: u64 = 4096;

/// Bytes of a message from the editor. The longest that editors send are texts that people typed.
const BODY_MAX: u64 = 4 << 20;

/// Reads the next message's bytes; none once the editor has closed its end between two messages.
///
/// # Errors
/// What is wrong with what came. Nothing can be read after it.
pub(crate) fn read(from: &mut impl BufRead) -> Result<Option<Vec<u8>>, String> {
    let Some(length) = header(from)? else { return Ok(None) };
    let mut body = Vec::new();
    // It grows with what comes, whatever length was told.
    let came = from.take(length).read_to_end(&mut body).map_err(|error| failed(&error))?;
    match came as u64 == length {
        true => Ok(Some(body)),
        false => Err(format!("the editor told of {length} bytes, and ended after {came}")),
    }
}

/// Reads a header; gives the length in it.
fn header(from: &mut impl BufRead) -> Result<Option<u64>, String> {
    let mut left = from.take(HEADER_MAX);
    let mut length = None;
    let mut is_first = true;
    loop {
        let mut line = Vec::new();
        left.read_until(b'\n', &mut line).map_err(|error| failed(&error))?;
        if line.is_empty() && is_first {
            return Ok(None);
        }
        is_first = false;
        if line.pop() != Some(b'\n') {
            let text = if left.limit() == 0 { "a header that is too long" } else { "an end within a header" };
            return Err(format!("the editor sent {text}"));
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches('\r');
        if line.is_empty() {
            return length.map(Some).ok_or_else(|| "the editor sent a header without Content-Length".to_owned());
        }
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = Some(length_in(value)?),
            Some(_) => {}
            None => return Err(format!("the editor sent {line:?} for a line of a header")),
        }
    }
}

fn length_in(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u64>() {
        Ok(length) if is_number && length <= BODY_MAX => Ok(length),
        _ if is_number => Err(format!("the editor told of {text} bytes; a message has {BODY_MAX} at most")),
        _ => Err(format!("the editor sent {text:?} for a length")),
    }
}

fn failed(error: &io::Error) -> String {
    format!("what the editor sends cannot be read: {error}")
}

/// Writes a message.
///
/// # Errors
/// What the system says.
pub(crate) fn write(to: &mut impl Write, body: &[u8]) -> io::Result<()> {
    let mut message = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    message.extend_from_slice(body);
    to.write_all(&message)?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8]) -> String {
        read(&mut &*bytes).unwrap_err()
    }

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        write(&mut bytes, b"{}").unwrap();
        write(&mut bytes, b"").unwrap();
        assert_eq!(bytes, b"Content-Length: 2\r\n\r\n{}Content-Length: 0\r\n\r\n");
        let mut from = &*bytes;
        assert_eq!(read(&mut from), Ok(Some(b"{}".to_vec())));
        assert_eq!(read(&mut from), Ok(Some(Vec::new())));
        assert_eq!(read(&mut from), Ok(None));
    }

    #[test]
    fn other_lines_of_a_header_are_passed_over() {
        let mut from = &b"Content-Type: x; charset=utf-8\r\ncontent-length:  2 \n\r\n{}"[..];
        assert_eq!(read(&mut from), Ok(Some(b"{}".to_vec())));
    }

    #[test]
    fn what_is_no_message_has_a_clear_end() {
        assert_eq!(told(b"POST / HTTP/1.1\r\n\r\n"), "the editor sent \"POST / HTTP/1.1\" for a line of a header");
        assert_eq!(told(b"Host: here\r\n\r\n"), "the editor sent a header without Content-Length");
        assert_eq!(told(b"Content-Length: -1\r\n\r\n"), "the editor sent \"-1\" for a length");
        assert_eq!(told(b"Content-Length: +1\r\n\r\n"), "the editor sent \"+1\" for a length");
        assert_eq!(told(b"Content-Length: \r\n\r\n"), "the editor sent \"\" for a length");
        assert_eq!(told(b"Content-Length: 9\r\n\r\n{}"), "the editor told of 9 bytes, and ended after 2");
        assert_eq!(told(b"Content-Le"), "the editor sent an end within a header");
        assert_eq!(told(&[b'a'; 5000]), "the editor sent a header that is too long");
        assert_eq!(told(&b"a: b\r\n".repeat(1000)), "the editor sent a header that is too long");
    }

    #[test]
    fn no_length_that_is_told_is_believed() {
        for length in ["4194305", "18446744073709551615", "99999999999999999999999"] {
            let header = format!("Content-Length: {length}\r\n\r\n");
            assert!(told(header.as_bytes()).starts_with(&format!("the editor told of {length} bytes; a message")));
        }
        // One that is allowed, and of which nothing comes.
        assert_eq!(told(b"Content-Length: 4194304\r\n\r\n"), "the editor told of 4194304 bytes, and ended after 0");
    }
}
