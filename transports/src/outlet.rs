//! Writing frames to a byte stream; all but short ones without copying them.

use std::io::{self, IoSlice};

use smallvec::SmallVec;
use wherever::transport::{SHORT_LEN, frame_head, join_short};

/// Pieces that systems take in one write, at least.
const SLICES_MAX: usize = 1024;

/// Sends that do not fail though the other side is gone, so that what it said last is still received: a preface, a first
/// frame, and what a batch may make of it.
pub(crate) const UNHEARD_MAX: u32 = 16;

/// Writes one frame, given in parts, by as few calls of `write` as it takes: one, where all of it is taken.
pub(crate) fn write_frame(
    parts: &[IoSlice<'_>],
    write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
) -> io::Result<()> {
    let mut short = [0; SHORT_LEN];
    if let [frame] = parts
        && let Some(whole) = join_short(frame, &mut short)?
    {
        return write_all(&mut [IoSlice::new(whole)], write);
    }
    let head = frame_head(parts.iter().map(|part| part.len()).sum())?;
    let slices = std::iter::once(IoSlice::new(&head)).chain(parts.iter().copied());
    let mut slices: SmallVec<[IoSlice<'_>; 8]> = slices.collect();
    write_all(&mut slices, write)
}

fn write_all(slices: &mut [IoSlice<'_>], mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>) -> io::Result<()> {
    let mut left = slices;
    while !left.is_empty() {
        match write(&left[..left.len().min(SLICES_MAX)]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => IoSlice::advance_slices(&mut left, count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_of_many_parts_that_are_taken_bit_by_bit_arrives_whole() {
        let bytes: Vec<u8> = (0..5000_u32).map(|n| n as u8).collect();
        // Empty parts among them, and more parts than go at once.
        let parts: Vec<IoSlice<'_>> =
            bytes.chunks(2).flat_map(|chunk| [IoSlice::new(&[]), IoSlice::new(chunk)]).collect();
        let (mut written, mut turn) = (Vec::<u8>::new(), 0);
        write_frame(&parts, |slices| {
            assert!(slices.len() <= SLICES_MAX);
            turn += 1;
            if turn % 3 == 0 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let taken: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).take(turn % 7 + 1).collect();
            written.extend(&taken);
            Ok(taken.len())
        })
        .unwrap();
        assert_eq!(written[..4], 5000_u32.to_le_bytes());
        assert_eq!(written[4..], bytes);
    }

    #[test]
    fn an_empty_frame_is_its_head() {
        let mut written = Vec::new();
        write_frame(&[IoSlice::new(&[])], |slices| {
            written.extend(slices.iter().flat_map(|slice| slice.to_vec()));
            Ok(written.len())
        })
        .unwrap();
        assert_eq!(written, [0; 4]);
    }
}
