//! The rules that the source is held to, read from the source itself. The map is `src/lib.rs`: its modules stand in
//! paragraphs, and a module uses only those of earlier paragraphs. The judge is judged too, on made-up sources: a
//! judge that finds nothing wrong anywhere would otherwise look just as green.

mod reading;

use std::fs;
use std::path::Path;

use reading::{Source, longest_climb, names, uses_of_crate};

/// Crates that only these rooms may name. Replacing an engine is one room's work.
const ENGINES: &[(&str, &[&str])] = &[
    ("sled", &["store"]),
    ("tantivy", &["search"]),
    ("lettre", &["mail"]),
    ("warp", &["server"]),
    ("hyper", &["server"]),
    ("hyper_util", &["server"]),
    ("zip", &["book"]),
    ("scraper", &["book"]),
    ("html5ever", &["crawler"]),
    ("roxmltree", &["article", "book", "crawler", "wechat"]),
    ("reqwest", &["http", "wechat"]),
    ("log4rs", &["logging"]),
    ("clap", &["cli"]),
];
/// Rooms that wait for disks and processors, never for sockets.
const SYNCHRONOUS: &[&str] = &["book", "store", "search", "library", "reply"];
/// Who may read which clock.
const CLOCKS: &[(&str, &[&str])] = &[
    ("Utc", &["clock"]),
    ("Local", &["clock"]),
    ("SystemTime", &["clock"]),
    // Measures how long something takes, and never what time it is.
    ("Instant", &["server", "cli"]),
];
const PRINTING: &[&str] = &["print", "println", "eprint", "eprintln"];
/// Left behind while writing.
const UNFINISHED: &[&str] = &["todo", "dbg", "unimplemented"];
/// Names that say nothing. A helper lives with the one who needs it.
const EMPTY_NAMES: &[&str] =
    &["util", "utils", "common", "helper", "helpers", "manager", "managers", "service", "services", "types", "misc"];
/// State that no function's parameters tell of.
const GLOBALS: &[&str] = &["OnceLock", "lazy_static", "thread_local"];
/// Where a `static LazyLock` is allowed: the dictionaries of search, which are constant data, compiled in.
const DICTIONARIES: &str = "search";
const PLATFORM: &str = "api.weixin.qq.com";
/// In lines. Longer tables belong into `assets/`.
const LONGEST: usize = 400;

#[test]
fn the_source_keeps_the_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = fs::read_to_string(root.join("src/lib.rs")).unwrap();
    let sources = sources_under(&root.join("src"));
    assert!(sources.len() > 50, "only {} files were read", sources.len());
    let broken: Vec<String> = sources.iter().flat_map(|source| judge(source, &map)).collect();
    assert!(broken.is_empty(), "{} rules are broken:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn every_test_is_in_the_table_of_contents() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let contents = fs::read_to_string(folder.join("main.rs")).unwrap();
    let mut broken = Vec::new();
    for source in sources_under(&folder) {
        let is_listed = contents.contains(&format!("mod {};", source.room())) || source.path == "main.rs";
        if !is_listed {
            broken.push(format!("{} is no module of main.rs, so none of its tests runs", source.path));
        }
    }
    for line in contents.lines().filter(|line| line.starts_with("mod ")) {
        if !line.contains("; // ") {
            broken.push(format!("main.rs does not say what belongs into `{line}`"));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn sources_under(folder: &Path) -> Vec<Source> {
    let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
    files
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "rs"))
        .map(|file| {
            let path = file.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            Source::new(&path, &fs::read_to_string(file.path()).unwrap())
        })
        .collect()
}

/// Every rule that this file breaks, a line each.
fn judge(source: &Source, map: &str) -> Vec<String> {
    let mut broken = Vec::new();
    out_of_order(source, map, &mut broken);
    beyond_the_room(source, &mut broken);
    spoken_names(source, &mut broken);
    code_names(source, &mut broken);
    empty_name(source, &mut broken);
    too_long(source, &mut broken);
    if !source.text.starts_with("//!") {
        broken.push(format!("{}: no `//!` says what the file is for", source.path));
    }
    broken
}

/// The paragraph of a module in the map, from 0.
fn paragraph_of(map: &str, module: &str) -> Option<usize> {
    let mut paragraph = 0;
    let mut was_blank = true;
    let mut has_begun = false;
    for line in map.lines() {
        let declared = line.trim_start_matches("pub ").strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'));
        if let Some(declared) = declared {
            paragraph += usize::from(was_blank && has_begun);
            (has_begun, was_blank) = (true, false);
            if declared == module {
                return Some(paragraph);
            }
        }
        was_blank |= line.trim().is_empty();
    }
    None
}

fn out_of_order(source: &Source, map: &str, broken: &mut Vec<String>) {
    let room = source.room();
    if matches!(source.path.as_str(), "lib.rs" | "main.rs") {
        return;
    }
    let Some(own) = paragraph_of(map, room) else {
        broken.push(format!("{}: lib.rs declares no module {room}", source.path));
        return;
    };
    for (line, used) in uses_of_crate(&source.code) {
        let is_earlier = paragraph_of(map, &used).is_some_and(|other| other < own);
        if used != room && !is_earlier {
            broken.push(format!(
                "{}:{line}: {room} uses {used}, which stands in no earlier paragraph of lib.rs",
                source.path
            ));
        }
    }
}

/// `super::` that leads out of the room is a way around the order.
fn beyond_the_room(source: &Source, broken: &mut Vec<String>) {
    if let Some((climb, line)) = longest_climb(source.production())
        && climb >= source.depth()
        && source.path != "lib.rs"
    {
        broken.push(format!("{}:{line}: `super` leads out of the room; write `crate::…`", source.path));
    }
}

fn spoken_names(source: &Source, broken: &mut Vec<String>) {
    let lines = source.spoken.lines().enumerate();
    for (number, _) in lines.filter(|(_, line)| line.contains(PLATFORM)) {
        if source.path != "config.rs" {
            broken.push(format!("{}:{}: only config.rs names {PLATFORM}", source.path, number + 1));
        }
    }
}

fn code_names(source: &Source, broken: &mut Vec<String>) {
    let room = source.room();
    let among = |rooms: &[&str]| rooms.contains(&room);
    for name in names(source.production()) {
        let mut is_wrong = |what: &str| broken.push(format!("{}:{}: {what}", source.path, name.line));
        let text = name.text;
        if let Some((_, rooms)) = ENGINES.iter().find(|(engine, _)| *engine == text)
            && name.is_crate()
            && !among(rooms)
        {
            is_wrong(&format!("only {} names {text}", rooms.join(" and ")));
        }
        if among(SYNCHRONOUS) && matches!(text, "async" | "await" | "tokio" | "futures_util") {
            is_wrong(&format!("{room} is synchronous; `{text}` belongs to whoever waits for sockets"));
        }
        let reads_clock = name.behind.starts_with("::now");
        if let Some((_, rooms)) = CLOCKS.iter().find(|(clock, _)| *clock == text && reads_clock)
            && !among(rooms)
        {
            is_wrong(&format!("only {} reads {text}::now; take the time as an argument", rooms.join(" and ")));
        }
        let prints = PRINTING.contains(&text) && name.is_macro();
        let is_function = name.behind.starts_with('(') && !name.before.trim_end().ends_with('.');
        let holds_stream = matches!(text, "stdout" | "stderr") && is_function;
        if (prints || holds_stream) && room != "cli" {
            is_wrong("only cli prints; log it, or return it");
        }
        if UNFINISHED.contains(&text) && name.is_macro() {
            is_wrong(&format!("{text}! is left"));
        }
        let is_static = text == "static" && !name.is_lifetime();
        let is_dictionary =
            room == DICTIONARIES && name.behind.lines().next().is_some_and(|line| line.contains("LazyLock<"));
        if GLOBALS.contains(&text) || (is_static && !is_dictionary) {
            is_wrong(&format!("`{text}` makes a global; put it into App and hand it down"));
        }
    }
}

fn empty_name(source: &Source, broken: &mut Vec<String>) {
    let inline = names(&source.code).filter(|name| name.before.trim_end().ends_with("mod"));
    let parts = source.path.split('/').map(|part| part.trim_end_matches(".rs"));
    for name in parts.chain(inline.map(|name| name.text)) {
        if EMPTY_NAMES.contains(&name) {
            broken.push(format!("{}: a module called {name} says nothing", source.path));
        }
    }
}

fn too_long(source: &Source, broken: &mut Vec<String>) {
    let lines = source.text.lines().count();
    if lines > LONGEST {
        broken.push(format!("{}: {lines} lines, more than {LONGEST}", source.path));
    }
}

/// The judge, judged.
mod the_judge {
    use super::*;

    const MAP: &str = "//! Rooms.\n\npub mod clock;\npub mod http;\n\npub mod book;\npub mod store;\npub mod search;\n\n\
                       pub mod library;\n\npub mod config;\n\npub mod server;\n\npub mod cli;\n";

    /// What the judge says of this source, which is given without its `//!`.
    #[track_caller]
    fn check(path: &str, source: &str, expected: Option<&str>) {
        let broken = judge(&Source::new(path, &format!("//! Why.\n{source}")), MAP);
        match expected {
            None => assert!(broken.is_empty(), "{source}: {broken:?}"),
            Some(sentence) => {
                assert!(broken.len() == 1 && broken[0].contains(sentence), "{source}: {broken:?}, not {sentence:?}");
            }
        }
    }

    #[test]
    fn sees_what_is_out_of_order() {
        check("library/add.rs", "use crate::store::Store;\nuse crate::library::Library;", None);
        check("store/mod.rs", "use crate::library::Library;", Some("store/mod.rs:2: store uses library"));
        check("book/epub.rs", "fn f() { crate::store::open() }", Some("book uses store"));
        check("book.rs", "use crate::{clock::Clock, store::{Store, Files}};", Some("book uses store"));
        check("library.rs", "use crate::{clock::Clock, store::{self, config}};", None);
        check("book.rs", "#[cfg(test)]\nmod tests {\nuse crate::server::x;\n}", Some("book uses server"));
        check("book.rs", "/// See [`crate::server`].\nfn f() -> &'static str { \"crate::server\" }", None);
        check("attic.rs", "", Some("lib.rs declares no module attic"));
        check("store/table.rs", "use super::Key;", None);
        check("store/table.rs", "use super::super::server::x;", Some("leads out of the room"));
        check("config.rs", "use super::cli::x;\n", Some("leads out of the room"));
        check("config.rs", "#[cfg(test)]\nmod tests { use super::*; }", None);
    }

    #[test]
    fn sees_engines_outside_their_rooms() {
        check("store/engine.rs", "use sled::Db;", None);
        check("library/add.rs", "fn f(db: &sled::Db) {}", Some("only store names sled"));
        check("library/add.rs", "use tantivy::Index;", Some("only search names tantivy"));
        check("cli/x.rs", "use warp;", Some("only server names warp"));
        check("cli/x.rs", "use hyper_util::rt::TokioIo;", Some("only server names hyper_util"));
        check("server/x.rs", "fn f() { a.iter().zip(b); let sled = 1; std::iter::zip(a, b); }", None);
        check("server/x.rs", "fn f() { zip::ZipArchive::new(x); }", Some("only book names zip"));
        check("server/x.rs", "use lettre::Message;", Some("only mail names lettre"));
        check("library/x.rs", "use reqwest::Client;", Some("only http and wechat names reqwest"));
        check("library/x.rs", "// sled::Db\nconst S: &str = r#\"sled::Db \" tantivy::x\"#;", None);
    }

    #[test]
    fn sees_async_where_nothing_waits_for_sockets() {
        check("server/x.rs", "async fn f() { g().await }", None);
        check("store/x.rs", "async fn f() {}", Some("`async`"));
        check("search/x.rs", "use tokio::spawn;", Some("`tokio`"));
        check("library/x.rs", "// asynchronous\nfn f(asynchronous: u8) {}", None);
    }

    #[test]
    fn sees_clocks_prints_and_globals() {
        check("clock.rs", "fn f() { Utc::now(); }", None);
        check("server/x.rs", "fn f() { let started = Instant::now(); }", None);
        check("library/x.rs", "fn f() { Utc::now(); }", Some("only clock reads Utc::now"));
        check("server/x.rs", "fn f() { std::time::SystemTime::now(); }", Some("SystemTime::now"));
        check("store/x.rs", "fn f() { Instant::now(); }", Some("Instant::now"));
        check("cli/x.rs", "fn f() { println!(\"{}\", 1); }", None);
        check("store/x.rs", "fn f() { eprintln!(\"{}\", 1); }", Some("only cli prints"));
        check("server/x.rs", "fn f() { std::io::stdout().flush(); }", Some("only cli prints"));
        check("server/x.rs", "fn f() { command.stdout(Stdio::null()); }", None);
        check("server/x.rs", "fn f() { todo!() }", Some("todo! is left"));
        check("server/x.rs", "static SEEN: AtomicU64 = AtomicU64::new(0);", Some("`static` makes a global"));
        check("server/x.rs", "static WORDS: LazyLock<Words> = LazyLock::new(f);", Some("`static` makes a global"));
        check("search/x.rs", "static SEEN: AtomicU64 = AtomicU64::new(0);", Some("`static` makes a global"));
        check("search/x.rs", "static WORDS: LazyLock<Words> = LazyLock::new(f);", None);
        check("server/x.rs", "fn f(x: &'static str) { let c = '\"'; }", None);
        check("library.rs", "fn f() -> String { OnceLock::new() }", Some("OnceLock"));
        check("library.rs", "#[cfg(test)]\nmod tests { fn f() { Utc::now(); } }", None);
    }

    #[test]
    fn sees_names_hosts_and_length() {
        check("config.rs", "const P: &str = \"https://api.weixin.qq.com\";", None);
        check("http.rs", "const P: &str = \"https://api.weixin.qq.com\";", Some("only config.rs names"));
        check("http.rs", "/* api.weixin.qq.com /* nested */ */", None);
        check("library/util.rs", "", Some("a module called util says nothing"));
        check("library/types/mod.rs", "", Some("a module called types says nothing"));
        check("library.rs", "mod helpers;", Some("a module called helpers says nothing"));
        check("library.rs", &"\n".repeat(400), Some("401 lines"));
        let unexplained = judge(&Source::new("library.rs", "fn f() {}"), MAP);
        assert!(unexplained.len() == 1 && unexplained[0].contains("says what the file is for"), "{unexplained:?}");
    }
}
