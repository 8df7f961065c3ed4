//! The preface: the first bytes that each side sends on a carrier connection.

use crate::limits::PREFACE_LEN_MAX;
use crate::wire::primitive::{Malformed, Reader, Write};

/// The first eight bytes of every preface.
pub const MAGIC: [u8; 8] = *b"wherever";
/// The major version of the protocol: sides of different ones do not talk.
pub const MAJOR: u8 = 1;
/// The minor version of the protocol: the lower of both sides' holds.
pub const MINOR: u8 = 0;

/// What a side tells of itself before its first frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preface {
    /// The major version.
    pub major: u8,
    /// The minor version.
    pub minor: u8,
    /// Whether the side wants a link layer.
    pub link: LinkWish,
    /// What it takes to resume a session; empty for a new one.
    pub token: Vec<u8>,
}

/// Whether a side wants a link layer between carrier and session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkWish {
    /// It does not.
    #[default]
    None,
    /// It would use one.
    Wanted,
    /// It does not go on without.
    Required,
}

impl Default for Preface {
    fn default() -> Self {
        Self { major: MAJOR, minor: MINOR, link: LinkWish::None, token: Vec::new() }
    }
}

impl Preface {
    /// The preface as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([self.major, self.minor, self.link as u8, 0, 0]);
        bytes.prefixed(&self.token);
        bytes
    }

    /// The preface of these bytes. One of another major version is decoded as far as is known.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if bytes.len() > PREFACE_LEN_MAX || reader.take(MAGIC.len()) != Ok(&MAGIC) {
            return Err(Malformed { what: "not a preface of this protocol", at: 0 });
        }
        let (major, minor) = (reader.byte()?, reader.byte()?);
        if major != MAJOR {
            return Ok(Self { major, minor, link: LinkWish::None, token: Vec::new() });
        }
        let link = match reader.byte()? {
            0 => LinkWish::None,
            1 => LinkWish::Wanted,
            2 => LinkWish::Required,
            _ => return Err(reader.malformed("unknown wish for a link")),
        };
        reader.take(2)?;
        let token = reader.bytes(PREFACE_LEN_MAX)?.to_vec();
        reader.finish()?;
        Ok(Self { major, minor, link, token })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preface_comes_back_and_its_truncations_do_not() {
        let preface = Preface { link: LinkWish::Wanted, token: vec![7; 48], ..Preface::default() };
        let bytes = preface.encode();
        assert!(bytes.len() <= PREFACE_LEN_MAX);
        assert_eq!(Preface::decode(&bytes), Ok(preface));
        for len in 0..bytes.len() {
            assert!(Preface::decode(&bytes[..len]).is_err(), "cut at {len}");
        }
        assert!(Preface::decode(b"HTTP/1.1 200 OK\r\n").is_err());
    }
}
