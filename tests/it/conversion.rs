//! Books in other formats: the `convert` command, what the library makes and keeps, and what a book that is made to
//! exhaust a converter costs.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::{Duration, Utc};
use serde_json::Value;
use shutong::book::{self, Format};
use shutong::library::{BookFile, Conversion, Error, Library};
use shutong::store::Store;
use tempfile::TempDir;

use crate::support::binary::Home;
use crate::support::book_builder::BookBuilder;
use crate::support::wechat_sim::SimMode;

const NOVEL: &str =
    "《山庙记》\n作者：某人\n\n第一章 上山\n\n　　从前有座山。\n　　山里有座庙。\n\n第二章 下山\n\n　　庙里没有人。\n";

/// A library of one text.
struct Shelf {
    library: Library,
    _dir: TempDir,
}

impl Shelf {
    fn with(file_name: &str, bytes: &[u8]) -> Shelf {
        let dir = TempDir::new().unwrap();
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let library = Library::open(store, &dir.path().join("index"), chrono_tz::Asia::Shanghai, 0).unwrap();
        library.add(file_name, bytes, Utc::now()).unwrap();
        Shelf { library, _dir: dir }
    }

    fn obtain(&self, file: &str) -> Result<Option<BookFile>, Error> {
        let book = self.library.book(1).unwrap().unwrap();
        self.library.obtain(&book, file, Utc::now())
    }
}

fn read(path: &Path) -> book::Book {
    let name = path.file_name().unwrap().to_str().unwrap();
    book::read(&fs::read(path).unwrap(), Some(name)).unwrap()
}

fn text_of(book: &book::Book) -> String {
    let texts: Vec<String> = book.chapter_texts().map(|(_, text)| text.into_owned()).collect();
    texts.join("\n")
}

#[test]
fn a_text_can_be_had_in_every_format() {
    let shelf = Shelf::with("山庙记.txt", NOVEL.as_bytes());
    for format in Format::WRITABLE {
        let file = shelf.obtain(format.extension()).unwrap().expect("offered");
        assert_eq!(file.format, format);
        let bytes = fs::read(&file.path).unwrap();
        assert_eq!(bytes.len() as u64, file.bytes);
        let book = book::read(&bytes, Some(&file.file_name)).unwrap();
        assert_eq!(book.format(), format);
        assert_eq!(book.metadata().title, "山庙记", "{format}");
        assert_eq!(book.metadata().authors(), ["某人"], "{format}");
        let text = text_of(&book);
        for part in ["从前有座山。", "山里有座庙。", "庙里没有人。"] {
            assert_eq!(text.matches(part).count(), 1, "{format}: {part} in {text}");
        }
        let titles: Vec<&str> = book.toc().iter().map(|entry| entry.title.as_str()).collect();
        assert!(titles.ends_with(&["第一章 上山", "第二章 下山"]), "{format}: {titles:?}");
    }
    assert!(shelf.obtain("pdf").unwrap().is_none());
    assert!(shelf.obtain("epub-2").unwrap().is_none());
}

#[test]
fn a_conversion_is_made_once_and_anew_when_the_book_changes() {
    let shelf = Shelf::with("山庙记.txt", NOVEL.as_bytes());
    let book = shelf.library.book(1).unwrap().unwrap();
    assert_eq!(shelf.library.conversion_of(&book, Format::Epub).unwrap(), Conversion::Possible);
    let first = shelf.obtain("epub").unwrap().unwrap();
    assert_eq!(shelf.library.conversion_of(&book, Format::Epub).unwrap(), Conversion::Made { bytes: first.bytes });
    // Whether it is made again shows when its source is not there any more.
    let source = shelf.obtain("txt").unwrap().unwrap();
    let kept = fs::read(&source.path).unwrap();
    fs::remove_file(&source.path).unwrap();
    assert_eq!(shelf.obtain("epub").unwrap().unwrap().hash, first.hash);
    assert!(shelf.obtain("azw3").is_err());
    fs::write(&source.path, kept).unwrap();
    // A file lost from the disk is made again.
    fs::remove_file(&first.path).unwrap();
    assert_eq!(shelf.obtain("epub").unwrap().unwrap().hash, first.hash, "equal books give equal bytes");
    let mut renamed = book.clone();
    renamed.title = "山中古庙".into();
    let second = shelf.library.obtain(&renamed, "epub", Utc::now()).unwrap().unwrap();
    assert_ne!(second.hash, first.hash);
    assert_eq!(read_bytes(&second).metadata().title, "山中古庙");
}

fn read_bytes(file: &BookFile) -> book::Book {
    book::read(&fs::read(&file.path).unwrap(), Some(&file.file_name)).unwrap()
}

#[test]
fn kindle_books_come_back_with_the_text_they_went_with() {
    let chapter =
        |number: usize| (format!("c{number}x.xhtml"), format!("第{number}节"), format!("这里是第{number}段话。"));
    let book = (3..9)
        .map(chapter)
        .fold(BookBuilder::new("三体"), |book, (name, title, text)| book.chapter(&name, &title, &text));
    let source = book.build();
    let expected = text_of(&book::read(&source, None).unwrap());
    for format in [Format::Azw3, Format::Mobi, Format::Html] {
        let read = book::ReadOptions::default();
        let (corrections, options) = (book::Corrections::default(), book::WriteOptions::default());
        let there = book::convert(&source, &read, &corrections, format, &options).unwrap();
        assert_eq!(text_of(&book::read(&there.bytes, None).unwrap()), expected, "{format}");
    }
}

#[test]
fn two_who_want_the_same_wait_for_one_conversion() {
    let shelf = Shelf::with("山庙记.txt", NOVEL.as_bytes());
    let hashes: Vec<_> = std::thread::scope(|scope| {
        let wanted: Vec<_> = (0..8).map(|_| scope.spawn(|| shelf.obtain("azw3").unwrap().unwrap().hash)).collect();
        wanted.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(hashes.windows(2).all(|two| two[0] == two[1]));
}

#[test]
fn conversions_go_with_their_book_and_with_time() {
    let shelf = Shelf::with("山庙记.txt", NOVEL.as_bytes());
    let made = shelf.obtain("epub").unwrap().unwrap();
    shelf.library.collect_garbage(Utc::now()).unwrap();
    assert!(made.path.exists(), "in use");
    shelf.library.collect_garbage(Utc::now() + Duration::days(91)).unwrap();
    assert!(!made.path.exists(), "old");
    let made = shelf.obtain("epub").unwrap().unwrap();
    shelf.library.remove(1, Utc::now()).unwrap();
    shelf.library.empty_bin(Utc::now() + Duration::days(31)).unwrap();
    shelf.library.collect_garbage(Utc::now()).unwrap();
    assert!(!made.path.exists(), "without a book");
}

#[test]
fn a_format_that_cannot_be_read_offers_no_other() {
    let shelf = Shelf::with("论文.pdf", b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\ntrailer << >>\n%%EOF\n");
    assert!(shelf.obtain("epub").unwrap().is_none());
    assert!(shelf.obtain("pdf").unwrap().is_some());
}

#[test]
fn the_command_converts_files_streams_and_folders() {
    let home = Home::new();
    let epub = BookBuilder::new("三体").build();
    home.file("in.epub", &epub);
    home.done(&["convert", "in.epub", "out.azw3"]);
    let azw3 = home.folder().join("out.azw3");
    assert_eq!(read(&azw3).metadata().title, "三体");
    let report = home.json(&["convert", "out.azw3", "back.epub"]);
    assert!(report["report"].is_object(), "{report}");
    assert_eq!(text_of(&read(&home.folder().join("back.epub"))), text_of(&book::read(&epub, None).unwrap()));
    home.done(&["convert", "in.epub", "named.mobi", "--title", "地球往事", "--author", "刘", "--author", "慈欣"]);
    let named = read(&home.folder().join("named.mobi"));
    assert_eq!((named.metadata().title.as_str(), named.metadata().authors()), ("地球往事", vec!["刘", "慈欣"]));

    let streamed = home.run_with_input(&["convert", "-", "-", "--from", "txt", "--to", "html"], NOVEL);
    assert_eq!(streamed.code, Some(0), "{streamed:?}");
    assert!(streamed.out.contains("从前有座山。"), "{streamed:?}");

    let folder = home.folder().join("books/古典");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("山庙记.txt"), NOVEL).unwrap();
    fs::write(folder.join("山庙记.epub"), &epub).unwrap();
    fs::write(folder.join("坏.epub"), b"PK\x03\x04").unwrap();
    fs::write(folder.join("notes.jpg"), b"x").unwrap();
    let ran = home.run(&["convert", "books", "made", "--to", "azw3", "--json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&document["converted"], &document["failed"]), (&2.into(), &1.into()), "{document}");
    let mut made: Vec<String> = fs::read_dir(home.folder().join("made/古典"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    made.sort();
    assert_eq!(made, ["山庙记 (2).azw3", "山庙记.azw3"]);
}

#[test]
fn what_cannot_be_converted_is_said_with_what_to_do() {
    let home = Home::new();
    home.file("a.epub", &BookBuilder::new("三体").build());
    home.file("cut.epub", b"PK\x03\x04 and nothing more");
    home.file("empty.txt", b"");
    home.file("a.pdf", b"%PDF-1.4\n%%EOF\n");
    for (arguments, code, parts) in [
        (vec!["convert", "a.epub", "a.xyz"], 1, vec!["--to", "azw3"]),
        (vec!["convert", "a.epub", "a.pdf"], 1, vec!["cannot be written", "epub"]),
        (vec!["convert", "nothing.epub", "a.azw3"], 1, vec!["nothing.epub"]),
        (vec!["convert", "cut.epub", "a.azw3"], 1, vec!["cut.epub", "damaged", "--rescue"]),
        (vec!["convert", "empty.txt", "b.epub"], 1, vec!["empty"]),
        (vec!["convert", "a.epub", "a.epub"], 1, vec!["same file"]),
        (vec!["convert", ".", "out"], 1, vec!["--to"]),
        (vec!["convert", "a.epub", "a.azw3", "--for-kindle"], 1, vec!["EPUB only", "leave it out"]),
        (vec!["convert", ".", "out", "--to", "mobi", "--for-kindle"], 1, vec!["EPUB only", "leave it out"]),
        (vec!["convert", "a.epub"], 2, vec!["OUTPUT"]),
        (vec!["convert", "a.epub", "b.epub", "--to", "exe"], 2, vec!["exe"]),
    ] {
        let ran = home.run(&arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {ran:?}");
        for part in parts {
            assert!(ran.err.contains(part), "{arguments:?}: {part} is not in {}", ran.err);
        }
    }
    assert!(!home.folder().join("a.azw3").exists() && !home.folder().join("b.epub").exists());
}

#[test]
fn a_converter_that_takes_too_much_fails_that_book_alone() {
    let home = Home::new();
    let text = "第一章 长\n".to_owned() + &"这是一段很长的话。\n".repeat(400_000);
    home.file("long.txt", text.as_bytes());
    let ran = home.run(&["convert", "long.txt", "long.epub", "--memory", "60"]);
    assert_ne!(ran.code, Some(0), "{ran:?}");
    assert!(!home.folder().join("long.epub").exists());
    home.done(&["convert", "long.txt", "long.epub", "--memory", "2000"]);
}

#[tokio::test]
async fn the_service_hands_out_a_format_that_was_not_there() {
    let home = Home::with_account(SimMode::Plain);
    home.file("山庙记.txt", NOVEL.as_bytes());
    home.file("长.txt", ("第一章 长\n".to_owned() + &"这是一段很长的话。\n".repeat(400_000)).as_bytes());
    home.done(&["book", "add", "山庙记.txt", "长.txt"]);
    let mut service = home.serve(&[]);
    let sim = service.sim(SimMode::Plain);
    let answer = sim.say("o_reader", "山庙记 azw3").await;
    let card = answer.expect_text();
    let link = card.split('"').find(|part| part.contains("/dl/1/azw3?")).unwrap_or_else(|| panic!("no link in {card}"));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(link.replace("&amp;", "&")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let named = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(named.contains(".azw3"), "{named}");
    let bytes = answer.bytes().await.unwrap();
    assert_eq!(book::read(&bytes, None).unwrap().metadata().title, "山庙记");
    assert!(service.is_alive());
    service.stop();
}
