//! A backup made, changed in every way that can be thought of, and read again.

use std::fs;
use std::io::Write;

use chrono_tz::Tz;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};
use tempfile::TempDir;

use super::pack::{Chain, End, Manifest};
use super::*;
use crate::store::records::SessionRecord;
use crate::store::schema::{COUNTS, SESSIONS, SETTINGS};
use crate::store::{Durability, hex, newest_schema};

fn now() -> DateTime<Utc> {
    "2026-11-27T19:15:00Z".parse().unwrap()
}

/// A data folder with something of everything, and its room.
fn house() -> (TempDir, Backups) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    for folder in ["articles/一", "log", "index"] {
        fs::create_dir_all(data.join(folder)).unwrap();
    }
    fs::write(data.join("shutong.toml"), "language = \"en\"\n").unwrap();
    let long = "很长的名字".repeat(12);
    fs::write(data.join("articles/一").join(format!("{long}.md")), "# 一\n").unwrap();
    fs::write(data.join("log/shutong.log"), "a line").unwrap();
    fs::write(data.join("run.json"), "{}").unwrap();
    fs::write(data.join("index/meta.json"), "{}").unwrap();
    let store = Arc::new(Store::open(&data).unwrap());
    let library = Arc::new(Library::open(Arc::clone(&store), &data.join("index"), Tz::UTC, 0).unwrap());
    store.files().put(b"the bytes of a book").unwrap();
    store
        .write(Durability::Durable, |write| {
            write.put(&SETTINGS, &"greeting".to_owned(), &"你好".into())?;
            let (csrf, agent) = ("x".into(), "a".into());
            let session = SessionRecord { started_at: now(), seen_at: now(), csrf, agent };
            write.put(&SESSIONS, &"somebody".to_owned(), &session)?;
            write.put(&COUNTS, &"things".to_owned(), &7)
        })
        .unwrap();
    let settings = Settings {
        folder: data.join(FOLDER),
        data_dir: data,
        keep: Keep { last: 2, days: 0, weeks: 0 },
        passphrase: Secret::default(),
        remote: None,
        time_zone: Tz::Asia__Shanghai,
        elsewhere: Elsewhere::default(),
    };
    (dir, Backups::new(store, library, settings))
}

/// The database is closed a moment after the last one has let go of it.
fn opened(dir: &Path) -> Store {
    (0..200)
        .find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            Store::open(dir).ok()
        })
        .expect("it is never closed")
}

fn verified(bytes: &[u8]) -> Result<Verified> {
    let (manifest, end) = unpack::read(bytes, &mut unpack::Nowhere, &|_| {})?;
    Ok(Verified { manifest, end })
}

#[test]
fn everything_that_matters_comes_back_and_nothing_else() {
    let (dir, backups) = house();
    let made = backups.make(now()).unwrap();
    assert_eq!(made.path.file_name().unwrap(), "shutong-20261128-031500.tar.gz");
    assert_eq!((made.end.files, made.end.missing.len()), (1, 0));
    let into = dir.path().join("new");
    let restored = unpack(&made.path, &Secret::default(), &into, None, now(), &|_| {}).unwrap();
    assert_eq!(restored.end, made.end);
    let store = opened(&into);
    assert_eq!(store.get(&SETTINGS, &"greeting".to_owned()).unwrap(), Some("你好".into()));
    assert_eq!(store.get(&COUNTS, &"things".to_owned()).unwrap(), Some(7));
    assert!(store.get(&SESSIONS, &"somebody".to_owned()).unwrap().is_none(), "nobody is let in by an old cookie");
    let hash = store.files().all().unwrap().pop().unwrap();
    assert_eq!(store.files().read(&hash).unwrap(), b"the bytes of a book");
    let long = format!("articles/一/{}.md", "很长的名字".repeat(12));
    assert_eq!(fs::read_to_string(into.join(long)).unwrap(), "# 一\n");
    assert!(into.join("shutong.toml").exists());
    for absent in ["log", "run.json", "index", FOLDER] {
        assert!(!into.join(absent).exists(), "{absent}");
    }
    use std::os::unix::fs::PermissionsExt;
    for file in walkdir::WalkDir::new(&into).into_iter().map(Result::unwrap) {
        // The database keeps its own; nobody gets there who cannot enter the folder.
        let is_written_here =
            file.depth() == 0 || file.file_type().is_file() && !file.path().starts_with(into.join("db"));
        let mode = file.metadata().unwrap().permissions().mode();
        assert!(!is_written_here || mode & 0o077 == 0, "{}", file.path().display());
    }
    let refused = unpack(&made.path, &Secret::default(), &into, None, now(), &|_| {});
    assert!(matches!(refused, Err(Error::Refused(_))), "never into a folder with something in it");
}

#[test]
fn those_not_kept_are_removed_and_nothing_half_made_is_left() {
    let (_dir, backups) = house();
    for hour in 0..4 {
        backups.make(now() + chrono::TimeDelta::hours(hour)).unwrap();
    }
    let names: Vec<String> = backups.list().unwrap().into_iter().map(|kept| kept.name).collect();
    assert_eq!(names, ["shutong-20261128-061500.tar.gz", "shutong-20261128-051500.tar.gz"]);
    assert_eq!(fs::read_dir(&backups.settings().folder).unwrap().count(), 2);
    assert!(matches!(backups.make(now() + chrono::TimeDelta::hours(3)), Err(Error::Refused(_))), "it is there already");
    assert!(backups.doing().is_none());
    assert!(backups.path("../shutong.toml").is_err());
}

#[test]
fn a_byte_changed_anywhere_and_an_end_missing_anywhere_is_refused() {
    let (_dir, backups) = house();
    let whole = fs::read(backups.make(now()).unwrap().path).unwrap();
    verified(&whole).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        // A bit of a table for a letter that never comes changes nothing.
        let is_the_same = || inflated(&changed).is_some_and(|bytes| Some(bytes) == inflated(&whole));
        assert!(verified(&changed).is_err() || is_the_same(), "byte {at} of {}", whole.len());
    }
    for length in (0..whole.len()).step_by(7) {
        assert!(matches!(verified(&whole[..length]), Err(Error::Damaged(_))), "{length} bytes");
    }
    assert!(verified(&[whole.as_slice(), &whole].concat()).is_err(), "something behind it");
}

fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut inflated = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut inflated).ok()?;
    Some(inflated)
}

/// An archive made by somebody else.
struct Forged {
    tar: tar::Builder<GzEncoder<Vec<u8>>>,
    chain: Chain,
    files: u64,
    records: u64,
}

impl Forged {
    fn new() -> Forged {
        let mut forged = Forged::empty();
        forged.manifest(1, newest_schema());
        forged
    }

    fn empty() -> Forged {
        let tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        Forged { tar, chain: Chain::default(), files: 0, records: 0 }
    }

    fn manifest(&mut self, format: u32, schema: u64) {
        let manifest = Manifest { format, program: "9.9".into(), schema, made_at: now(), books: 0, followers: 0 };
        self.put("manifest.json", &serde_json::to_vec(&manifest).unwrap());
    }

    /// Whatever name, past what the writer of archives would refuse.
    fn put(&mut self, name: &str, bytes: &[u8]) {
        self.raw(name, bytes, bytes.len() as u64, EntryType::Regular);
        self.chain.add(name, bytes.len() as u64, &Sha256::digest(bytes));
        self.files += u64::from(name.starts_with("files/"));
        self.records += if name.contains(".jsonl") { bytes.iter().filter(|&&b| b == b'\n').count() as u64 } else { 0 };
    }

    fn raw(&mut self, name: &str, bytes: &[u8], size: u64, kind: EntryType) {
        let mut header = Header::new_gnu();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(0o777);
        header.set_cksum();
        self.tar.append(&header, bytes).unwrap();
    }

    fn finished(mut self) -> Vec<u8> {
        let (entries, bytes, digest) = std::mem::take(&mut self.chain).finish();
        let (files, records) = (self.files, self.records);
        let end = End { entries, bytes, digest, files, records, ..End::default() };
        self.raw(
            "end.json",
            &serde_json::to_vec(&end).unwrap(),
            serde_json::to_vec(&end).unwrap().len() as u64,
            EntryType::Regular,
        );
        self.tar.into_inner().unwrap().finish().unwrap()
    }
}

/// Restores forged bytes and gives the error; nothing may be left, neither there nor beside.
#[track_caller]
fn refused(bytes: &[u8]) -> Error {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("shutong-20261128-031500.tar.gz");
    fs::write(&file, bytes).unwrap();
    let error = unpack(&file, &Secret::default(), &dir.path().join("a/into"), None, now(), &|_| {}).unwrap_err();
    let left: Vec<_> = walkdir::WalkDir::new(dir.path()).into_iter().map(|entry| entry.unwrap().into_path()).collect();
    assert_eq!(left.len(), 3, "{error}: {left:?}");
    error
}

#[test]
fn forged_archives_are_refused_one_by_one() {
    let line = b"{\"table\":\"counts\",\"key\":\"61\",\"value\":1}\n";
    let mut good = Forged::new();
    good.put("records/000001.jsonl", line);
    good.put("data/shutong.toml", b"");
    verified(&good.finished()).unwrap();

    let names = [
        "data/../outside",
        "data//etc/passwd",
        "/etc/passwd",
        "../outside",
        "data/a/../../b",
        "data/.",
        "data/a/..",
        "data/",
        "data/db/db",
        "data/files/x",
        "data/run.json",
        "data/restored-x/y",
        "data/index/meta.json",
        "data/a\\b",
        "files/abc",
        "files/../x",
        "files/ABCDEF",
        "records/000002.jsonl",
        "records/1.jsonl",
        "records/000001.jsonl/x",
        "other",
        "end",
        "manifest.json",
        "data/forgotten.again",
    ];
    for name in names {
        let mut forged = Forged::new();
        forged.put(name, b"x");
        assert!(matches!(refused(&forged.finished()), Error::Damaged(_)), "{name}");
    }
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Char,
        EntryType::Block,
        EntryType::Directory,
        EntryType::Fifo,
        EntryType::XHeader,
        EntryType::XGlobalHeader,
        EntryType::GNUSparse,
        EntryType::GNULongLink,
    ] {
        let mut forged = Forged::new();
        forged.raw("data/link", b"", 0, kind);
        assert!(matches!(refused(&forged.finished()), Error::Damaged(_)), "{kind:?}");
    }

    let mut twice = Forged::new();
    twice.put("data/a", b"1");
    twice.put("data/a", b"2");
    assert!(matches!(refused(&twice.finished()), Error::Damaged(_)));
    let mut late = Forged::new();
    late.put("data/a", b"1");
    late.put("records/000001.jsonl", line);
    assert!(matches!(refused(&late.finished()), Error::Damaged(_)));
    let mut renamed = Forged::new();
    renamed.put(&format!("files/{}", hex(&Sha256::digest(b"one"))), b"another");
    assert!(matches!(refused(&renamed.finished()), Error::Damaged(_)));
    assert!(matches!(refused(&Forged::empty().finished()), Error::Damaged(_)), "no manifest");
    let mut left_out = Forged::new();
    left_out.chain.add("data/secret", 1, &[0; 32]);
    assert!(matches!(refused(&left_out.finished()), Error::Damaged(_)), "an entry is missing");
    let mut nonsense = Forged::new();
    nonsense.put("records/000001.jsonl", b"{\"table\":\"unknown\",\"key\":\"61\",\"value\":1}\n");
    assert!(matches!(refused(&nonsense.finished()), Error::Damaged(_)));
    for bytes in [b"".as_slice(), b"PK\x03\x04", b"\x1f\x8b\x08\0\0\0\0\0\x04\xff", &[0; 4096]] {
        assert!(matches!(refused(bytes), Error::Damaged(_)));
    }
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    // A name of gigabytes would be read into memory.
    let mut name = Forged::new();
    let long = vec![b'a'; 1 << 20];
    name.raw("././@LongLink", &long, long.len() as u64, EntryType::GNULongName);
    assert!(matches!(refused(&name.finished()), Error::Damaged(_)));
    // So would records.
    let mut records = Forged::new();
    records.put("records/000001.jsonl", &vec![b'\n'; 32 << 20]);
    assert!(matches!(refused(&records.finished()), Error::Damaged(_)));
    // More than there is room for, by what it says of itself.
    let mut huge = Forged::new();
    huge.raw("data/huge", b"", 1 << 50, EntryType::Regular);
    assert!(matches!(refused(&huge.finished()), Error::Refused(_)));
    let mut padded = Forged::new().finished();
    let mut zeros = GzEncoder::new(Vec::new(), Compression::fast());
    zeros.write_all(&vec![0; 1 << 20]).unwrap();
    padded.extend(zeros.finish().unwrap());
    assert!(verified(&padded).is_err());
}

#[test]
fn what_a_newer_program_made_is_left_to_it() {
    let mut format = Forged::empty();
    format.manifest(2, newest_schema());
    assert!(matches!(refused(&format.finished()), Error::Newer(program) if program == "9.9"));
    let mut schema = Forged::empty();
    schema.manifest(1, newest_schema() + 1);
    assert!(matches!(refused(&schema.finished()), Error::Store(store::Error::Newer { .. })));
}

#[test]
fn two_restores_in_one_second_keep_what_each_has_replaced() {
    let (dir, backups) = house();
    let data = dir.path().join("data");
    let made = backups.make(now()).unwrap();
    drop(backups);
    let mut before = Vec::new();
    for _ in 0..2 {
        super::restore::prepare(&made.path, &Secret::default(), &data, now(), &|_| ()).unwrap();
        let finished = (0..200).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            finish(&data).ok()
        });
        before.push(finished.flatten().unwrap());
    }
    assert!(before[0] != before[1] && before.iter().all(|folder| folder.join("db").exists()), "{before:?}");
}

#[test]
fn a_start_that_is_cut_off_is_finished_by_the_next_one() {
    // Killed before the first step, and behind each of the others.
    for killed_after in 0..4 {
        let (dir, backups) = house();
        let data = dir.path().join("data");
        let made = backups.make(now()).unwrap();
        fs::write(data.join("later.txt"), "only in the present data").unwrap();
        assert!(!is_prepared(&data));
        backups.restore(&made.path, &Secret::default(), now()).unwrap();
        assert!(is_prepared(&data));
        assert!(matches!(finish(&data), Err(Error::Store(store::Error::InUse))), "somebody serves it");
        assert!(data.join("later.txt").exists() && is_prepared(&data));
        drop(backups);
        drop(opened(&data));
        let time = "20261127-191500";
        let (whole, moving) = (data.join(format!("restored-{time}")), data.join(format!("restoring-{time}")));
        let before = data.join(format!("before-restore-{time}"));
        if killed_after >= 1 {
            fs::create_dir(&before).unwrap();
            fs::rename(data.join("shutong.toml"), before.join("shutong.toml")).unwrap();
        }
        if killed_after >= 2 {
            for name in ["db", "files", "index", "articles", "later.txt"] {
                fs::rename(data.join(name), before.join(name)).unwrap();
            }
            fs::rename(&whole, &moving).unwrap();
        }
        if killed_after >= 3 {
            fs::rename(moving.join("db"), data.join("db")).unwrap();
        }
        let finished = (0..200).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            finish(&data).ok()
        });
        assert_eq!(finished.flatten().as_deref(), Some(before.as_path()), "{killed_after}");
        assert_eq!(finish(&data).unwrap(), None);
        assert!(before.join("later.txt").exists() && !data.join("later.txt").exists());
        assert!(data.join("log/shutong.log").exists() && made.path.exists(), "these stay");
        assert!(!whole.exists() && !moving.exists() && !data.join("index").exists());
        let store = opened(&data);
        assert_eq!(store.get(&COUNTS, &"things".to_owned()).unwrap(), Some(7));
        assert!(data.join("shutong.toml").exists() && data.join("articles/一").exists());
    }
}
