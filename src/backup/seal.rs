//! Encryption with a passphrase, in the format of `age` (age-encryption.org/v1): what is written here, that program
//! opens, also where there is no shutong.
//!
//! The passphrase opens a random key (scrypt), the key encrypts pieces of 64 KiB, each with its number and whether it
//! is the last one (ChaCha20-Poly1305). A piece that was changed, moved or left out does not open. Deliberately not
//! here: public keys; whoever wants them encrypts the file with `age` itself.

use std::io::{self, BufRead, Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use chacha20poly1305::aead::Aead;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
use hkdf::Hkdf;
use hmac::Mac;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::{Error, Result};
use crate::secret::{Secret, keyed_hash};

/// How a sealed file begins.
pub(super) const MAGIC: &[u8] = b"age-encryption.org/v1\n";

/// How it begins where it was written as text, for a letter: none of ours is.
pub(super) const AS_TEXT: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";

/// Bytes in a piece, before they are encrypted.
const PIECE: usize = 64 * 1024;
/// What a piece gets longer by.
const TAG: usize = 16;
/// The work of opening the key, as a power of two: 32 MiB of memory.
const WORK: u8 = 15;
/// A header that asks for more than 256 MiB is none of ours, and would let a stranger choose how much we take.
const MOST_WORK: u8 = 18;
/// Longest line of a header, in bytes.
const LONGEST_LINE: u64 = 200;

/// Encrypts what is written to it. Without [`Sealer::finish`] the file does not open.
pub(super) struct Sealer<W> {
    out: W,
    pieces: Pieces,
    waiting: Vec<u8>,
}

/// Decrypts what is read.
pub(super) struct Opener<R> {
    from: R,
    pieces: Pieces,
    open: Vec<u8>,
    at: usize,
    is_over: bool,
}

/// The cipher and the number of the next piece.
struct Pieces {
    cipher: ChaCha20Poly1305,
    next: u64,
}

impl Pieces {
    fn new(file_key: &[u8; 16], nonce: &[u8; 16]) -> Pieces {
        Pieces { cipher: ChaCha20Poly1305::new(&derived(file_key, Some(nonce), b"payload").into()), next: 0 }
    }

    /// The nonce of the next piece.
    fn nonce(&mut self, is_last: bool) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&self.next.to_be_bytes());
        nonce[11] = u8::from(is_last);
        self.next += 1;
        nonce
    }
}

impl<W: Write> Sealer<W> {
    /// Writes the header.
    pub(super) fn new(mut out: W, passphrase: &Secret) -> Result<Sealer<W>> {
        let (file_key, salt, nonce): ([u8; 16], [u8; 16], [u8; 16]) = (random()?, random()?, random()?);
        let wrapped = ChaCha20Poly1305::new(&wrapping_key(passphrase, &salt, WORK)?.into())
            .encrypt(&[0; 12].into(), file_key.as_slice())
            .map_err(|_| io::Error::other("encryption failed"))?;
        let mut header = MAGIC.to_vec();
        header.extend(format!("-> scrypt {} {WORK}\n{}\n---", BASE64.encode(salt), BASE64.encode(wrapped)).bytes());
        let mac = header_mac(&file_key, &header);
        header.extend(format!(" {}\n", BASE64.encode(mac)).bytes());
        out.write_all(&header)?;
        out.write_all(&nonce)?;
        Ok(Sealer { out, pieces: Pieces::new(&file_key, &nonce), waiting: Vec::with_capacity(PIECE) })
    }

    /// Writes the last piece.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.put(true)?;
        Ok(self.out)
    }

    fn put(&mut self, is_last: bool) -> io::Result<()> {
        let nonce = self.pieces.nonce(is_last);
        let sealed = self.pieces.cipher.encrypt(&nonce.into(), self.waiting.as_slice());
        self.out.write_all(&sealed.map_err(|_| io::Error::other("encryption failed"))?)?;
        self.waiting.clear();
        Ok(())
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full piece waits for more: only then is it known not to be the last.
        if self.waiting.len() == PIECE {
            self.put(false)?;
        }
        let taken = bytes.len().min(PIECE - self.waiting.len());
        self.waiting.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<R: BufRead> Opener<R> {
    /// Reads the header, from its first byte.
    pub(super) fn new(mut from: R, passphrase: &Secret) -> Result<Opener<R>> {
        let damaged = || Error::Damaged("the header of its encryption cannot be read".into());
        let mut header = line(&mut from)?;
        let stanza = line(&mut from)?;
        let words: Vec<&str> = std::str::from_utf8(&stanza).map_err(|_| damaged())?.trim_end().split(' ').collect();
        if matches!(words.as_slice(), ["->", kind, ..] if *kind != "scrypt") {
            let refused = "it is encrypted for a key, not with a passphrase; decrypt it with `age -d` first";
            return Err(Error::Refused(refused.into()));
        }
        let ["->", _, salt, work] = words.as_slice() else { return Err(damaged()) };
        let body = line(&mut from)?;
        let last = line(&mut from)?;
        let salt: [u8; 16] = decoded(salt.as_bytes()).ok_or_else(damaged)?;
        let work: u8 = work.parse().ok().filter(|work| (1..=MOST_WORK).contains(work)).ok_or_else(damaged)?;
        let wrapped: [u8; 32] = decoded(body.strip_suffix(b"\n").ok_or_else(damaged)?).ok_or_else(damaged)?;
        let file_key = ChaCha20Poly1305::new(&wrapping_key(passphrase, &salt, work)?.into())
            .decrypt(&[0; 12].into(), wrapped.as_slice())
            .map_err(|_| Error::Refused("the passphrase is wrong, or the beginning of the file is damaged".into()))?;
        let file_key: [u8; 16] = file_key.try_into().map_err(|_| damaged())?;
        header.extend([stanza, body, b"---".to_vec()].concat());
        let mac = last.strip_prefix(b"--- ").and_then(|mac| mac.strip_suffix(b"\n"));
        let mac: [u8; 32] = mac.and_then(decoded).ok_or_else(damaged)?;
        if !bool::from(mac.ct_eq(&header_mac(&file_key, &header))) {
            return Err(damaged());
        }
        let mut nonce = [0; 16];
        from.read_exact(&mut nonce).map_err(|_| damaged())?;
        let pieces = Pieces::new(&file_key, &nonce);
        Ok(Opener { from, pieces, open: Vec::new(), at: 0, is_over: false })
    }

    fn fill(&mut self) -> io::Result<()> {
        let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let mut sealed = Vec::with_capacity(PIECE + TAG);
        (&mut self.from).take((PIECE + TAG) as u64).read_to_end(&mut sealed)?;
        self.is_over = self.from.fill_buf()?.is_empty();
        let nonce = self.pieces.nonce(self.is_over);
        let open = self.pieces.cipher.decrypt(&nonce.into(), sealed.as_slice());
        self.open = open.map_err(|_| invalid("a piece does not open: it was changed, or the file is cut off"))?;
        self.at = 0;
        Ok(())
    }
}

impl<R: BufRead> Read for Opener<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        while self.at == self.open.len() {
            if self.is_over {
                return Ok(0);
            }
            self.fill()?;
        }
        let taken = bytes.len().min(self.open.len() - self.at);
        bytes[..taken].copy_from_slice(&self.open[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}

fn wrapping_key(passphrase: &Secret, salt: &[u8; 16], work: u8) -> Result<[u8; 32]> {
    let salt = [b"age-encryption.org/v1/scrypt".as_slice(), salt].concat();
    let params = scrypt::Params::new(work, 8, 1).map_err(|error| io::Error::other(error.to_string()))?;
    let mut key = [0; 32];
    scrypt::scrypt(passphrase.expose().as_bytes(), &salt, &params, &mut key)
        .map_err(|error| io::Error::other(error.to_string()))?;
    Ok(key)
}

fn derived(file_key: &[u8; 16], salt: Option<&[u8]>, label: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    // Only a key longer than 8160 bytes cannot be had.
    let _ = Hkdf::<Sha256>::new(salt, file_key).expand(label, &mut key);
    key
}

fn header_mac(file_key: &[u8; 16], header: &[u8]) -> [u8; 32] {
    keyed_hash(&derived(file_key, None, b"header"), header).finalize().into_bytes().into()
}

fn line(from: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut line = Vec::new();
    from.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    Ok(line)
}

fn decoded<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    BASE64.decode(text).ok()?.try_into().ok()
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(bytes: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::new(Vec::new(), &Secret::new("correct horse")).unwrap();
        sealer.write_all(bytes).unwrap();
        sealer.finish().unwrap()
    }

    fn opened(bytes: &[u8], passphrase: &str) -> Result<Vec<u8>> {
        let mut opened = Vec::new();
        Opener::new(bytes, &Secret::new(passphrase))?.read_to_end(&mut opened)?;
        Ok(opened)
    }

    #[test]
    fn comes_back_whatever_its_length() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let bytes: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            let sealed = sealed(&bytes);
            assert!(sealed.starts_with(MAGIC));
            assert_eq!(opened(&sealed, "correct horse").unwrap(), bytes, "{length}");
        }
    }

    #[test]
    fn what_was_changed_cut_off_or_is_not_ours_does_not_open() {
        let whole = sealed(&vec![7; PIECE + 100]);
        assert!(matches!(opened(&whole, "another"), Err(Error::Refused(_))));
        let header = whole.len() - (PIECE + 100 + 2 * TAG + 16);
        // Every byte of the header, and some of each piece.
        for at in (0..header + 20).chain([header + PIECE, whole.len() - 1]) {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            let is_first_line = at < MAGIC.len();
            assert!(is_first_line || opened(&changed, "correct horse").is_err(), "byte {at}");
        }
        for length in [0, 10, header, header + 16, header + 16 + PIECE + TAG, whole.len() - 1] {
            assert!(opened(&whole[..length], "correct horse").is_err(), "{length}");
        }
        assert!(opened(&[whole.as_slice(), b"x"].concat(), "correct horse").is_err());
    }

    #[test]
    fn nobody_chooses_how_much_memory_is_taken() {
        let mut asking = MAGIC.to_vec();
        asking.extend(format!("-> scrypt {} 30\n{}\n--- x\n", "A".repeat(22), "A".repeat(43)).bytes());
        assert!(matches!(opened(&asking, "x"), Err(Error::Damaged(_))));
    }
}
