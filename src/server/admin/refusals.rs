//! Why the library does not take a file or a change, and the crawler not a source, in the words of the page. The rooms
//! say it in English, for the command line and the log. What a file's own details add (in brackets) stays as the reader
//! of books says it.

use super::words::Words;
use crate::book;
use crate::crawler;
use crate::library::catalogue::RowFault;
use crate::library::{AddError, Error, Refused};
use crate::store::records::BookField;

impl Words {
    /// Why a change of books was not done.
    pub(super) fn undone(&self, error: &Error) -> String {
        match error {
            Error::NoSuchBook(id) => self.with("library.no_book", "id", id),
            Error::Refused(why) => self.refused(why),
            Error::Unconvertible(why) => self.with("library.unconvertible", "why", why),
            Error::Busy => self.get("library.busy").to_owned(),
            Error::Store(_) | Error::Index(_) => self.get("refused.failed").to_owned(),
        }
    }

    /// Why a file did not become a book.
    pub(super) fn not_added(&self, error: &AddError) -> String {
        match error {
            AddError::Book(book::Error::Malformed(why)) => self.with("library.malformed", "why", why),
            AddError::Book(book::Error::Encrypted) => self.get("library.encrypted").to_owned(),
            AddError::Book(book::Error::Unknown) => self.get("library.unknown").to_owned(),
            AddError::Book(book::Error::Unsupported(why)) => self.with("library.unsupported", "why", why),
            AddError::Empty => self.get("library.empty").to_owned(),
            AddError::Refused(why) => self.refused(why),
            AddError::Library(error) => self.undone(error),
        }
    }

    /// Why a row of a catalogue could not be used.
    pub(super) fn unused_row(&self, fault: &RowFault) -> String {
        match fault {
            RowFault::NoTitle => self.get("library.no_title").to_owned(),
            RowFault::NotUtf8 => self.get("library.not_utf8").to_owned(),
            RowFault::Popularity(text) => self.with("library.popularity", "text", text),
            RowFault::PathFromAfar => self.get("library.path_from_afar").to_owned(),
            RowFault::Refused(why) => self.refused(why),
            RowFault::File { .. } => fault.to_string(),
            RowFault::Unreadable(why) => self.with("library.table", "why", why),
        }
    }

    fn refused(&self, why: &Refused) -> String {
        let plain = |key: &'static str| self.get(key).to_owned();
        match why {
            Refused::PartOf { book, kept } => {
                self.with("library.part_of", "id", book).replace("{kept}", &kept.to_string())
            }
            Refused::NotShown(book) => self.with("library.not_shown", "id", book),
            Refused::WithItself(_) => plain("library.with_itself"),
            Refused::NoSuchMerge(number) => self.with("library.no_merge", "n", number),
            Refused::MergedLater => plain("library.merged_later"),
            Refused::NotOneWork => plain("library.not_one_work"),
            Refused::NoSuchFile(_) => plain("library.no_such_file"),
            Refused::OnlyFile => plain("library.only_file"),
            Refused::NotInBin(book) => self.with("library.not_in_bin", "id", book),
            Refused::NoFile(book) => self.with("library.no_file", "id", book),
            Refused::NoSuchRequest => plain("library.no_request"),
            Refused::NoTitle => plain("library.no_title"),
            Refused::TooLong { field, most, length } => {
                let says = self.with("library.too_long", "most", most).replace("{length}", &length.to_string());
                says.replace("{field}", self.field_of_book(*field))
            }
            Refused::TooMany { field, most } => {
                self.with("library.too_many", "most", most).replace("{field}", self.field_of_book(*field))
            }
            Refused::NoLanguage(text) => self.with("library.no_language", "text", text),
            Refused::NoIsbn(text) => self.with("library.no_isbn", "text", text),
            Refused::TakenDown { reason, key } => {
                self.with("library.taken_down", "key", key).replace("{reason}", reason)
            }
            Refused::NoReason => plain("library.no_reason"),
            Refused::NotTakenDown(key) => self.with("library.not_taken_down", "key", key),
            Refused::NoPicture => plain("library.no_picture"),
            Refused::NoOwnPicture => plain("library.no_own_picture"),
            Refused::NoTitleColumn => plain("library.no_title_column"),
            Refused::Table(why) => self.with("library.table", "why", why),
        }
    }

    /// Why a source cannot be as it was wanted.
    pub(super) fn refused_source(&self, why: &crawler::Refused) -> String {
        match why {
            crawler::Refused::NoName { name, most } => {
                self.with("source.no_name", "most", most).replace("{name}", name)
            }
            crawler::Refused::Taken(name) => self.with("source.taken", "name", name),
            crawler::Refused::Full(most) => self.with("source.full", "n", most),
            crawler::Refused::NoRights => self.get("source.no_rights").to_owned(),
            crawler::Refused::NoAddress(text) => self.with("source.no_address", "text", text),
            crawler::Refused::OutOfReach { url, why } => {
                self.with("source.out_of_reach", "url", url).replace("{why}", why)
            }
            crawler::Refused::NoNetwork(text) => self.with("source.no_network", "text", text),
            crawler::Refused::NoSchedule { text, .. } => self.with("source.no_schedule", "text", text),
            crawler::Refused::Nothing => self.get("source.fetches_nothing").to_owned(),
            crawler::Refused::NoNumber(text) => self.with("source.no_number", "text", text),
            crawler::Refused::NoFormat(text) => self.with("source.no_format", "text", text),
            crawler::Refused::NeedsRules => self.get("source.needs_rules").to_owned(),
            crawler::Refused::Said(why) => why.clone(),
        }
    }

    fn field_of_book(&self, field: BookField) -> &str {
        self.get(match field {
            BookField::Title => "edit.name",
            BookField::Aliases => "book.aliases",
            BookField::Authors => "edit.authors",
            BookField::Language => "book.language",
            BookField::Series => "book.series",
            BookField::Subjects => "edit.subjects",
            BookField::Publisher => "book.publisher",
            BookField::Published => "book.published",
            BookField::Description => "edit.description",
            BookField::Isbns => "library.isbn",
            BookField::Cover => "library.cover",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Language;

    #[track_caller]
    fn check(error: &Error, zh: &str, en: &str) {
        assert_eq!(Words::of(Language::Zh).unwrap().undone(error), zh);
        assert_eq!(Words::of(Language::En).unwrap().undone(error), en);
    }

    #[test]
    fn a_refusal_is_said_in_the_language_of_the_page_with_all_that_it_names() {
        let long = Refused::TooLong { field: BookField::Authors, most: 100, length: 130 };
        check(&long.into(), "“作者”最多 100 个字，现在有 130 个。", "Authors: at most 100 characters, this has 130.");
        let down = Refused::TakenDown { reason: "权利人来信 {key}".into(), key: "7".into() };
        let zh = "这本书已永久下架（权利人来信 {key}）；在命令行运行 shutong book lift 7 才能重新收录。";
        let en =
            "The book was taken down (权利人来信 {key}); shutong book lift 7 on the command line lets it in again.";
        check(&down.into(), zh, en);
        let part = Refused::PartOf { book: 3, kept: 9 };
        check(&part.into(), "第 3 号书已并入第 9 号，请改第 9 号。", "Book 3 is part of book 9 now; change book 9.");
    }

    #[test]
    fn a_file_that_is_no_book_hears_what_is() {
        let words = Words::of(Language::Zh).unwrap();
        let unknown = words.not_added(&book::Error::Unknown.into());
        assert_eq!(unknown, "这不是认得的电子书格式；请用 EPUB、TXT、MOBI、AZW3 或 PDF。");
        assert_eq!(words.not_added(&AddError::Empty), "文件是空的。");
    }
}
