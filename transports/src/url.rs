//! Where a peer is, as text: the four forms of URL, taken apart.

use std::fmt;
use std::path::PathBuf;

use wherever::wire::describe::escape;

/// The forms, for whoever got one wrong.
const FORMS: &str = "unix:///path, tcp://host:port, exec:program arguments, stdio:";

/// Bytes of a Unix socket's path that systems take: 108 with the zero behind it on Linux, 104 elsewhere.
const PATH_LEN_MAX: usize = if cfg!(any(target_os = "linux", target_os = "android")) { 107 } else { 103 };

/// A URL that says nothing, or not enough.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{}\" is no URL of a peer: at byte {at}, {what}; the forms are {FORMS}", escape(url))]
pub struct UrlError {
    /// The whole of it.
    pub url: String,
    /// Where, in bytes from its beginning.
    pub at: usize,
    /// What is wrong there.
    pub what: String,
}

/// A URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Url {
    Unix(PathBuf),
    Tcp {
        host: String,
        port: u16,
        /// The user has said that nobody need be kept from listening in, or calling.
        insecure: bool,
    },
    /// A program and its arguments.
    Exec(Vec<String>),
    Stdio,
}

/// What is wrong, and where.
type Wrong = (usize, String);

impl Url {
    pub(crate) fn parse(url: &str) -> Result<Self, UrlError> {
        parse(url).map_err(|(at, what)| UrlError { url: url.into(), at, what })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Url::Unix(path) => write!(f, "unix://{}", escape(&path.to_string_lossy())),
            Url::Tcp { host, port, .. } if host.contains(':') => write!(f, "tcp://[{}]:{port}", escape(host)),
            Url::Tcp { host, port, .. } => write!(f, "tcp://{}:{port}", escape(host)),
            // Arguments may be secrets.
            Url::Exec(words) => write!(f, "exec:{}", escape(words.first().map_or("", |word| word))),
            Url::Stdio => write!(f, "stdio:"),
        }
    }
}

fn parse(url: &str) -> Result<Url, Wrong> {
    if let Some(at) = url.find('\0') {
        return Err((at, "a zero byte stands".into()));
    }
    let Some((scheme, rest)) = url.split_once(':') else {
        return Err((0, "no scheme with a colon stands".into()));
    };
    let at = scheme.len() + 1;
    match scheme {
        "unix" => unix(at, rest),
        "tcp" => tcp(at, rest),
        "exec" => words(at, rest).map(Url::Exec),
        "stdio" if rest.is_empty() => Ok(Url::Stdio),
        "stdio" => Err((at, "something stands behind `stdio:`, which has nothing to say".into())),
        _ => Err((0, format!("the scheme `{}` stands, which is not known", escape(scheme)))),
    }
}

fn slashes(at: usize, rest: &str) -> Result<(usize, &str), Wrong> {
    match rest.strip_prefix("//") {
        Some(rest) => Ok((at + 2, rest)),
        None => Err((at, "two slashes are missing".into())),
    }
}

fn unix(at: usize, rest: &str) -> Result<Url, Wrong> {
    let (at, path) = slashes(at, rest)?;
    match path {
        _ if !path.starts_with('/') => Err((at, "a path that begins with `/` is missing: a third slash".into())),
        _ if path.ends_with('/') => Err((at + path.len() - 1, "the path ends without a name".into())),
        _ if path.len() > PATH_LEN_MAX => {
            Err((at, format!("a path of {} bytes stands; the system takes {PATH_LEN_MAX}", path.len())))
        }
        _ => Ok(Url::Unix(path.into())),
    }
}

fn tcp(at: usize, rest: &str) -> Result<Url, Wrong> {
    let (at, rest) = slashes(at, rest)?;
    let (place, option) = rest.split_once('?').map_or((rest, None), |(place, option)| (place, Some(option)));
    let insecure = match option {
        None => false,
        Some("insecure") => true,
        Some(option) => {
            let what = format!("the option `{}` stands; the only one is `insecure`", escape(option));
            return Err((at + place.len() + 1, what));
        }
    };
    let (host, behind) = host(at, place)?;
    let at = at + place.len() - behind.len();
    let Some(digits) = behind.strip_prefix(':') else {
        return Err((at, "a colon and a port are missing".into()));
    };
    // A sign would be taken by the parser of numbers.
    let port = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    match port {
        Some(port) => Ok(Url::Tcp { host: host.into(), port, insecure }),
        None => Err((at + 1, format!("`{}` stands where a port from 0 to 65535 should", escape(digits)))),
    }
}

/// The host, without brackets, and what stands behind it.
fn host(at: usize, place: &str) -> Result<(&str, &str), Wrong> {
    if let Some(inner) = place.strip_prefix('[') {
        let Some((address, behind)) = inner.split_once(']') else {
            return Err((at, "a bracket is open to the end".into()));
        };
        // A zone may follow.
        let number = address.split('%').next().unwrap_or_default();
        if number.parse::<std::net::Ipv6Addr>().is_err() {
            return Err((at + 1, format!("`{}` stands where an IPv6 address should", escape(address))));
        }
        return Ok((address, behind));
    }
    let (host, behind) = place.split_at(place.find(':').unwrap_or(place.len()));
    if behind[behind.len().min(1)..].contains(':') {
        return Err((at, "more than one colon stands: an IPv6 address needs brackets".into()));
    }
    let odd = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.' || c == '_');
    match host.find(odd) {
        _ if host.is_empty() => Err((at, "a host is missing".into())),
        Some(place) => Err((at + place, "something stands that no host's name has".into())),
        None => Ok((host, behind)),
    }
}

/// The words of a command: split at blanks, unless quoted. No shell is involved, so what only a shell could do is an
/// error and not a surprise.
fn words(start: usize, text: &str) -> Result<Vec<String>, Wrong> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.char_indices();
    while let Some((place, c)) = chars.next() {
        let at = start + place;
        match c {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\'' => word.get_or_insert_default().push_str(single(at, &mut chars)?),
            '"' => double(at, &mut chars, word.get_or_insert_default(), start)?,
            '\\' => match chars.next() {
                Some((_, next)) => word.get_or_insert_default().push(next),
                None => return Err((at, "a backslash stands with nothing behind it".into())),
            },
            _ if "|&;<>()$`*?".contains(c) => return Err((at, meant_for_a_shell(c))),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    match words.first().map(String::is_empty) {
        Some(false) => Ok(words),
        Some(true) => Err((start, "the program's name is empty".into())),
        None => Err((start, "a program is missing".into())),
    }
}

fn meant_for_a_shell(c: char) -> String {
    format!("`{c}` stands, which would be meant for a shell, and there is none: quote it, or start `sh -c '...'`")
}

fn single<'a>(at: usize, chars: &mut std::str::CharIndices<'a>) -> Result<&'a str, Wrong> {
    let Some((quoted, _)) = chars.as_str().split_once('\'') else {
        return Err((at, "a quote is open to the end".into()));
    };
    // The quote at its end too.
    chars.nth(quoted.chars().count());
    Ok(quoted)
}

fn double(at: usize, chars: &mut std::str::CharIndices<'_>, word: &mut String, start: usize) -> Result<(), Wrong> {
    while let Some((place, c)) = chars.next() {
        match c {
            '"' => return Ok(()),
            '$' | '`' => return Err((start + place, meant_for_a_shell(c))),
            '\\' => match chars.next() {
                Some((_, next)) if "\"\\$`".contains(next) => word.push(next),
                // As in a shell: only these need it, and it stays before all others.
                Some((_, next)) => word.extend(['\\', next]),
                None => break,
            },
            _ => word.push(c),
        }
    }
    Err((at, "a quote is open to the end".into()))
}

#[cfg(test)]
mod tests;
