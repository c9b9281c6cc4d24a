//! Mail addresses as they are stored: a name that is always the same and tells nothing, and a text that only this
//! program's key opens. A copy of the database alone names no follower's mailbox.
//!
//! The key is in a file of its own, not in the database. Encryption is deterministic (the construction of SIV, RFC 5297,
//! with HMAC-SHA256 and AES-256-CBC): equal addresses give equal texts, so that they can be compared as they are, and a
//! text that was changed does not open. That somebody has the same address twice may be seen; which it is, may not.
//!
//! Also here: what was stored before there was a key, sealed at the next start.

use aes::{Aes256Dec, Aes256Enc};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{Block, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use hmac::Mac;
use subtle::ConstantTimeEq;

use super::Kindle;
use crate::secret::keyed_hash;
use crate::store::records::{AddressRecord, DeliveryRecord};
use crate::store::schema::{ADDRESSES, DELIVERIES, DELIVERY_NEWS, DELIVERY_QUEUE, FOLLOWER_OF_ADDRESS};
use crate::store::{self, Durability, Write};

/// Rows in one step of a scan.
const PAGE: usize = 500;
/// Bytes of a name, which are also where the encryption starts from.
const NAME: usize = 16;
/// Bytes of a block of the cipher.
const BLOCK: usize = 16;

/// How the addresses of a store stand that were closed before this start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    /// They open with the key.
    pub readable: usize,
    /// They were closed with another key.
    pub unreadable: usize,
}

/// Closes and opens addresses.
pub(super) struct Seal {
    of_names: [u8; 32],
    encrypting: Aes256Enc,
    decrypting: Aes256Dec,
}

impl Seal {
    /// With a random key, always the same.
    pub(super) fn new(key: &[u8; 32]) -> Seal {
        let part = |what: &str| -> [u8; 32] { keyed_hash(key, what.as_bytes()).finalize().into_bytes().into() };
        let of_texts = part("texts of addresses").into();
        Seal {
            of_names: part("names of addresses"),
            encrypting: Aes256Enc::new(&of_texts),
            decrypting: Aes256Dec::new(&of_texts),
        }
    }

    /// What an address is called in keys.
    pub(super) fn name(&self, address: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.start(address.as_bytes()))
    }

    /// The address closed: its name, and behind it what it says.
    pub(super) fn close(&self, address: &str) -> String {
        let start = self.start(address.as_bytes());
        let mut text = address.as_bytes().to_vec();
        let padding = BLOCK - text.len() % BLOCK;
        text.resize(text.len() + padding, padding as u8);
        let (blocks, _none_left) = Block::<Aes256Enc>::slice_as_chunks_mut(&mut text);
        cbc::Encryptor::inner_iv_init(self.encrypting.clone(), &start.into()).encrypt_blocks(blocks);
        format!("{}.{}", URL_SAFE_NO_PAD.encode(start), URL_SAFE_NO_PAD.encode(text))
    }

    /// The address that was closed; `None` if it was with another key, or has been changed.
    pub(super) fn open(&self, closed: &str) -> Option<String> {
        let (start, text) = closed.split_once('.')?;
        let start: [u8; NAME] = URL_SAFE_NO_PAD.decode(start).ok()?.try_into().ok()?;
        let mut text = URL_SAFE_NO_PAD.decode(text).ok()?;
        let decryptor = cbc::Decryptor::inner_iv_init(self.decrypting.clone(), &start.into());
        let address = decryptor.decrypt_padded::<Pkcs7>(&mut text).ok()?;
        let is_ours = bool::from(self.start(address).ct_eq(&start));
        String::from_utf8(address.to_vec()).ok().filter(|_| is_ours)
    }

    fn start(&self, address: &[u8]) -> [u8; NAME] {
        let hash: [u8; 32] = keyed_hash(&self.of_names, address).finalize().into_bytes().into();
        std::array::from_fn(|at| hash[at])
    }
}

/// What a closed address is called in keys.
pub(super) fn name_of(closed: &str) -> &str {
    closed.split_once('.').map_or(closed, |(name, _)| name)
}

/// Whether it was stored before addresses were closed.
fn is_plain(text: &str) -> bool {
    text.contains('@')
}

impl Kindle {
    /// A delivery as people may see it: with its address. One that does not open is shown as nobody's.
    pub(super) fn opened(&self, row: DeliveryRecord) -> DeliveryRecord {
        let address = self.seal.open(&row.address).unwrap_or_default();
        DeliveryRecord { address, ..row }
    }

    /// Closes every address that was stored in clear, and says how many open with this key and how many do not. It may
    /// be killed at any line; the next start goes on.
    ///
    /// # Errors
    /// When the store fails.
    pub fn seal_addresses(&self) -> store::Result<Sealed> {
        // Always: an older export that was brought in may have some, and what is kept of a month is read fast.
        self.seal_deliveries()?;
        let (mut sealed, mut after) = (Sealed::default(), None);
        loop {
            let page: Vec<((String, String), AddressRecord)> = self.store.page(&ADDRESSES, after.as_ref(), PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            let (plain, closed): (Vec<_>, Vec<_>) = page.into_iter().partition(|((_, address), _)| is_plain(address));
            let unreadable = closed.iter().filter(|(_, record)| self.seal.open(&record.address).is_none()).count();
            sealed.unreadable += unreadable;
            sealed.readable += closed.len() - unreadable;
            if plain.is_empty() {
                continue;
            }
            self.store.write(Durability::Durable, |write| {
                plain.iter().try_for_each(|(key, _)| self.seal_address(write, key))
            })?;
        }
        Ok(sealed)
    }

    fn seal_address(&self, write: &mut Write<'_>, key: &(String, String)) -> store::Result<()> {
        let (follower, address) = key;
        let Some(record) = write.get::<_, AddressRecord>(&ADDRESSES, key)? else { return Ok(()) };
        let name = self.seal.name(address);
        if let Some(owner) = write.get(&FOLLOWER_OF_ADDRESS, address)? {
            write.delete(&FOLLOWER_OF_ADDRESS, address);
            write.put(&FOLLOWER_OF_ADDRESS, &name, &owner)?;
        }
        write.delete(&ADDRESSES, key);
        let record = AddressRecord { address: self.seal.close(address), ..record };
        write.put(&ADDRESSES, &(follower.clone(), name), &record)
    }

    fn seal_deliveries(&self) -> store::Result<()> {
        let mut after = None;
        loop {
            let page: Vec<((String, String), DeliveryRecord)> = self.store.page(&DELIVERIES, after.as_ref(), PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(last.clone());
            let plain: Vec<_> = page.iter().filter(|(_, row)| is_plain(&row.address)).map(|(key, _)| key).collect();
            if plain.is_empty() {
                continue;
            }
            self.store
                .write(Durability::Durable, |write| plain.iter().try_for_each(|key| self.seal_delivery(write, key)))?;
        }
    }

    fn seal_delivery(&self, write: &mut Write<'_>, key: &(String, String)) -> store::Result<()> {
        let Some(row) = write.get::<_, DeliveryRecord>(&DELIVERIES, key)? else { return Ok(()) };
        let what = key.1.strip_suffix(&row.address).unwrap_or(&key.1);
        let sealed = (key.0.clone(), format!("{what}{}", self.seal.name(&row.address)));
        write.delete(&DELIVERIES, key);
        if write.get(&DELIVERY_QUEUE, &row.number)?.as_ref() == Some(key) {
            write.put(&DELIVERY_QUEUE, &row.number, &sealed)?;
        }
        if write.get(&DELIVERY_NEWS, key)?.is_some() {
            write.delete(&DELIVERY_NEWS, key);
            write.put(&DELIVERY_NEWS, &sealed, &())?;
        }
        let row = DeliveryRecord { address: self.seal.close(&row.address), ..row };
        write.put(&DELIVERIES, &sealed, &row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_opens_with_the_same_key_only_and_unchanged_only() {
        let (ours, other) = (Seal::new(&[7; 32]), Seal::new(&[8; 32]));
        for address in ["a@b.cn", "zhangsan@kindle.com", "exactly16@qq.com", &"x".repeat(254)] {
            let closed = ours.close(address);
            assert_eq!(ours.open(&closed).as_deref(), Some(address));
            assert_eq!((closed.clone(), name_of(&closed)), (ours.close(address), ours.name(address).as_str()));
            assert_eq!(other.open(&closed), None);
            assert_ne!(other.name(address), ours.name(address));
            assert!(!closed.contains(['@', '/']), "{closed}");
            for at in 0..closed.len() {
                let mut changed = closed.clone().into_bytes();
                changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
                let changed = String::from_utf8(changed).unwrap();
                assert!(changed == closed || ours.open(&changed).is_none(), "{at}: {changed}");
            }
        }
        for text in ["", ".", "a@b.cn", "AAAA.AAAA"] {
            assert_eq!(ours.open(text), None, "{text}");
        }
    }
}
