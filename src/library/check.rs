//! Do records and files belong together?

use std::path::Path;

use super::{Library, Result};
use crate::store::ContentHash;

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// Books looked at.
    pub books: u64,
    /// Files looked at.
    pub files: u64,
    /// One sentence for each thing that is wrong.
    pub damaged: Vec<String>,
}

impl Library {
    /// Looks whether every book has its files: there and of the right size, or, when `deep`, of the right bytes.
    ///
    /// # Errors
    /// When the store fails.
    pub fn check(&self, deep: bool) -> Result<Checked> {
        let mut checked = Checked::default();
        let mut after = None;
        loop {
            let page = self.page(after, 500)?;
            let Some((last, _)) = page.last() else { return Ok(checked) };
            after = Some(*last);
            for (id, book) in &page {
                checked.books += 1;
                for edition in &book.editions {
                    checked.files += 1;
                    let path = self.edition_path(edition);
                    if let Err(wrong) = self.check_file(&path, &edition.hash, edition.bytes, deep) {
                        let (title, file) = (&book.title, &edition.file_name);
                        checked.damaged.push(format!("book {id} {title}: {file} {wrong}; add it again"));
                    }
                }
            }
        }
    }

    fn check_file(&self, path: &Path, hash: &ContentHash, bytes: u64, deep: bool) -> Result<(), &'static str> {
        let found = std::fs::metadata(path).map_err(|_| "is missing")?;
        if found.len() != bytes {
            return Err("has another size");
        }
        if deep && !self.store.files().verify(hash) {
            return Err("has other bytes");
        }
        Ok(())
    }
}
