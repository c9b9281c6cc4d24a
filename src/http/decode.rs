//! A body as it comes, with everything that it may grow to: plain or gzip, counted on both sides.
//!
//! Only gzip is asked for. Whoever sends another coding unasked gets an error rather than a guess.

use std::io::{self, Write};

use flate2::write::GzDecoder;

/// Bytes up to which a body may come from however little.
const RATIO_FROM: u64 = 1 << 20;
/// Most bytes that one byte may become, beyond that: what the readers of books allow as well.
const RATIO: u64 = 200;

/// What to do with a body that is larger than asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// It is an error.
    Refuse,
    /// The beginning is taken, the rest left unread.
    Cut,
}

/// Why a body could not be taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    TooLarge,
    Corrupt,
}

/// A body in the making.
pub(super) struct Body {
    most: u64,
    excess: Excess,
    /// Bytes as they came.
    came: u64,
    shape: Shape,
}

enum Shape {
    Plain(Sink),
    Gzip(Box<GzDecoder<Sink>>),
}

/// What there is so far; takes no more than `limit`.
#[derive(Default)]
struct Sink {
    bytes: Vec<u8>,
    limit: usize,
    is_over: bool,
}

impl Write for Sink {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let room = self.limit.saturating_sub(self.bytes.len());
        self.is_over |= piece.len() > room;
        self.bytes.extend_from_slice(piece.get(..room).unwrap_or(piece));
        if self.is_over { Err(io::Error::from(io::ErrorKind::FileTooLarge)) } else { Ok(piece.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Body {
    pub(super) fn new(is_gzip: bool, most: u64, excess: Excess) -> Body {
        let shape = if is_gzip {
            Shape::Gzip(Box::new(GzDecoder::new(Sink::default())))
        } else {
            Shape::Plain(Sink::default())
        };
        Body { most, excess, came: 0, shape }
    }

    /// Takes a piece; whether there is room for another.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<bool, Trouble> {
        self.came = self.came.saturating_add(piece.len() as u64);
        // Nothing that makes sense is larger compressed, but a coding without end can be sent that comes to nothing.
        let is_over = self.came > self.most;
        let limit = self.limit();
        let written = match &mut self.shape {
            Shape::Plain(sink) => {
                sink.limit = limit;
                sink.write_all(piece)
            }
            Shape::Gzip(decoder) => {
                decoder.get_mut().limit = limit;
                decoder.write_all(piece)
            }
        };
        match (self.sink().is_over || is_over, written, self.excess) {
            (false, Ok(()), _) => Ok(true),
            (false, Err(_), _) => Err(Trouble::Corrupt),
            (true, _, Excess::Refuse) => Err(Trouble::TooLarge),
            (true, _, Excess::Cut) => Ok(false),
        }
    }

    /// The whole body, after the last piece, or after the one that left no room.
    pub(super) fn finish(self) -> Result<Vec<u8>, Trouble> {
        let is_cut = self.sink().is_over || self.came > self.most;
        let mut decoder = match self.shape {
            Shape::Plain(sink) => return Ok(sink.bytes),
            Shape::Gzip(decoder) => decoder,
        };
        // An empty body of gzip is sent, too, and means nothing.
        let ended = if is_cut || self.came == 0 { Ok(()) } else { decoder.try_finish() };
        let sink = decoder.get_mut();
        match (ended, self.excess) {
            (Ok(()), _) => {}
            // The last of it is unpacked only now.
            (Err(_), Excess::Cut) if sink.is_over => {}
            (Err(_), Excess::Refuse) if sink.is_over => return Err(Trouble::TooLarge),
            (Err(_), _) => return Err(Trouble::Corrupt),
        }
        Ok(std::mem::take(&mut sink.bytes))
    }

    fn limit(&self) -> usize {
        let limit = match self.shape {
            Shape::Plain(_) => self.most,
            Shape::Gzip(_) => self.most.min(RATIO_FROM.max(self.came.saturating_mul(RATIO))),
        };
        usize::try_from(limit).unwrap_or(usize::MAX)
    }

    fn sink(&self) -> &Sink {
        match &self.shape {
            Shape::Plain(sink) => sink,
            Shape::Gzip(decoder) => decoder.get_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(is_gzip: bool, bytes: &[u8], most: u64, excess: Excess) -> Result<Vec<u8>, Trouble> {
        let mut body = Body::new(is_gzip, most, excess);
        for piece in bytes.chunks(1000) {
            if !body.push(piece)? {
                break;
            }
        }
        body.finish()
    }

    #[test]
    fn plain_and_packed() {
        let text = "书童".repeat(5000).into_bytes();
        for (is_gzip, bytes) in [(false, text.clone()), (true, packed(&text))] {
            assert_eq!(read(is_gzip, &bytes, 30_000, Excess::Refuse).as_ref(), Ok(&text));
            assert_eq!(read(is_gzip, &bytes, 29_999, Excess::Refuse), Err(Trouble::TooLarge));
            assert_eq!(read(is_gzip, &bytes, 10_000, Excess::Cut).unwrap(), text[..10_000]);
        }
        assert_eq!(read(true, b"", 10, Excess::Refuse), Ok(Vec::new()));
    }

    #[test]
    fn what_is_broken_or_incomplete_is_an_error() {
        let bytes = packed(b"some text that is long enough to be worth it");
        for length in 1..bytes.len() {
            let found = read(true, &bytes[..length], 1000, Excess::Refuse);
            assert_eq!(found, Err(Trouble::Corrupt), "{length} of {}", bytes.len());
        }
        assert_eq!(read(true, b"<html>not packed</html>", 1000, Excess::Refuse), Err(Trouble::Corrupt));
        let followed = [bytes.as_slice(), b"more"].concat();
        assert_eq!(read(true, &followed, 1000, Excess::Refuse), Err(Trouble::Corrupt));
    }

    #[test]
    fn a_bomb_is_stopped_by_its_ratio() {
        let zeros = packed(&vec![0; 4 << 20]);
        assert!(zeros.len() < 5_000);
        assert_eq!(read(true, &zeros, 100 << 20, Excess::Refuse), Err(Trouble::TooLarge));
        // One megabyte may come from anything.
        assert!(read(true, &packed(&vec![0; 1 << 20]), 100 << 20, Excess::Refuse).is_ok());
    }
}
