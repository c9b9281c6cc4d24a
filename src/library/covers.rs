//! Pictures of books: taken from the file when it is added, drawn from the title when there is none and somebody wants
//! to see it. To draw one takes longer than to add the book.

use super::{Error, Library, Refused, Result, shelf};
use crate::book::cover::{self, Sizes};
use crate::book::{self, Book};
use crate::store::records::{BookField, BookId, BookRecord, Cover, Edition};
use crate::store::schema::BOOKS;
use crate::store::{self, Durability, Files};

/// Widest and highest a thumbnail is, in pixels.
pub(super) const THUMBNAIL: (u32, u32) = (180, 240);

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
    /// The picture of a book; there always is one if there is the book. One that is drawn is kept for the next time.
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
        let drawn = cover::drawn(&book.title, &names(&book), THUMBNAIL);
        if book.cover.is_none()
            && !book.editions.is_empty()
            && let Err(error) = self.keep_drawn(id, &book, &drawn)
        {
            // It can be shown all the same.
            log::warn!(book = id; "the drawn cover cannot be kept: {error}");
        }
        let picture = match size {
            CoverSize::Full => drawn.picture,
            CoverSize::Thumbnail => drawn.thumbnail,
        };
        Ok(Some(Picture { bytes: picture.bytes, mime: picture.mime.to_string() }))
    }

    /// Keeps a cover that was drawn of this book, unless the book is another one by now.
    fn keep_drawn(&self, id: BookId, book: &BookRecord, drawn: &Sizes) -> Result<()> {
        let _no_garbage_is_collected = self.adding.read();
        let cover = put(self.store.files(), drawn, true)?;
        self.store.write(Durability::Soon, |write| {
            let is_same = |found: &BookRecord| {
                found.cover.is_none() && (&found.title, &found.authors) == (&book.title, &book.authors)
            };
            let Some(before) = write.get(&BOOKS, &id)?.filter(is_same) else { return Ok(()) };
            let after = BookRecord { cover: Some(cover), ..before.clone() };
            Ok(shelf::put(write, id, Some(&before), &after)?)
        })
    }
}

/// What a book is to show.
#[derive(Clone, Copy, Debug)]
pub enum CoverChoice<'a> {
    /// This picture: JPEG, PNG, WebP or another format that books have pictures in. It stays whatever files come.
    Picture(&'a [u8]),
    /// The one of its files, the first that has one.
    Own,
    /// One that is drawn from the title, also if its files have one.
    Drawn,
}

impl Library {
    /// Gives a book another picture. What is made of its files has it, too.
    ///
    /// # Errors
    /// When there is no such book, when there is no usable picture, or the store fails.
    pub fn set_cover(&self, id: BookId, choice: CoverChoice<'_>) -> Result<()> {
        let _no_garbage_is_collected = self.adding.read();
        let book = self.book(id)?.ok_or(Error::NoSuchBook(id))?;
        let sizes = match choice {
            CoverChoice::Drawn => None,
            CoverChoice::Picture(bytes) => Some(cover::of_picture(bytes, THUMBNAIL).ok_or(Refused::NoPicture)?),
            CoverChoice::Own => {
                let own = book.editions.iter().find_map(|edition| self.own_sizes(edition));
                Some(own.ok_or(Refused::NoOwnPicture)?)
            }
        };
        // None is drawn by whoever first wants to see it.
        let cover = sizes.map(|sizes| put(self.store.files(), &sizes, false)).transpose()?;
        self.change(id, |book| {
            book.cover = cover;
            book.edited.retain(|field| *field != BookField::Cover);
            if !matches!(choice, CoverChoice::Own) {
                book.edited.push(BookField::Cover);
            }
            Ok(())
        })
    }

    /// The picture in a file. One that cannot be read has none.
    fn own_sizes(&self, edition: &Edition) -> Option<Sizes> {
        let bytes = self.store.files().read(&edition.hash).ok()?;
        let book = book::read(&bytes, Some(&edition.file_name)).ok()?;
        cover::own_sizes(&book, THUMBNAIL)
    }
}

/// Whether the owner has chosen the picture, so that it stands in the place of the files' own.
pub(super) fn is_chosen(book: &BookRecord) -> bool {
    book.is_edited(BookField::Cover)
}

/// What a book without a picture of its own shows, as a file.
pub(super) fn drawing(book: &BookRecord) -> Vec<u8> {
    cover::draw(&book.title, &names(book)).bytes
}

/// Keeps both sizes of a book's picture: the file's own, else the one that came with it.
pub(super) fn keep(
    files: &Files,
    book: &Book,
    came_with_it: impl FnOnce() -> Option<Sizes>,
) -> Result<Option<Cover>, store::Error> {
    let given = cover::own_sizes(book, THUMBNAIL).or_else(came_with_it);
    given.map(|sizes| put(files, &sizes, false)).transpose()
}

fn put(files: &Files, sizes: &Sizes, drawn: bool) -> Result<Cover, store::Error> {
    Ok(Cover {
        picture: files.put(&sizes.picture.bytes)?,
        thumbnail: files.put(&sizes.thumbnail.bytes)?,
        mime: sizes.picture.mime.to_string(),
        drawn,
    })
}

fn names(book: &BookRecord) -> Vec<&str> {
    book.authors.iter().map(String::as_str).collect()
}
