//! The closed list of file formats that people send as e-books.
//!
//! It is deliberately not a statement about what can be read: every format can be kept and handed
//! out again, and [`read`](super::read) says for each book whether its text is known.

use serde::{Deserialize, Serialize};

/// A file format of an e-book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// EPUB 2 or 3.
    Epub,
    /// Kindle KF8 alone.
    Azw3,
    /// Mobipocket, PalmDOC, and files that hold both a Mobipocket and a KF8 half.
    Mobi,
    /// Plain text in any encoding.
    Txt,
    /// One HTML page.
    Html,
    /// Markdown text.
    Markdown,
    /// Portable Document Format.
    Pdf,
    /// Word 2007 and later.
    Docx,
    /// Word 97 to 2003.
    Doc,
    /// Rich Text Format.
    Rtf,
    /// FictionBook 2.
    Fb2,
    /// A ZIP of pictures.
    Cbz,
    /// A RAR of pictures.
    Cbr,
    /// Scanned pages.
    Djvu,
    /// Amazon's KFX container.
    Kfx,
    /// Microsoft compiled help, once common for Chinese books.
    Chm,
}

impl Format {
    /// Every format, the ones asked for most first.
    pub const ALL: [Format; 16] = [
        Format::Epub,
        Format::Azw3,
        Format::Mobi,
        Format::Txt,
        Format::Pdf,
        Format::Html,
        Format::Markdown,
        Format::Docx,
        Format::Doc,
        Format::Rtf,
        Format::Fb2,
        Format::Cbz,
        Format::Cbr,
        Format::Djvu,
        Format::Kfx,
        Format::Chm,
    ];

    /// What can be written: every book whose text is known can be had in these.
    pub const WRITABLE: [Format; 5] = [Format::Epub, Format::Azw3, Format::Mobi, Format::Txt, Format::Html];

    /// Whether books can be written in it.
    pub fn is_writable(self) -> bool {
        Format::WRITABLE.contains(&self)
    }

    /// Whether its text is read, so that a book in it can be had in [`Format::WRITABLE`].
    pub fn is_readable(self) -> bool {
        match self {
            Format::Epub
            | Format::Azw3
            | Format::Mobi
            | Format::Txt
            | Format::Html
            | Format::Markdown
            | Format::Docx
            | Format::Fb2 => true,
            Format::Pdf
            | Format::Doc
            | Format::Rtf
            | Format::Cbz
            | Format::Cbr
            | Format::Djvu
            | Format::Kfx
            | Format::Chm => false,
        }
    }

    /// What people call it, as in `EPUB`.
    pub fn name(self) -> &'static str {
        self.facts().0
    }

    /// The usual file name extension, in lower case and without the dot.
    pub fn extension(self) -> &'static str {
        self.facts().1
    }

    /// The media type to serve and mail it with.
    pub fn mime(self) -> &'static str {
        self.facts().2
    }

    /// The format an extension promises; with or without the dot, in any case.
    pub fn from_extension(extension: &str) -> Option<Format> {
        let wanted = extension.trim().trim_start_matches('.').to_ascii_lowercase();
        let found = Format::ALL.into_iter().find(|format| format.extension() == wanted);
        found.or(match wanted.as_str() {
            "azw" | "prc" | "pdb" => Some(Format::Mobi),
            "text" => Some(Format::Txt),
            "htm" | "xhtml" => Some(Format::Html),
            "markdown" => Some(Format::Markdown),
            "djv" => Some(Format::Djvu),
            _ => None,
        })
    }

    /// The format the end of a file name promises.
    pub fn from_file_name(file_name: &str) -> Option<Format> {
        let (_, extension) = file_name.rsplit_once('.')?;
        Format::from_extension(extension)
    }

    /// Name, extension and media type. One row per format, so that a new one cannot forget any.
    fn facts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Format::Epub => ("EPUB", "epub", "application/epub+zip"),
            Format::Azw3 => ("AZW3", "azw3", "application/vnd.amazon.mobi8-ebook"),
            Format::Mobi => ("MOBI", "mobi", "application/x-mobipocket-ebook"),
            Format::Txt => ("TXT", "txt", "text/plain"),
            Format::Html => ("HTML", "html", "text/html"),
            Format::Markdown => ("Markdown", "md", "text/markdown"),
            Format::Pdf => ("PDF", "pdf", "application/pdf"),
            Format::Docx => ("DOCX", "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            Format::Doc => ("DOC", "doc", "application/msword"),
            Format::Rtf => ("RTF", "rtf", "application/rtf"),
            Format::Fb2 => ("FB2", "fb2", "application/x-fictionbook+xml"),
            Format::Cbz => ("CBZ", "cbz", "application/vnd.comicbook+zip"),
            Format::Cbr => ("CBR", "cbr", "application/vnd.comicbook-rar"),
            Format::Djvu => ("DjVu", "djvu", "image/vnd.djvu"),
            Format::Kfx => ("KFX", "kfx", "application/octet-stream"),
            Format::Chm => ("CHM", "chm", "application/vnd.ms-htmlhelp"),
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_extension_leads_back_to_its_format() {
        for format in Format::ALL {
            assert_eq!(Format::from_extension(format.extension()), Some(format));
            assert_eq!(Format::from_file_name(&format!("书.{}", format.extension())), Some(format));
            assert!(format.mime().contains('/'));
        }
        assert_eq!(Format::from_extension(".AZW"), Some(Format::Mobi));
        assert_eq!(Format::from_extension("exe"), None);
        assert_eq!(Format::from_file_name("没有扩展名"), None);
    }

    #[test]
    fn no_two_formats_share_an_extension() {
        let mut seen: Vec<_> = Format::ALL.iter().map(|format| format.extension()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), Format::ALL.len());
    }
}
