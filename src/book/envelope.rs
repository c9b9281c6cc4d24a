//! A ZIP around one book, as chat programs and sites send them: `三体.zip` with `三体.txt` inside.
//!
//! Only one level is opened, and only where there is no doubt which file is meant.

use super::epub::archive::Archive;
use super::{Error, Format};

/// The one book in a ZIP, with its name; `None` if there is none or more than one.
pub(super) fn open(bytes: &[u8]) -> Result<Option<(String, Vec<u8>)>, Error> {
    let Ok(mut archive) = Archive::open(bytes) else { return Ok(None) };
    if ["META-INF/container.xml", "word/document.xml", "mimetype"].iter().any(|name| archive.find(name).is_some()) {
        return Ok(None);
    }
    let books: Vec<(usize, String)> = archive
        .names()
        .iter()
        .enumerate()
        .filter(|(_, name)| is_book(name))
        .map(|(at, name)| (at, name.clone()))
        .collect();
    // A text beside a book is a note of the site that it came from.
    let texts = |name: &str| Format::from_file_name(name) == Some(Format::Txt);
    let proper: Vec<&(usize, String)> = books.iter().filter(|(_, name)| !texts(name)).collect();
    let (at, name) = match (books.as_slice(), proper.as_slice()) {
        ([one], _) => one,
        (_, [one]) => *one,
        _ => return Ok(None),
    };
    Ok(archive.read(*at)?.map(|inside| (name.clone(), inside)))
}

/// Whether a name is that of a book, not of a folder or of what a Mac adds.
fn is_book(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    let format = Format::from_file_name(file);
    // A page may have its pictures beside it: that is no envelope.
    let taken = format.is_some_and(|format| format.is_readable() && format != Format::Html || format == Format::Pdf);
    taken && !name.starts_with("__MACOSX/") && !file.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::{ReadOptions, read_with};
    use std::io::Write;

    pub(in crate::book) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("an entry");
            zip.write_all(bytes).expect("its bytes");
        }
        zip.finish().expect("an archive").into_inner()
    }

    #[test]
    fn one_book_inside_is_read() {
        let text = "第一章 起\n他走了。\n第二章 承\n她来了。\n".as_bytes();
        let outer = zip(&[("书/三体.txt", text), ("__MACOSX/三体.txt", b"x")]);
        let book = read_with(&outer, &ReadOptions::default()).expect("a book");
        assert_eq!(book.format(), Format::Txt);
        assert_eq!(book.metadata().title, "三体");
        // Envelopes in envelopes are not opened.
        let nested = zip(&[("a.zip", &outer)]);
        assert!(read_with(&nested, &ReadOptions { file_name: Some("a.zip"), ..ReadOptions::default() }).is_err());
        let two = zip(&[("a.txt", text), ("b.txt", text)]);
        assert!(read_with(&two, &ReadOptions::default()).is_err());
    }

    #[test]
    fn pages_with_pictures_are_a_book() {
        let pages = zip(&[
            (
                "x/index.html",
                b"<title>T</title><p><a href=ch10.html#z>b</a> <a href=ch2.html>a</a><img src=i/a.png>".as_slice(),
            ),
            ("x/ch2.html", b"<h1>Two</h1>"),
            ("x/ch10.html", b"<h1 id=z>Ten</h1>"),
            ("x/i/a.png", b"\x89PNG"),
        ]);
        let book = read_with(&pages, &ReadOptions::default()).expect("a book");
        assert_eq!(book.format(), Format::Html);
        let paths: Vec<&str> = book.chapters().iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, ["x/index.html", "x/ch10.html", "x/ch2.html"]);
        assert!(book.report().is_empty(), "{:?}", book.report());
        let fiction =
            zip(&[("a.fb2", b"<FictionBook><body><section><p>x</p></section></body></FictionBook>".as_slice())]);
        assert_eq!(read_with(&fiction, &ReadOptions::default()).expect("a book").format(), Format::Fb2);
    }
}
