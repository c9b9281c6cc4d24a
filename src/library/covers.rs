//! Pictures of books: taken from the file when it is added, drawn from the title when there is none.

use super::{Library, Result};
use crate::book::{Book, cover};
use crate::store::records::{BookId, BookRecord, Cover};
use crate::store::{self, Files};

/// Widest and highest a thumbnail is, in pixels.
const THUMBNAIL: (u32, u32) = (180, 240);

/// Which picture of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoverSize {
    /// At most 600 × 800.
    Full,
    /// At most 180 × 240, for lists.
    Thumbnail,
}

/// A picture, ready to be sent.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The file.
    pub bytes: Vec<u8>,
    /// `image/jpeg` or `image/png`.
    pub mime: String,
}

impl Library {
    /// The picture of a book; there always is one if there is the book.
    ///
    /// # Errors
    /// When the store fails.
    pub fn cover(&self, id: BookId, size: CoverSize) -> Result<Option<Picture>> {
        let Some((_, book)) = self.shown(id)? else { return Ok(None) };
        if let Some(cover) = &book.cover {
            let hash = match size {
                CoverSize::Full => &cover.picture,
                CoverSize::Thumbnail => &cover.thumbnail,
            };
            if let Ok(bytes) = self.store.files().read(hash) {
                return Ok(Some(Picture { bytes, mime: cover.mime.clone() }));
            }
        }
        let drawn = cover::draw(&book.title, &names(&book));
        let picture = match size {
            CoverSize::Full => drawn,
            CoverSize::Thumbnail => cover::thumbnail(&drawn, THUMBNAIL.0, THUMBNAIL.1),
        };
        Ok(Some(Picture { bytes: picture.bytes, mime: picture.mime.to_string() }))
    }
}

/// Keeps both sizes of a book's picture.
pub(super) fn keep(files: &Files, book: &Book, record: &BookRecord) -> Result<Cover, store::Error> {
    let extracted = cover::own(book);
    let drawn = extracted.is_none();
    let picture = extracted.unwrap_or_else(|| cover::draw(&record.title, &names(record)));
    let thumbnail = cover::thumbnail(&picture, THUMBNAIL.0, THUMBNAIL.1);
    Ok(Cover {
        picture: files.put(&picture.bytes)?,
        thumbnail: files.put(&thumbnail.bytes)?,
        mime: picture.mime.to_string(),
        drawn,
    })
}

fn names(book: &BookRecord) -> Vec<&str> {
    book.authors.iter().map(String::as_str).collect()
}
