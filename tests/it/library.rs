//! The catalogue over a real store and index: adding, merging, the recycle bin, requests, quotas, imports.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use shutong::library::{AddError, Added, CoverSize, Download, Error, Library, Refused, intake, requests, starter};
use shutong::store::records::{BookId, BookRecord};
use shutong::store::schema::NOTICES;
use shutong::store::{self, Durability, Store};
use tempfile::TempDir;

use crate::support::book_builder::BookBuilder;
use crate::support::clock::ManualClock;
use crate::support::wait_until_closed;

struct Shelf {
    library: Library,
    dir: TempDir,
}

impl Shelf {
    fn new() -> Shelf {
        Shelf::on(TempDir::new().unwrap())
    }

    fn on(dir: TempDir) -> Shelf {
        Shelf::with_bodies(dir, 0)
    }

    fn with_bodies(dir: TempDir, bytes: u64) -> Shelf {
        wait_until_closed(dir.path());
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let zone = chrono_tz::Asia::Shanghai;
        Shelf { library: Library::open(store, &dir.path().join("index"), zone, bytes).unwrap(), dir }
    }

    fn restarted_with_bodies(self, bytes: u64) -> Shelf {
        let Shelf { library, dir } = self;
        drop(library);
        Shelf::with_bodies(dir, bytes)
    }

    fn restarted(self) -> Shelf {
        self.restarted_with_bodies(0)
    }

    #[track_caller]
    fn add(&self, name: &str, bytes: &[u8]) -> Added {
        let added = self.library.add(name, bytes, now()).unwrap();
        self.library.index_changes().unwrap();
        added
    }

    fn find(&self, text: &str) -> Vec<BookId> {
        self.library.find(text).unwrap().books
    }

    /// Every change has left the counters as a recount would have them.
    #[track_caller]
    fn check(&self) {
        let counts = self.library.counts().unwrap();
        let books = self.library.page(None, 10_000).unwrap();
        let shown = books.iter().filter(|(_, book)| book.is_shown());
        assert_eq!(counts.books, shown.clone().count() as u64);
        assert_eq!(counts.shelf, shown.filter(|(_, book)| !book.editions.is_empty()).count() as u64);
        assert_eq!(counts.removed, self.library.removed(10_000).unwrap().len() as u64);
        assert_eq!(counts.shelf, self.library.popular(0, 10_000).unwrap().len() as u64);
        assert_eq!(counts.shelf, self.library.latest(None, 10_000).unwrap().len() as u64);
        let checked = self.library.check(true).unwrap();
        assert!(checked.damaged.is_empty(), "{:?}", checked.damaged);
    }
}

fn now() -> DateTime<Utc> {
    ManualClock::new().now()
}

fn epub(title: &str) -> Vec<u8> {
    BookBuilder::new(title).build()
}

fn text(title: &str) -> Vec<u8> {
    format!("《{title}》\n作者：某人\n\n第一章 开端\n\n从前有座山。\n").into_bytes()
}

#[test]
fn a_file_is_new_once_and_joins_its_work_in_another_format() {
    let shelf = Shelf::new();
    let Added::New(id) = shelf.add("三体.epub", &epub("三体")) else { panic!("not new") };
    assert_eq!(shelf.add("another name.epub", &epub("三体")), Added::Known(id));
    assert_eq!(shelf.add("三体 - 某人.txt", &text("三体")), Added::NewFormat(id));
    let book = shelf.library.book(id).unwrap().unwrap();
    let formats: Vec<&str> = book.editions.iter().map(|edition| edition.format.extension()).collect();
    assert_eq!(formats, ["epub", "txt"]);
    assert_eq!(shelf.find("三体"), [id]);
    assert!(shelf.library.cover(id, CoverSize::Thumbnail).unwrap().is_some_and(|cover| cover.bytes.len() > 100));
    assert_eq!(shelf.library.contents(&book).unwrap().len(), 2);
    shelf.check();
}

#[test]
fn what_is_no_book_changes_nothing() {
    let shelf = Shelf::new();
    assert!(matches!(shelf.library.add("empty.epub", b"", now()), Err(AddError::Empty)));
    assert!(matches!(shelf.library.add("broken.epub", b"PK\x03\x04 and nothing", now()), Err(AddError::Book(_))));
    assert_eq!(shelf.library.counts().unwrap(), Default::default());
    shelf.check();
}

#[test]
fn the_same_file_from_many_threads_is_one_book() {
    let shelf = Shelf::new();
    let bytes = epub("三体");
    let added: Vec<Added> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| shelf.library.add("三体.epub", &bytes, now()).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(added.iter().filter(|added| matches!(added, Added::New(_))).count(), 1, "{added:?}");
    assert_eq!(shelf.library.counts().unwrap().books, 1);
    shelf.check();
}

#[test]
fn a_merge_leads_on_and_can_be_undone() {
    let shelf = Shelf::new();
    let kept = shelf.add("三体.epub", &epub("三体")).id();
    let merged = shelf.add("三体全集.epub", &epub("三体全集")).id();
    let merge = shelf.library.merge(kept, merged, now()).unwrap();
    shelf.library.index_changes().unwrap();
    assert_eq!(shelf.library.shown(merged).unwrap().unwrap().0, kept);
    assert_eq!(shelf.library.book(kept).unwrap().unwrap().editions.len(), 2);
    assert_eq!(shelf.find("三体全集"), [kept], "found under its old name");
    assert!(matches!(shelf.library.merge(kept, merged, now()), Err(Error::Refused(_))));
    assert!(matches!(shelf.library.merge(kept, kept, now()), Err(Error::Refused(_))));
    assert!(matches!(shelf.library.merge(kept, 999, now()), Err(Error::NoSuchBook(999))));
    shelf.check();

    shelf.library.undo_merge(merge).unwrap();
    shelf.library.index_changes().unwrap();
    assert_eq!(shelf.library.shown(merged).unwrap().unwrap().0, merged);
    assert_eq!(shelf.library.book(kept).unwrap().unwrap().editions.len(), 1);
    assert_eq!(shelf.find("三体全集").first(), Some(&merged));
    assert_eq!(shelf.add("三体全集.epub", &epub("三体全集")), Added::Known(merged));
    assert!(matches!(shelf.library.undo_merge(merge), Err(Error::Refused(_))));
    shelf.check();
}

#[test]
fn the_recycle_bin_hides_restores_and_is_emptied_after_30_days() {
    let shelf = Shelf::new();
    let id = shelf.add("三体.epub", &epub("三体")).id();
    shelf.library.remove(id, now()).unwrap();
    shelf.library.index_changes().unwrap();
    assert!(shelf.library.shown(id).unwrap().is_none() && shelf.find("三体").is_empty());
    shelf.check();
    assert_eq!(shelf.library.empty_bin(now() + Duration::days(29)).unwrap(), 0);
    shelf.library.restore(id, now()).unwrap();
    shelf.library.index_changes().unwrap();
    assert_eq!(shelf.find("三体"), [id]);
    shelf.check();

    shelf.library.remove(id, now()).unwrap();
    assert_eq!(shelf.add("三体.epub", &epub("三体")), Added::Known(id), "adding it again brings it back");
    assert!(shelf.library.shown(id).unwrap().is_some());

    shelf.library.remove(id, now()).unwrap();
    assert_eq!(shelf.library.empty_bin(now() + Duration::days(31)).unwrap(), 1);
    assert!(shelf.library.book(id).unwrap().is_none());
    assert!(matches!(shelf.library.restore(id, now()), Err(Error::NoSuchBook(_))));
    assert!(matches!(shelf.add("三体.epub", &epub("三体")), Added::New(new) if new != id));
    shelf.check();
}

#[test]
fn garbage_is_what_no_book_names() {
    let shelf = Shelf::new();
    let files = || shelf.library.store().files().all().unwrap().len();
    // Two books with the same table of contents share its file.
    let gone = shelf.add("三体.epub", &epub("三体")).id();
    let kept = shelf.add("球状闪电.txt", "第一章 开始\n\n从前。\n".as_bytes()).id();
    let same = shelf.add("流浪地球.txt", "第一章 开始\n\n后来。\n".as_bytes()).id();
    for id in [gone, kept, same] {
        shelf.library.cover(id, CoverSize::Full).unwrap();
    }
    let named = shelf.library.named_files().unwrap();
    assert!(named.len() == files() && named.len() > 3 + 1, "books, their contents and covers: {named:?}");
    shelf.library.store().files().put(b"left by a crash").unwrap();
    let before = files();
    assert_eq!(shelf.library.collect_garbage(now()).unwrap(), 1);
    assert_eq!(files(), before - 1);

    for id in [gone, same] {
        shelf.library.remove(id, now()).unwrap();
    }
    assert_eq!(shelf.library.collect_garbage(now()).unwrap(), 0, "the recycle bin is not garbage");
    assert_eq!(shelf.library.empty_bin(now() + Duration::days(31)).unwrap(), 2);
    assert!(shelf.library.collect_garbage(now()).unwrap() >= 4);
    let book = shelf.library.book(kept).unwrap().unwrap();
    assert!(!shelf.library.contents(&book).unwrap().is_empty(), "the file that is shared is still here");
    assert!(shelf.library.check(true).unwrap().damaged.is_empty());
}

#[test]
fn an_arriving_book_fulfils_requests_and_tells_everyone_once() {
    let shelf = Shelf::new();
    let store = Arc::clone(shelf.library.store());
    let ask = |who: &str, what: &str| {
        store.write(Durability::Durable, |write| requests::add(write, "main", who, what, None, now())).unwrap()
    };
    assert_eq!((ask("oA", "《三体》"), ask("oA", "三体"), ask("oB", "三體")), (1, 1, 2), "one request, two followers");
    ask("oA", "没有的书");
    assert_eq!(shelf.library.counts().unwrap().requests, 2);
    assert_eq!(shelf.library.requests(1).unwrap()[0].1.count, 2, "the most wanted first");

    let id = shelf.add("三体.epub", &epub("三体")).id();
    assert_eq!(shelf.library.counts().unwrap().requests, 1);
    for who in ["oA", "oB"] {
        let notices = store.under(&NOTICES, &requests::follower_key("main", who), 10).unwrap();
        assert_eq!(notices.iter().map(|(_, book)| *book).collect::<Vec<_>>(), [id], "{who}");
    }
    let shelf = shelf_after(shelf, store);
    assert_eq!(shelf.library.requests(10).unwrap().len(), 1);
    shelf.check();
}

/// The same after a restart; `store` is the last handle that would keep it open.
fn shelf_after(shelf: Shelf, store: Arc<Store>) -> Shelf {
    drop(store);
    shelf.restarted()
}

#[test]
fn a_download_counts_once_a_day_and_stops_at_the_quota() {
    let shelf = Shelf::new();
    let ids: Vec<BookId> = ["甲", "乙", "丙"]
        .iter()
        .map(|title| shelf.add(&format!("{title}书.epub"), &epub(&format!("{title}书"))).id())
        .collect();
    let take = |id, file: &str, at| shelf.library.download(id, file, "alias", 2, at).unwrap();
    assert_eq!([take(ids[0], "epub", now()), take(ids[0], "epub", now())], [Download::Granted; 2]);
    assert_eq!(shelf.library.downloads_today("alias", now()).unwrap(), 1);
    assert_eq!(take(ids[1], "epub", now()), Download::Granted);
    assert_eq!(take(ids[2], "epub", now()), Download::OverQuota);
    assert_eq!(take(ids[1], "epub", now()), Download::Granted, "a broken transfer goes on");
    // The day of the owner's zone: 04:00 UTC is noon in Shanghai.
    assert_eq!(take(ids[2], "epub", now() + Duration::hours(11)), Download::OverQuota);
    assert_eq!(take(ids[2], "epub", now() + Duration::hours(12)), Download::Granted);
    let missing = shelf.library.download(999, "epub", "other", 2, now());
    assert!(matches!(missing, Err(Error::NoSuchBook(999))), "{missing:?}");
    assert_eq!(shelf.library.counts().unwrap().downloads, 3);
    assert_eq!(shelf.library.book(ids[0]).unwrap().unwrap().downloads, 1);
    shelf.check();
}

#[test]
fn many_threads_cannot_exceed_the_quota() {
    let shelf = Shelf::new();
    let ids: Vec<BookId> =
        (0..8).map(|n| shelf.add(&format!("书{n}.epub"), &epub(&format!("第{n}本书"))).id()).collect();
    let granted = std::thread::scope(|scope| {
        let take = |id| shelf.library.download(id, "epub", "alias", 3, now()).unwrap() == Download::Granted;
        let threads: Vec<_> = ids.iter().map(|&id| scope.spawn(move || take(id))).collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap().then_some(())).count()
    });
    assert_eq!(granted, 3);
}

const CATALOGUE: &str = "id\ttitle\tauthor\tlanguage\tpopularity\n\
    c1\t三体\t刘慈欣\tzh\t900\nc2\t活着\t余华\tzh\t800\nc3\tDune\tFrank Herbert\ten\t700\n";

fn import(shelf: &Shelf, table: &str) -> (u64, u64, u64, usize) {
    let imported = shelf.library.import(table.as_bytes(), true, Some(Path::new("/nowhere")), now(), |_| {}).unwrap();
    shelf.library.index_changes().unwrap();
    (imported.new, imported.changed, imported.unchanged, imported.failed.len())
}

#[test]
fn a_catalogue_imported_again_changes_only_what_has_changed() {
    let shelf = Shelf::new();
    assert_eq!(import(&shelf, CATALOGUE), (3, 0, 0, 0));
    assert_eq!(import(&shelf, CATALOGUE), (0, 0, 3, 0));
    assert_eq!(import(&shelf, &CATALOGUE.replace("800", "850")), (0, 1, 2, 0));
    assert_eq!(import(&shelf, "title\tid\n新书\tc4\n\tc5\n"), (1, 0, 0, 1));
    let counts = shelf.library.counts().unwrap();
    assert_eq!((counts.books, counts.shelf), (4, 0));
    let found = shelf.find("huozhe");
    assert_eq!(shelf.library.book(found[0]).unwrap().unwrap().title, "活着");
    let refused = shelf.library.import("name\n三体\n".as_bytes(), true, Some(Path::new("/")), now(), |_| {});
    assert!(matches!(&refused, Err(Error::Refused(Refused::NoTitleColumn))), "{refused:?}");
    shelf.check();
}

#[test]
fn an_import_broken_off_is_completed_by_running_it_again() {
    let shelf = Shelf::new();
    let rows: String = (0..5_000).map(|n| format!("c{n}\t第{n}号书\t作者{}\tzh\t{n}\n", n % 50)).collect();
    let whole = format!("id\ttitle\tauthor\tlanguage\tpopularity\n{rows}");
    let half = whole.lines().take(2_301).collect::<Vec<_>>().join("\n");
    assert_eq!(import(&shelf, &half).0, 2_300);
    let shelf = shelf.restarted();
    assert_eq!(import(&shelf, &whole), (2_700, 0, 2_300, 0));
    assert_eq!(shelf.library.counts().unwrap().books, 5_000);
    shelf.check();
}

#[test]
fn a_file_meets_its_entry_of_the_catalogue() {
    let shelf = Shelf::new();
    import(&shelf, &CATALOGUE.replace("刘慈欣", "某人"));
    let entry = shelf.find("三体")[0];
    assert_eq!(shelf.add("三体.epub", &epub("三体")), Added::NewFormat(entry));
    let book = shelf.library.book(entry).unwrap().unwrap();
    assert_eq!((book.uid.as_deref(), book.editions.len(), book.votes), (Some("c1"), 1, 900));
    shelf.check();
}

#[test]
fn an_intake_goes_through_folders_and_can_be_repeated() {
    let shelf = Shelf::new();
    let dir = TempDir::new().unwrap();
    std::fs::create_dir_all(dir.path().join("deep/er")).unwrap();
    for (name, bytes) in
        [("甲书.epub", epub("甲书")), ("deep/乙书.epub", epub("乙书")), ("deep/er/bad.epub", b"PK no".to_vec())]
    {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    std::fs::write(dir.path().join("README.txt"), "no book").unwrap();
    let files = intake::expand(&[dir.path().to_owned()]).unwrap();
    assert_eq!(files.len(), 3, "{files:?}");
    let first = intake::add_all(&shelf.library, &files, now(), |_, _| {});
    assert_eq!((first.new, first.known, first.failed.len()), (2, 0, 1), "{first:?}");
    assert!(first.failed[0].0.ends_with("bad.epub"));
    let again = intake::add_all(&shelf.library, &files, now(), |_, _| {});
    assert_eq!((again.new, again.known, again.failed.len()), (0, 2, 1), "{again:?}");
    shelf.check();
}

#[test]
fn the_starter_library_is_added_once() {
    let shelf = Shelf::new();
    assert_eq!(starter::import(&shelf.library, now()).unwrap(), starter::BOOKS.len());
    assert_eq!(starter::import(&shelf.library, now()).unwrap(), 0);
    shelf.library.index_changes().unwrap();
    let found = shelf.find("honglou meng");
    shelf.library.remove(found[0], now()).unwrap();
    assert_eq!(starter::import(&shelf.library, now()).unwrap(), 0);
    assert!(shelf.library.shown(found[0]).unwrap().is_none(), "what the owner removed stays removed");
    shelf.check();
}

#[test]
fn the_index_is_made_anew_when_it_is_lost() {
    let shelf = Shelf::new();
    let id = shelf.add("三体.epub", &epub("三体")).id();
    let Shelf { library, dir } = shelf;
    drop(library);
    std::fs::remove_dir_all(dir.path().join("index")).unwrap();
    let shelf = Shelf::on(dir);
    while shelf.library.index_changes().unwrap() > 0 {}
    assert_eq!(shelf.find("三体"), [id]);
    let state = shelf.library.index_state();
    assert_eq!((state.books, state.pending), (1, 0));
    shelf.check();
}

#[test]
fn a_missing_or_changed_file_is_found_by_the_check() {
    let shelf = Shelf::new();
    let id = shelf.add("三体.epub", &epub("三体")).id();
    let book = shelf.library.book(id).unwrap().unwrap();
    let path = shelf.library.edition_path(&book.editions[0]);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert!(shelf.library.check(false).unwrap().damaged.is_empty(), "of the right size");
    assert!(shelf.library.check(true).unwrap().damaged[0].contains("has other bytes"));
    shelf.add("三体.epub", &epub("三体"));
    shelf.check();
    std::fs::remove_file(&path).unwrap();
    assert!(shelf.library.check(false).unwrap().damaged[0].contains("is missing"));
    // Adding the file again repairs it.
    shelf.add("三体.epub", &epub("三体"));
    shelf.check();
}

#[test]
fn a_failing_store_is_an_error_not_a_panic() {
    let shelf = Shelf::new();
    let id = shelf.add("三体.epub", &epub("三体")).id();
    let line = format!("{{\"table\":\"books\",\"key\":\"{id:016x}\",\"value\":7}}");
    shelf.library.store().import(line.as_bytes()).unwrap();
    assert!(matches!(shelf.library.book(id), Err(Error::Store(store::Error::Damaged(_)))));
    assert!(shelf.library.remove(id, now()).is_err());
}

fn book(shelf: &Shelf, id: BookId) -> BookRecord {
    shelf.library.book(id).unwrap().unwrap()
}

#[test]
fn merges_are_undone_latest_first_and_what_came_since_stays() {
    let shelf = Shelf::new();
    let [a, b, c] = ["甲书", "乙书", "丙书"].map(|title| shelf.add(&format!("{title}.epub"), &epub(title)).id());
    let before = [a, b, c].map(|id| book(&shelf, id));
    let first = shelf.library.merge(a, b, now()).unwrap();
    let second = shelf.library.merge(a, c, now()).unwrap();
    let refused = shelf.library.undo_merge(first);
    assert!(matches!(&refused, Err(Error::Refused(Refused::MergedLater))), "{refused:?}");
    assert_eq!(shelf.add("甲书 - 某人.txt", &text("甲书")), Added::NewFormat(a));
    shelf.library.undo_merge(second).unwrap();
    shelf.library.undo_merge(first).unwrap();
    let after = [a, b, c].map(|id| book(&shelf, id));
    assert_eq!(after[1..], before[1..]);
    assert_eq!((&after[0].title, after[0].editions.len()), (&before[0].title, 2), "the file that came since stays");
    assert_eq!(after[0].aliases, before[0].aliases);

    // One that was merged further cannot be taken apart either.
    let first = shelf.library.merge(a, b, now()).unwrap();
    shelf.library.merge(c, a, now()).unwrap();
    assert!(matches!(shelf.library.undo_merge(first), Err(Error::Refused(_))));
    shelf.check();
}

#[test]
fn a_merged_book_is_deleted_with_all_that_went_into_it() {
    let shelf = Shelf::new();
    let [a, b, c] = ["甲书", "乙书", "丙书"].map(|title| shelf.add(&format!("{title}.epub"), &epub(title)).id());
    let first = shelf.library.merge(a, b, now()).unwrap();
    let second = shelf.library.merge(c, a, now()).unwrap();
    shelf.library.remove(c, now()).unwrap();
    assert_eq!(shelf.library.empty_bin(now() + Duration::days(31)).unwrap(), 1);
    assert!([a, b, c].iter().all(|id| shelf.library.book(*id).unwrap().is_none()));
    assert!([first, second].iter().all(|merge| shelf.library.undo_merge(*merge).is_err()));
    shelf.library.collect_garbage(now()).unwrap();
    assert!(shelf.library.store().files().all().unwrap().is_empty());
    assert!(matches!(shelf.add("乙书.epub", &epub("乙书")), Added::New(_)));
    shelf.check();
}

#[test]
fn a_catalogue_number_leads_to_its_book_through_merges_and_back() {
    let shelf = Shelf::new();
    import(&shelf, CATALOGUE);
    let file = shelf.add("三体全集.epub", &epub("三体全集")).id();
    let [one, two] = ["三体", "活着"].map(|title| shelf.find(title)).map(|found| found[0]);
    assert_eq!(one, shelf.find("刘慈欣")[0]);
    let merge = shelf.library.merge(file, one, now()).unwrap();
    assert_eq!(book(&shelf, file).uid.as_deref(), Some("c1"));
    assert_eq!(import(&shelf, CATALOGUE), (0, 1, 2, 0), "the book learns the row's language");
    assert_eq!(import(&shelf, CATALOGUE), (0, 0, 3, 0));
    shelf.library.undo_merge(merge).unwrap();
    assert_eq!(book(&shelf, file).uid, None);
    assert_eq!(import(&shelf, &CATALOGUE.replace("900", "901")), (0, 1, 2, 0));
    assert_eq!((book(&shelf, one).votes, book(&shelf, file).votes), (901, 0));

    // Two entries made one keep both numbers; a deleted one is unknown.
    shelf.library.merge(one, two, now()).unwrap();
    assert_eq!(import(&shelf, &CATALOGUE.replace("900", "901")), (0, 0, 3, 0));
    shelf.library.remove(one, now()).unwrap();
    assert_eq!(shelf.library.empty_bin(now() + Duration::days(31)).unwrap(), 1);
    assert_eq!(import(&shelf, CATALOGUE), (2, 0, 1, 0));
    shelf.check();
}

#[test]
fn the_first_book_of_a_work_keeps_it() {
    let shelf = Shelf::new();
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("1.epub"), epub("三体")).unwrap();
    std::fs::write(dir.path().join("2.epub"), epub("三体 第二版")).unwrap();
    // Two books of one work, because the catalogue tells them apart.
    let table = "id\ttitle\tauthor\tpath\nc1\t三体\t某人\t1.epub\nc2\t三体\t某人\t2.epub\n";
    assert_eq!(shelf.library.import(table.as_bytes(), true, Some(dir.path()), now(), |_| {}).unwrap().files, 2);
    let first = shelf.library.latest(None, 2).unwrap()[1];
    assert_eq!(shelf.add("三体.txt", &text("三体")), Added::NewFormat(first));
    // Titles without letters are different works all the same.
    let marks = ["!!!", "???"].map(|title| shelf.add(&format!("{title}.epub"), &epub(title)));
    assert!(marks.iter().all(|added| matches!(added, Added::New(_))), "{marks:?}");
    shelf.check();
}

#[test]
fn a_row_with_a_file_is_the_book_of_the_row() {
    let shelf = Shelf::new();
    let dir = TempDir::new().unwrap();
    // Two files that say the same of themselves, as those of a careless publisher do.
    std::fs::write(dir.path().join("1.txt"), "《未知》\n\n第一章 甲\n\n从前。\n").unwrap();
    std::fs::write(dir.path().join("2.txt"), "《未知》\n\n第一章 乙\n\n后来。\n").unwrap();
    import(&shelf, "id\ttitle\tauthor\nc1\t活着\t余华\n");
    let entry = shelf.find("活着")[0];
    let store = Arc::clone(shelf.library.store());
    store.write(Durability::Durable, |write| requests::add(write, "main", "oA", "活着", Some(entry), now())).unwrap();
    let table = "id\ttitle\tauthor\tpath\nc1\t活着\t余华\t1.txt\nc2\t兄弟\t余华\t2.txt\n";
    for _ in 0..2 {
        let imported = shelf.library.import(table.as_bytes(), true, Some(dir.path()), now(), |_| {}).unwrap();
        assert_eq!((imported.files, imported.failed.len()), (2, 0), "{imported:?}");
        shelf.library.index_changes().unwrap();
        let found = ["活着", "兄弟"].map(|title| shelf.find(title)[0]);
        let books = found.map(|id| book(&shelf, id));
        assert_eq!((found[0], shelf.library.counts().unwrap().books), (entry, 2));
        assert_eq!(
            books.each_ref().map(|book| (book.uid.as_deref(), book.editions.len())),
            [(Some("c1"), 1), (Some("c2"), 1)]
        );
    }
    assert_eq!(shelf.library.counts().unwrap().requests, 0, "the request of the entry is answered");
    shelf.check();
}

#[test]
fn the_text_of_books_is_counted_once_however_often_it_is_indexed() {
    const ROOM: u64 = 10_000;
    let long = |words: &str| format!("第一章 开端\n\n{}\n", words.repeat(4_000 / words.len())).into_bytes();
    let inside = |shelf: &Shelf, words: &str| shelf.library.find_inside(words, 10).unwrap().len();
    let shelf = Shelf::with_bodies(TempDir::new().unwrap(), ROOM);
    shelf.add("甲书.txt", &long("林中有虎。"));
    assert_eq!(inside(&shelf, "有虎"), 1);
    // Switched off for a while, the changes are forgotten and everything is taken in anew.
    let shelf = shelf.restarted_with_bodies(0);
    shelf.add("乙书.txt", &long("江上有船。"));
    let shelf = shelf.restarted_with_bodies(ROOM);
    shelf.library.index_changes().unwrap();
    assert_eq!((inside(&shelf, "有虎"), inside(&shelf, "有船")), (1, 1));
    // So it is when the index is lost.
    let Shelf { library, dir } = shelf;
    drop(library);
    wait_until_closed(dir.path());
    std::fs::remove_dir_all(dir.path().join("index/bodies")).unwrap();
    let shelf = Shelf::with_bodies(dir, ROOM);
    shelf.library.index_changes().unwrap();
    assert_eq!((inside(&shelf, "有虎"), inside(&shelf, "有船")), (1, 1));
}

#[test]
fn the_oldest_in_the_bin_are_reached_behind_any_number_of_others() {
    let shelf = Shelf::new();
    let rows: String = (0..1_100).map(|n| format!("c{n}\t第{n}号书\n")).collect();
    import(&shelf, &format!("id\ttitle\n{rows}"));
    let books = shelf.library.page(None, 2_000).unwrap();
    let (oldest, others) = books.split_first().unwrap();
    shelf.library.remove(oldest.0, now()).unwrap();
    std::thread::scope(|scope| {
        for part in others.chunks(70) {
            let library = &shelf.library;
            scope
                .spawn(move || part.iter().for_each(|(id, _)| library.remove(*id, now() + Duration::days(9)).unwrap()));
        }
    });
    assert_eq!(shelf.library.empty_bin(now() + Duration::days(31)).unwrap(), 1);
    assert!(shelf.library.book(oldest.0).unwrap().is_none());
    assert_eq!(shelf.library.empty_bin(now() + Duration::days(40)).unwrap(), 1_099);
    shelf.check();
}

#[test]
fn a_book_in_a_zip_is_kept_without_it() {
    let shelf = Shelf::new();
    let text = "第一章 上山\n从前有座山。\n".as_bytes().to_vec();
    let zip = crate::support::book_builder::archive(&[("山/三体 - 刘慈欣.txt".to_owned(), text.clone())]);
    let id = shelf.library.add("下载.zip", &zip, now()).unwrap().id();
    let book = shelf.library.book(id).unwrap().unwrap();
    assert_eq!((book.title.as_str(), book.editions[0].file_name.as_str()), ("三体", "三体 - 刘慈欣.txt"));
    assert_eq!(std::fs::read(shelf.library.edition_path(&book.editions[0])).unwrap(), text);
}
