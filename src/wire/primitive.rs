//! Bytes, numbers and texts, read within bounds and written without surprise.

use thiserror::Error;

/// Bytes that are not what the protocol says they are: what was wrong, and where.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{what} at byte {at}")]
pub struct Malformed {
    /// What was wrong.
    pub what: &'static str,
    /// The place, in bytes from the start of what was decoded.
    pub at: usize,
}

/// Reads forward through bytes of a peer. Nothing is read past the end, and no length is believed.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Where the reader stands, in bytes from the start.
    pub fn position(&self) -> usize {
        self.at
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// What is wrong at this place.
    pub fn malformed(&self, what: &'static str) -> Malformed {
        Malformed { what, at: self.at }
    }

    /// All bytes that are left.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at = self.bytes.len();
        rest
    }

    /// Refuses bytes that are left.
    pub fn finish(&self) -> Result<(), Malformed> {
        if self.left() == 0 { Ok(()) } else { Err(self.malformed("bytes left over")) }
    }

    /// The next byte.
    #[inline(always)]
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        let Some(&byte) = self.bytes.get(self.at) else { return Err(self.malformed("end of input")) };
        self.at += 1;
        Ok(byte)
    }

    /// The next `len` bytes.
    #[inline]
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(taken) = rest.get(..len) else { return Err(self.malformed("length beyond the end of input")) };
        self.at += len;
        Ok(taken)
    }

    /// An unsigned number.
    #[inline(always)]
    pub fn varint(&mut self) -> Result<u64, Malformed> {
        match self.bytes.get(self.at) {
            // As most numbers are.
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(u64::from(byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Malformed> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(self.malformed("number of more than 64 bits"))
    }

    /// An unsigned number that must not be above `max`.
    #[inline(always)]
    pub fn varint_max(&mut self, max: u64, what: &'static str) -> Result<u64, Malformed> {
        let number = self.varint()?;
        if number > max { Err(self.malformed(what)) } else { Ok(number) }
    }

    /// A signed number.
    pub fn int(&mut self) -> Result<i64, Malformed> {
        let raw = self.varint()?;
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    /// A double.
    pub fn float(&mut self) -> Result<f64, Malformed> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.take(8)?);
        Ok(f64::from_le_bytes(bytes))
    }

    /// A length, then so many bytes, at most `max`.
    #[inline]
    pub fn bytes(&mut self, max: usize) -> Result<&'a [u8], Malformed> {
        let len = self.varint_max(max as u64, "too long")?;
        self.take(len as usize)
    }

    /// A length, then so many bytes of UTF-8, at most `max`.
    pub fn text(&mut self, max: usize) -> Result<&'a str, Malformed> {
        let bytes = self.bytes(max)?;
        std::str::from_utf8(bytes).map_err(|_| self.malformed("text that is not UTF-8"))
    }

    /// The number of elements of a sequence: at most `max`, and no more than there are bytes left, since each takes
    /// one at least.
    #[inline]
    pub fn count(&mut self, max: usize, what: &'static str) -> Result<usize, Malformed> {
        self.count_of(max, 1, what)
    }

    /// As [`Self::count`], for elements of `size` bytes at least: so many can be reserved at once.
    #[inline(always)]
    pub fn count_of(&mut self, max: usize, size: usize, what: &'static str) -> Result<usize, Malformed> {
        let count = self.varint_max(max as u64, what)?;
        if count > (self.left() / size) as u64 {
            return Err(self.malformed("more elements announced than there are bytes"));
        }
        Ok(count as usize)
    }
}

/// Writes the primitives of the protocol at the end of a buffer.
pub trait Write {
    /// An unsigned number.
    fn varint(&mut self, number: u64);
    /// A signed number.
    fn int(&mut self, number: i64);
    /// A double.
    fn float(&mut self, number: f64);
    /// A length, then the bytes.
    fn prefixed(&mut self, bytes: &[u8]);
}

impl Write for Vec<u8> {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.push(number as u8);
    }

    fn int(&mut self, number: i64) {
        self.varint((number << 1 ^ number >> 63) as u64);
    }

    fn float(&mut self, number: f64) {
        self.extend_from_slice(&number.to_le_bytes());
    }

    fn prefixed(&mut self, bytes: &[u8]) {
        self.varint(bytes.len() as u64);
        self.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            bytes.varint(number);
            assert_eq!(postcard::to_allocvec(&number).as_deref(), Ok(&bytes[..]), "postcard agrees");
            assert_eq!(Reader::new(&bytes).varint(), Ok(number));
        }
        for number in [0, 1, -1, 63, -64, 64, i64::MAX, i64::MIN] {
            let mut bytes = Vec::new();
            bytes.int(number);
            assert_eq!(postcard::to_allocvec(&number).as_deref(), Ok(&bytes[..]), "postcard agrees");
            assert_eq!(Reader::new(&bytes).int(), Ok(number));
        }
    }

    #[test]
    fn a_number_beyond_64_bits_is_refused() {
        let bytes = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert!(Reader::new(&bytes).varint().is_err());
        assert!(Reader::new(&[0x80; 20]).varint().is_err());
    }

    #[test]
    fn no_length_is_believed() {
        let mut bytes = Vec::new();
        bytes.varint(1 << 40);
        assert!(Reader::new(&bytes).bytes(usize::MAX).is_err());
        assert!(Reader::new(&bytes).count(usize::MAX, "").is_err());
        assert!(Reader::new(&[]).byte().is_err());
    }
}
