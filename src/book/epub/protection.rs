//! `META-INF/encryption.xml`: which files are scrambled, and whether that is DRM.
//!
//! Embedded fonts may be obfuscated with a key made from the book's own identifier; that is no DRM
//! and is undone. Anything encrypted with a real key is refused: nothing here breaks protection.

use super::archive::Archive;
use super::path;
use crate::book::markup::Tree;
use crate::book::{Error, charset};
use sha1::{Digest, Sha1};

const IDPF: &str = "http://www.idpf.org/2008/embedding";
const ADOBE: &str = "http://ns.adobe.com/pdf/enc#RC";

/// A font to be freed: its entry in the archive and how it was obfuscated.
pub(super) struct Obfuscated {
    pub(super) entry: usize,
    scheme: Scheme,
}

#[derive(Clone, Copy)]
enum Scheme {
    /// XOR of the first 1,040 bytes with the SHA-1 of the identifier.
    Idpf,
    /// XOR of the first 1,024 bytes with the 16 bytes of the identifier's UUID.
    Adobe,
}

/// The obfuscated fonts, or [`Error::Encrypted`] if the book is under DRM.
///
/// A `rights.xml` alone means nothing; files in the wild carry one without any encryption.
pub(super) fn check(archive: &mut Archive<'_>) -> Result<Vec<Obfuscated>, Error> {
    for licence in ["META-INF/license.lcpl", "META-INF/sinf.xml"] {
        if archive.find(licence).is_some() {
            return Err(Error::Encrypted);
        }
    }
    let Some(bytes) = archive.read_named("META-INF/encryption.xml")? else {
        return Ok(Vec::new());
    };
    let source = charset::decode_markup(&bytes);
    let tree = Tree::parse(&source)?;
    let mut fonts = Vec::new();
    for data in tree.root().descendants().filter(|node| node.is("EncryptedData")) {
        let algorithm = data.find("EncryptionMethod").and_then(|method| method.attribute("Algorithm"));
        let target = data.find("CipherReference").and_then(|cipher| cipher.attribute("URI"));
        let entry = target.and_then(|uri| path::resolve("", &uri)).and_then(|link| archive.find(&link.path));
        let scheme = match algorithm.as_deref() {
            Some(IDPF) => Scheme::Idpf,
            Some(ADOBE) => Scheme::Adobe,
            _ if entry.is_some() => return Err(Error::Encrypted),
            _ => continue,
        };
        fonts.extend(entry.map(|entry| Obfuscated { entry, scheme }));
    }
    Ok(fonts)
}

impl Obfuscated {
    /// Undoes the obfuscation in place, given the book's unique identifier as the package has it.
    pub(super) fn free(&self, font: &mut [u8], identifier: &str) {
        let (key, length) = match self.scheme {
            Scheme::Idpf => {
                let bare: String = identifier.chars().filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n')).collect();
                (Sha1::digest(bare.as_bytes()).to_vec(), 1040)
            }
            Scheme::Adobe => (uuid_bytes(identifier), 1024),
        };
        if key.is_empty() {
            return;
        }
        for (byte, mask) in font.iter_mut().take(length).zip(key.iter().cycle()) {
            *byte ^= mask;
        }
    }
}

/// The 16 bytes of `urn:uuid:…`; empty if it is no UUID.
fn uuid_bytes(identifier: &str) -> Vec<u8> {
    let tail = identifier.trim().rsplit(':').next().unwrap_or_default();
    let digits: Vec<u8> = tail.chars().filter_map(|c| c.to_digit(16)).filter_map(|d| u8::try_from(d).ok()).collect();
    if digits.len() != 32 {
        return Vec::new();
    }
    digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obfuscation_undoes_itself() {
        let original: Vec<u8> = (0..2000u32).map(|n| n as u8).collect();
        for (scheme, length) in [(Scheme::Idpf, 1040), (Scheme::Adobe, 1024)] {
            let font = Obfuscated { entry: 0, scheme };
            let identifier = "urn:uuid:12345678-9abc-def0-1234-56789abcdef0";
            let mut bytes = original.clone();
            font.free(&mut bytes, identifier);
            assert_ne!(bytes[..length], original[..length]);
            assert_eq!(bytes[length..], original[length..]);
            font.free(&mut bytes, identifier);
            assert_eq!(bytes, original);
        }
        assert_eq!(uuid_bytes("urn:uuid:00ff0000-0000-0000-0000-0000000000a1")[1], 255);
        assert!(uuid_bytes("isbn:123").is_empty());
    }
}
