//! The store through its public API: what a write promises, what a restart finds, and what damage does.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use shutong::store::schema::{COUNTS, META, SETTINGS};
use shutong::store::{ContentHash, Durability, Error, Store};
use tempfile::TempDir;

use crate::support::binary::Home;
use crate::support::wait_until_closed;

fn name(number: u64) -> String {
    format!("name{number:05}")
}

fn open(dir: &Path) -> Store {
    wait_until_closed(dir);
    Store::open(dir).unwrap()
}

#[test]
fn a_write_is_seen_whole_or_not_at_all() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let refused: Result<(), Error> = store.write(Durability::Durable, |write| {
        write.put(&SETTINGS, &name(1), &1.into())?;
        write.count("things", 5)?;
        assert_eq!(write.get(&COUNTS, &"things".into())?, Some(5), "a write sees what it has changed itself");
        Err(Error::Damaged("changed my mind".into()))
    });
    assert!(refused.is_err());
    assert_eq!(store.get(&SETTINGS, &name(1)).unwrap(), None);
    assert_eq!(store.get(&COUNTS, &"things".into()).unwrap(), None);
}

#[test]
fn readers_never_see_half_of_a_write() {
    let dir = TempDir::new().unwrap();
    let store = Arc::new(open(dir.path()));
    let stop = Arc::new(AtomicBool::new(false));
    let (same, flag) = (Arc::clone(&store), Arc::clone(&stop));
    let writer = thread::spawn(move || {
        for number in 0..2_000_u64 {
            let both: Result<(), Error> = same.write(Durability::Soon, |write| {
                write.put(&META, &"first".into(), &number)?;
                write.put(&META, &"second".into(), &number)
            });
            both.unwrap();
        }
        flag.store(true, Ordering::Release);
    });
    while !stop.load(Ordering::Acquire) {
        // The second is written with the first, so read later it can only be newer.
        let first = store.get(&META, &"first".into()).unwrap().unwrap_or(0);
        let second = store.get(&META, &"second".into()).unwrap().unwrap_or(0);
        assert!(second >= first, "{second} was written with {first}");
    }
    writer.join().unwrap();
}

#[test]
fn counters_count_from_many_threads_and_stop_at_zero() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    store.write(Durability::Durable, |write| write.count("things", 1)).unwrap();
                }
            });
        }
    });
    assert_eq!(store.get(&COUNTS, &"things".into()).unwrap(), Some(400));
    assert_eq!(store.write(Durability::Soon, |write| write.count("things", -1_000)).unwrap(), 0);
}

#[test]
fn pages_go_through_a_table_once_in_either_direction() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let written: Result<(), Error> = store.write(Durability::Soon, |write| {
        (0..250).try_for_each(|number| write.put(&SETTINGS, &name(number), &number.into()))
    });
    written.unwrap();
    let (mut forward, mut after) = (Vec::new(), None);
    loop {
        let page = store.page(&SETTINGS, after.as_ref(), 7).unwrap();
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        forward.extend(page.into_iter().map(|(key, _)| key));
    }
    assert_eq!(forward, (0..250).map(name).collect::<Vec<_>>());
    let mut back: Vec<_> = store.page_back(&SETTINGS, None, 1_000).unwrap().into_iter().map(|(key, _)| key).collect();
    back.reverse();
    assert_eq!(back, forward);
}

#[test]
fn an_export_imports_to_the_same() {
    let (dir, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let store = open(dir.path());
    let written: Result<(), Error> = store.write(Durability::Durable, |write| {
        write.put(&SETTINGS, &"三体 \"quoted\"\n".to_owned(), &serde_json::json!({ "a": [1, null, "ü"] }))?;
        write.count("things", 7)?;
        (0..2_500).try_for_each(|number| write.put(&SETTINGS, &name(number), &number.into()))
    });
    written.unwrap();
    let mut exported = Vec::new();
    let lines = store.export(&mut exported).unwrap();
    assert_eq!(lines, exported.iter().filter(|&&byte| byte == b'\n').count() as u64);

    let copy = Store::open(other.path()).unwrap();
    assert_eq!(copy.import(exported.as_slice()).unwrap(), lines);
    let mut again = Vec::new();
    copy.export(&mut again).unwrap();
    assert_eq!(String::from_utf8(again).unwrap(), String::from_utf8(exported).unwrap());
    for wrong in ["{", r#"{"table":"unknown","key":"61","value":1}"#, r#"{"table":"meta","key":"6","value":1}"#] {
        assert!(matches!(copy.import(wrong.as_bytes()), Err(Error::Damaged(_))), "{wrong}");
    }
}

/// An empty library.
fn begin(home: &Home) {
    drop(open(&home.data()));
    wait_until_closed(&home.data());
}

#[test]
fn data_of_a_newer_program_is_refused_by_name() {
    let home = Home::new();
    begin(&home);
    {
        let store = open(&home.data());
        store.write(Durability::Durable, |write| write.put(&META, &"schema".into(), &999)).unwrap();
    }
    wait_until_closed(&home.data());
    let opened = Store::open(&home.data());
    assert!(matches!(opened, Err(Error::Newer { found: 999, .. })), "{:?}", opened.err());
    wait_until_closed(&home.data());
    let ran = home.run(&["book", "list"]);
    assert_eq!(ran.code, Some(5), "{ran:?}");
    assert!(ran.err.contains("newer") && ran.err.contains("999"), "{ran:?}");
}

#[test]
fn a_second_opening_is_refused() {
    let dir = TempDir::new().unwrap();
    let _store = open(dir.path());
    assert!(matches!(Store::open(dir.path()), Err(Error::InUse)));
}

#[test]
fn a_damaged_snapshot_costs_nothing() {
    let dir = TempDir::new().unwrap();
    for round in 0..3_u64 {
        let store = open(dir.path());
        let written: Result<(), Error> = store.write(Durability::Durable, |write| {
            (0..500).try_for_each(|number| write.put(&SETTINGS, &name(round * 500 + number), &number.into()))
        });
        written.unwrap();
    }
    for damage in ["", "short", "full of wrong bytes, and long enough to be read as a head of something"] {
        let mut snapshots = 0;
        for entry in fs::read_dir(dir.path().join("db")).unwrap().map(Result::unwrap) {
            if entry.file_name().to_string_lossy().starts_with("snap.") {
                fs::write(entry.path(), damage).unwrap();
                snapshots += 1;
            }
        }
        assert!(snapshots > 0, "the engine keeps no snapshot any more; this test has lost its object");
        fs::write(dir.path().join("db/snap.00000000000000FF.generating"), b"half").unwrap();
        let store = open(dir.path());
        assert_eq!(store.page(&SETTINGS, None, 10_000).unwrap().len(), 1_500, "after {damage:?}");
        store.sync().unwrap();
    }
}

#[test]
fn a_database_that_has_lost_everything_is_not_taken_for_a_new_one() {
    let dir = TempDir::new().unwrap();
    drop(open(dir.path()));
    wait_until_closed(dir.path());
    for entry in fs::read_dir(dir.path().join("db")).unwrap().map(Result::unwrap) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == "db" || name.starts_with("snap.") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    for _ in 0..2 {
        let opened = Store::open(dir.path());
        assert!(matches!(opened, Err(Error::Damaged(_))), "{:?}", opened.err());
        wait_until_closed(dir.path());
    }
    fs::remove_dir_all(dir.path().join("db")).unwrap();
    open(dir.path());
}

#[test]
fn a_damaged_database_says_so_with_its_exit_code() {
    let home = Home::new();
    begin(&home);
    fs::write(home.data().join("db/conf"), b"this is no configuration of an engine").unwrap();
    let ran = home.run(&["book", "list"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.err.contains("damaged"), "{ran:?}");
}

#[test]
fn files_are_kept_by_their_content_and_leftovers_are_swept() {
    let dir = TempDir::new().unwrap();
    let hash = {
        let store = open(dir.path());
        let hash = store.files().put(b"a book").unwrap();
        assert_eq!(store.files().put(b"a book").unwrap(), hash);
        fs::write(store.files().temporary(), b"half a bo").unwrap();
        hash
    };
    let store = open(dir.path());
    assert_eq!(fs::read_dir(dir.path().join("files/tmp")).unwrap().count(), 0);
    assert_eq!((store.files().read(&hash).unwrap().as_slice(), store.files().verify(&hash)), (&b"a book"[..], true));
    fs::write(store.files().path(&hash), b"a bOok").unwrap();
    assert!(!store.files().verify(&hash));
    assert!(!store.files().verify(&ContentHash::of(b"never here")));
    store.files().remove(&hash).unwrap();
    store.files().remove(&hash).unwrap();
}
