//! What the owner says of books: it wins over files, sources and catalogues; covers; books that may be one; lists of
//! all books, filtered and sorted.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use shutong::book::Format;
use shutong::library::catalogue::RowFault;
use shutong::library::{
    Added, CoverChoice, CoverSize, Edit, Error, Filter, Found, Lack, Library, Listed, Sort, Told, requests,
};
use shutong::store::records::{BookField, BookId, BookRecord, Provenance};
use shutong::store::schema::NOTICES;
use shutong::store::{ContentHash, Durability, Store};
use tempfile::TempDir;

use crate::support::book_builder::{BookBuilder, png};
use crate::support::clock::ManualClock;

struct Shelf {
    library: Library,
    _dir: TempDir,
}

impl Shelf {
    fn new() -> Shelf {
        let dir = TempDir::new().unwrap();
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let library = Library::open(store, &dir.path().join("index"), chrono_tz::Asia::Shanghai, 0).unwrap();
        Shelf { library, _dir: dir }
    }

    #[track_caller]
    fn add(&self, name: &str, bytes: &[u8]) -> BookId {
        self.library.add(name, bytes, now()).unwrap().id()
    }

    fn book(&self, id: BookId) -> BookRecord {
        self.library.book(id).unwrap().unwrap()
    }

    fn import(&self, table: &str, folder: Option<&Path>) -> shutong::library::catalogue::Imported {
        self.library.import(table.as_bytes(), true, folder, now(), |_| {}).unwrap()
    }

    fn list(&self, filter: Filter, sort: Sort) -> Vec<BookId> {
        let Listed { ids, total } = self.library.list(&filter, sort, 0, 100).unwrap();
        assert_eq!(ids.len(), total);
        ids
    }
}

fn now() -> DateTime<Utc> {
    ManualClock::new().now()
}

fn text(title: &str, author: &str, chapters: usize) -> Vec<u8> {
    let chapters: String = (1..=chapters).map(|n| format!("第{n}章 开端\n\n从前有座山，山里有座庙。\n\n")).collect();
    format!("《{title}》\n作者：{author}\n\n{chapters}").into_bytes()
}

fn titled(title: &str) -> Edit {
    Edit { title: Some(title.into()), ..Edit::default() }
}

#[test]
fn the_owner_wins_over_files_sources_and_catalogues() {
    let shelf = Shelf::new();
    let first = text("三体", "某人", 1);
    let id = shelf.add("三体.txt", &first);
    let edit = Edit {
        title: Some("三体（典藏）".into()),
        authors: Some(vec!["刘慈欣".into()]),
        language: Some("zh-TW".into()),
        description: Some("我的简介".into()),
        ..Edit::default()
    };
    shelf.library.edit(id, &edit).unwrap();
    shelf.library.index_changes().unwrap();
    assert_eq!(shelf.library.find("刘慈欣").unwrap().books, [id], "the index follows");
    assert!(shelf.library.find("某人").unwrap().books.is_empty());
    let said = shelf.book(id);

    assert_eq!(shelf.library.add("三体.txt", &first, now()).unwrap(), Added::Known(id));
    assert_eq!(shelf.book(id), said, "the same file says nothing new");
    let (old, second) = (ContentHash::of(&first), text("三体", "某人", 2));
    let found = Found {
        file_name: "三体.txt",
        bytes: &second,
        told: Told { description: Some("来源的简介".into()), language: Some("en".into()), ..Told::default() },
        cover: None,
        origin: Provenance { source: "书源".into(), url: "https://example.org/1".into(), ..Provenance::default() },
        supersedes: Some(&old),
        is_incomplete: false,
    };
    assert_eq!(shelf.library.add_found(found, now()).unwrap(), Added::Updated(id));
    let grown = shelf.book(id);
    assert_eq!(
        (&grown.title, &grown.authors, &grown.language, &grown.description, grown.editions.len()),
        (&said.title, &said.authors, &said.language, &said.description, 1)
    );
    shelf.import("id\ttitle\tauthor\tlanguage\n7\t三体（典藏）\t刘慈欣\ten\n", None);
    let listed = shelf.book(id);
    assert_eq!((listed.uid.as_deref(), listed.language.as_deref()), (Some("7"), Some("zh-TW")));
}

#[test]
fn a_title_that_is_waited_for_is_told_of() {
    let shelf = Shelf::new();
    let store = shelf.library.store();
    store.write(Durability::Durable, |write| requests::add(write, "gzh", "o1", "红楼梦", None, now())).unwrap();
    let id = shelf.add("x.txt", &text("石头记", "曹雪芹", 1));
    assert_eq!(shelf.library.requests(9).unwrap().len(), 1);
    shelf.library.edit(id, &Edit { aliases: Some(vec!["红楼梦".into()]), ..Edit::default() }).unwrap();
    assert!(shelf.library.requests(9).unwrap().is_empty());
    assert_eq!(store.under(&NOTICES, "gzh/o1", 9).unwrap().len(), 1);

    for (who, what) in [("o1", "西游记"), ("o2", "西游记"), ("o1", "水浒传")] {
        store.write(Durability::Durable, |write| requests::add(write, "gzh", who, what, None, now())).unwrap();
    }
    let open = shelf.library.requests(9).unwrap();
    assert_eq!((open[0].1.text.as_str(), open[0].1.count), ("西游记", 2));
    assert!(matches!(shelf.library.answer_request(&open[0].0, 99), Err(Error::NoSuchBook(99))));
    shelf.library.answer_request(&open[0].0, id).unwrap();
    assert!(shelf.library.answer_request(&open[0].0, id).is_err(), "it is not open any more");
    shelf.library.decline_request(&open[1].0).unwrap();
    assert_eq!(store.under(&NOTICES, "gzh/o2", 9).unwrap().len(), 1);
    assert_eq!((store.under(&NOTICES, "gzh/o1", 9).unwrap().len(), shelf.library.counts().unwrap().requests), (2, 0));
}

#[test]
fn a_cover_is_the_owners_until_the_owner_takes_that_of_the_file() {
    let shelf = Shelf::new();
    let id = shelf.add("红楼梦.epub", &BookBuilder::new("红楼梦").build());
    let before = shelf.library.cover(id, CoverSize::Full).unwrap().unwrap().bytes;
    let refusal = shelf.library.set_cover(id, CoverChoice::Picture(b"GIF89a no picture")).unwrap_err();
    assert!(refusal.to_string().contains("JPEG, PNG or WebP"), "{refusal}");
    assert!(matches!(shelf.library.set_cover(id, CoverChoice::Own), Err(Error::Refused(_))), "the file has none");
    shelf.library.set_cover(id, CoverChoice::Picture(&png(300, 400))).unwrap();
    let book = shelf.book(id);
    assert!(book.is_edited(BookField::Cover) && book.cover.as_ref().is_some_and(|cover| !cover.drawn));
    assert_ne!(shelf.library.cover(id, CoverSize::Full).unwrap().unwrap().bytes, before);
    shelf.library.edit(id, &titled("石头记")).unwrap();
    assert_eq!(shelf.book(id).cover, book.cover, "a new title changes no picture");

    let made = shelf.library.obtain(&shelf.book(id), "azw3", now()).unwrap().unwrap();
    let made = shutong::book::read(&std::fs::read(made.path).unwrap(), None).unwrap();
    assert_eq!(made.metadata().title, "石头记", "what is made carries what is said");
    assert!(shutong::book::cover::own(&made).is_some());
    shelf.library.set_cover(id, CoverChoice::Drawn).unwrap();
    assert!(shelf.library.cover(id, CoverSize::Full).unwrap().is_some());
    assert!(shelf.book(id).cover.is_some_and(|cover| cover.drawn));
    shelf.library.edit(id, &titled("红楼梦")).unwrap();
    assert!(shelf.book(id).cover.is_none(), "it is drawn anew with the title that it shows");
    assert_eq!(
        shelf.library.collect_garbage(now()).unwrap(),
        6,
        "two sizes of two covers, and what was made with them"
    );
}

#[test]
fn a_file_that_is_taken_out_can_be_had_back() {
    let shelf = Shelf::new();
    let id = shelf.add("三体.txt", &text("三体", "某人", 1));
    assert_eq!(shelf.add("三体.epub", &BookBuilder::new("三体").build()), id);
    let hash = shelf.book(id).editions[0].hash.clone();
    let split = shelf.library.split_off(id, &hash, now()).unwrap();
    assert_eq!((shelf.book(id).editions.len(), shelf.book(split).editions[0].hash.clone()), (1, hash.clone()));
    assert!(shelf.book(split).removed_at.is_some());
    let last = shelf.book(id).editions[0].hash.clone();
    assert!(matches!(shelf.library.split_off(id, &last, now()), Err(Error::Refused(_))), "the only file stays");
    shelf.library.restore(split, now()).unwrap();
    shelf.library.merge(id, split, now()).unwrap();
    assert_eq!(shelf.book(id).editions.len(), 2);
    assert!(shelf.library.check(true).unwrap().damaged.is_empty());
}

#[test]
fn books_that_may_be_one_are_merged_or_told_apart() {
    let shelf = Shelf::new();
    let table = "id\ttitle\tauthor\n1\t三体\t刘慈欣\n2\t三體\t刘慈欣\n3\t活着\t余华\n4\t活着\t余华\n5\t三体\t别人\n";
    assert_eq!(shelf.import(table, None).new, 5);
    let groups = |shelf: &Shelf| -> Vec<Vec<BookId>> {
        let found = shelf.library.duplicates(0, 10).unwrap();
        assert_eq!(found.total, found.groups.len());
        found.groups.iter().map(|group| group.iter().map(|(id, _)| *id).collect()).collect()
    };
    assert_eq!(groups(&shelf), [[3, 4], [1, 2]]);
    let number = shelf.library.merge(3, 4, now()).unwrap();
    assert!(matches!(shelf.library.tell_apart(&[1, 5]), Err(Error::Refused(_))), "these are not of one author");
    shelf.library.tell_apart(&[1, 2]).unwrap();
    assert!(groups(&shelf).is_empty());
    assert_eq!(shelf.library.merges(9).unwrap()[0].0, number);
    shelf.library.undo_merge(number).unwrap();
    shelf.library.edit(5, &Edit { authors: Some(vec!["刘慈欣".into()]), ..Edit::default() }).unwrap();
    assert_eq!(groups(&shelf), [vec![1, 2, 5], vec![3, 4]], "with another book the question is another one");

    assert!(matches!(shelf.library.delete(3), Err(Error::Refused(_))), "first into the recycle bin");
    shelf.library.remove(3, now()).unwrap();
    shelf.library.delete(3).unwrap();
    assert!(shelf.library.book(3).unwrap().is_none() && shelf.library.merges(9).unwrap().is_empty());
    let same = shelf.library.add_entry("  三体 ", &["刘慈欣".into()], now()).unwrap();
    assert_eq!(same, 1, "there is one");
    assert!(shelf.import("title\tpath\n密码\t/etc/hostname\n", None).failed[0].1 == RowFault::PathFromAfar);
}

#[test]
fn lists_follow_every_change() {
    let shelf = Shelf::new();
    let ids = [
        shelf.add("红楼梦.txt", &text("红楼梦", "曹雪芹", 1)),
        shelf.add("beta.epub", &BookBuilder::new("Beta").build()),
        shelf.add("安徒生.txt", &text("安徒生童话", "安徒生", 400)),
    ];
    shelf.import("title\tlanguage\n目录里的书\tzh-CN\n", None);
    shelf.library.edit(ids[1], &Edit { language: Some("en".into()), ..Edit::default() }).unwrap();
    let files = || Filter { has_file: true, ..Filter::default() };
    assert_eq!(shelf.list(files(), Sort::Newest), [ids[2], ids[1], ids[0]]);
    assert_eq!(shelf.list(files(), Sort::Title), [ids[2], ids[1], ids[0]], "an, beta, hong");
    assert_eq!(shelf.list(Filter { lack: Some(Lack::File), ..Filter::default() }, Sort::Newest), [4]);
    assert_eq!(shelf.list(Filter { format: Some(Format::Epub), ..Filter::default() }, Sort::Newest), [ids[1]]);
    let english = || Filter { language: Some("en".into()), ..Filter::default() };
    assert_eq!(shelf.list(english(), Sort::Newest), [ids[1]]);
    assert_eq!(shelf.list(Filter { among: Some(vec![4, ids[0], 99]), ..Filter::default() }, Sort::Newest), [4, ids[0]]);
    let largest = shelf.list(files(), Sort::Size)[0];
    assert_eq!(largest, *ids.iter().max_by_key(|id| shelf.book(**id).editions[0].bytes).unwrap());

    shelf.library.edit(ids[0], &Edit { language: Some("en".into()), ..titled("Zeta") }).unwrap();
    shelf.library.set_cover(ids[2], CoverChoice::Picture(&png(100, 100))).unwrap();
    shelf.library.remove(ids[1], now()).unwrap();
    assert_eq!(shelf.list(english(), Sort::Newest), [ids[0]]);
    assert_eq!(shelf.list(Filter { removed: true, ..Filter::default() }, Sort::Newest), [ids[1]]);
    assert!(!shelf.list(Filter { lack: Some(Lack::Cover), ..Filter::default() }, Sort::Newest).contains(&ids[2]));
    let facets = shelf.library.facets().unwrap();
    assert_eq!(facets.languages.iter().find(|(tag, _)| tag == "en"), Some(&("en".to_owned(), 1)));
    shelf.library.delete(ids[1]).unwrap();
    assert!(shelf.list(Filter { removed: true, ..Filter::default() }, Sort::Newest).is_empty());
}

/// Pages of every order, put together, are the whole list in that order.
#[test]
fn pages_make_up_the_list() {
    let shelf = Shelf::new();
    let rows: String = (0..500).map(|n| format!("{n}\t书{}\t作者{}\n", n * 7919 % 500, n % 13)).collect();
    shelf.import(&format!("id\ttitle\tauthor\n{rows}"), None);
    for sort in Sort::ALL {
        let whole = shelf.list_all(sort, 500);
        assert_eq!(shelf.list_all(sort, 37), whole, "{sort:?}");
        let mut all = whole.clone();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 500, "{sort:?}");
    }
    assert!(shelf.library.list(&Filter::default(), Sort::Title, 1_000, 50).unwrap().ids.is_empty());
}

impl Shelf {
    fn list_all(&self, sort: Sort, page: usize) -> Vec<BookId> {
        let pages = (0..500).step_by(page);
        pages.flat_map(|skip| self.library.list(&Filter::default(), sort, skip, page).unwrap().ids).collect()
    }
}

#[test]
fn conversions_that_are_wanted_are_made() {
    let shelf = Shelf::new();
    let id = shelf.add("三体.txt", &text("三体", "某人", 3));
    assert!(matches!(shelf.library.want(id, Format::Pdf), Err(Error::Unconvertible(_))));
    assert!(!shelf.library.want(id, Format::Txt).unwrap(), "it is there");
    for format in [Format::Epub, Format::Azw3] {
        assert!(shelf.library.want(id, format).unwrap());
        assert!(!shelf.library.want(id, format).unwrap(), "once is enough");
    }
    assert!(shelf.library.is_wanted(id, Format::Epub) && shelf.library.wanted() == 2);
    assert_eq!(shelf.library.convert_wanted(now()), 2);
    assert!(!shelf.library.is_wanted(id, Format::Epub) && shelf.library.wanted() == 0);
    let made = shelf.library.conversion_of(&shelf.book(id), Format::Epub).unwrap();
    assert!(matches!(made, shutong::library::Conversion::Made { .. }), "{made:?}");
}

/// How long lists take with 100,000 books: for the figures, not for every run. `--ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn lists_of_a_hundred_thousand_books() {
    const BOOKS: usize = 100_000;
    let shelf = Shelf::new();
    let names = ["三国", "红楼", "西游", "水浒", "聊斋", "儒林", "封神", "镜花"];
    let rows: String = (0..BOOKS)
        .map(|n| format!("{n}\t{}第{n}卷\t作者{}\t{}\t{}\n", names[n % 8], n % 5000, ["zh-CN", "en"][n % 2], n % 977))
        .collect();
    shelf.import(&format!("id\ttitle\tauthor\tlanguage\tpopularity\n{rows}"), None);
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/statm").unwrap();
        status.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4 / 1024
    };
    let (before, started) = (resident(), std::time::Instant::now());
    shelf.library.take_stock().unwrap();
    println!("built in {:?}, {} MB resident before, {} MB after", started.elapsed(), before, resident());
    for lack in [None, Some(Lack::Cover), Some(Lack::File)] {
        for sort in Sort::ALL {
            for skip in [0, 50_000] {
                let filter = Filter { lack, language: Some("zh".into()), ..Filter::default() };
                let mut times: Vec<_> = (0..21)
                    .map(|_| {
                        let started = std::time::Instant::now();
                        shelf.library.list(&filter, sort, skip, 50).unwrap();
                        started.elapsed()
                    })
                    .collect();
                times.sort();
                println!("{lack:?} {sort:?} from {skip}: median {:?}", times[10]);
            }
        }
    }
    let started = std::time::Instant::now();
    shelf.library.facets().unwrap();
    println!("facets {:?}", started.elapsed());
    let started = std::time::Instant::now();
    let total = shelf.library.duplicates(0, 20).unwrap().total;
    println!("duplicates {:?}, {total} groups", started.elapsed());
}
