//! The starter library: a few public-domain books, inside the binary, so that a newcomer has something to find.
//! What they are and where they come from stands in `data/starter/README.md`.

use chrono::{DateTime, Utc};

use super::{AddError, Added, Error, Library};
use crate::store::schema::SETTINGS;
use crate::store::{Durability, Write};

/// A file of the folder under its name.
macro_rules! book {
    ($name:literal) => {
        ($name, include_bytes!(concat!("../../data/starter/", $name)).as_slice())
    };
}

/// The books: file name and bytes.
pub const BOOKS: &[(&str, &[u8])] = &[
    book!("红楼梦 - 曹雪芹.txt"),
    book!("水滸傳 - 施耐庵.epub"),
    book!("老残游记 - 刘鹗.txt"),
    book!("孙子兵法 - 孙武.txt"),
    book!("Pride and Prejudice - Jane Austen.epub"),
    book!("The Adventures of Sherlock Holmes - Arthur Conan Doyle.epub"),
    book!("The Importance of Being Earnest - Oscar Wilde.epub"),
];

/// Kept once all books are added: what the owner removes of them must not come back with the next start.
const SETTING: &str = "starter";

/// Adds the starter library, once in the life of a library, and says how many of its books were new.
///
/// # Errors
/// When a book cannot be added; those before it are, and the next call goes on.
pub fn import(library: &Library, now: DateTime<Utc>) -> Result<usize, AddError> {
    let setting = SETTING.to_owned();
    if library.store().get(&SETTINGS, &setting).map_err(Error::from)?.is_some() {
        return Ok(0);
    }
    let mut new = 0;
    for (number, (file_name, bytes)) in BOOKS.iter().enumerate() {
        let added = library.add(file_name, bytes, now)?;
        new += usize::from(!matches!(added, Added::Known(_)));
        log::info!(done = number + 1, of = BOOKS.len(); "starter library");
    }
    let noting = |write: &mut Write<'_>| write.put(&SETTINGS, &setting, &now.to_rfc3339().into());
    library.store().write(Durability::Durable, noting).map_err(Error::from)?;
    Ok(new)
}
