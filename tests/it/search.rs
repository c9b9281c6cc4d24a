//! The index over a small catalogue of well-known books.

use shutong::search::{BodyIndex, Confidence, Entry, Index, Opened, Options, Reason};
use std::path::Path;

/// Titles, authors and made-up popularity: common knowledge, written for this test.
const CATALOGUE: &str = include_str!("search-catalogue.tsv");

fn entries() -> Vec<Entry> {
    let row = |(id, line): (u64, &str)| {
        let mut columns = line.split('\t');
        let mut next = || columns.next().unwrap_or_default();
        let (title, author, popularity) = (next().to_owned(), next().to_owned(), next().parse().unwrap());
        Entry { id, title, authors: vec![author], popularity, ..Entry::default() }
    };
    (1u64..).zip(CATALOGUE.lines().filter(|line| !line.starts_with('#'))).map(row).collect()
}

fn filled(dir: &Path) -> Index {
    let index = Index::open(dir, Options::default()).unwrap().into_index();
    for entry in entries() {
        index.put(&entry).unwrap();
    }
    index.commit(7).unwrap();
    index
}

fn title(id: u64) -> String {
    entries().into_iter().find(|entry| entry.id == id).unwrap().title
}

fn first(index: &Index, text: &str) -> String {
    index.search(text, 10, 0).unwrap().hits.first().map(|hit| title(hit.id)).unwrap_or_default()
}

#[test]
fn every_kind_of_query_finds_its_book() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    for (text, wanted) in [
        ("围城", "围城"),
        ("《圍城》", "围城"),
        ("挪威的", "挪威的森林"),
        ("弥留之", "我弥留之际"),
        ("为城", "围城"),
        ("挪威的森琳", "挪威的森林"),
        ("挪威森林", "挪威的森林"),
        ("挪威的的森林", "挪威的森林"),
        ("挪的威森林", "挪威的森林"),
        ("霍乱时期的艾晴", "霍乱时期的爱情"),
        ("不朗运动", ""),
        ("nuoweidesenlin", "挪威的森林"),
        ("nuo wei de sen lin", "挪威的森林"),
        ("nuoweidesenln", "挪威的森林"),
        ("nwdsl", "挪威的森林"),
        ("NWDSL", "挪威的森林"),
        ("nuowei的森林", "挪威的森林"),
        ("changanluan", "长安乱"),
        ("三体3", "三体Ⅲ"),
        ("三体三", "三体Ⅲ"),
        ("一九八四", "1984"),
        ("1001夜", "一千零一夜"),
        ("围城 钱钟书", "围城"),
        ("钱钟书围城", "围城"),
        ("马尔克斯 百年孤独", "百年孤独"),
        ("前钟书 围城", "围城"),
        ("霍乱 马尔克斯", "霍乱时期的爱情"),
        ("有没有围城这本书？谢谢", "围城"),
        ("求 围城 epub", "围城"),
        ("三毛", "撒哈拉的故事"),
        ("东野圭吾的小说", "白夜行"),
        ("the great gatsby", "The Great Gatsby"),
        ("great gatsby", "The Great Gatsby"),
        ("Great Gatbsy", "The Great Gatsby"),
        ("graet gatsby", "The Great Gatsby"),
        ("Pride and", "Pride and Prejudice"),
        ("austen pride and prejudice", "Pride and Prejudice"),
        ("Animal Farm by George Orwell", "Animal Farm"),
        ("do you have moby dick?", "Moby Dick; Or, The Whale"),
    ] {
        assert_eq!(first(&index, text), wanted, "{text}");
    }
}

#[test]
fn confidence_and_format_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    let sure = index.search("求《追风筝的人》mobi", 10, 0).unwrap();
    assert_eq!((sure.confidence, sure.format.as_deref()), (Confidence::Sure, Some("mobi")));
    assert_eq!(sure.cleaned, "追风筝的人");
    let none = index.search("这是一本绝对不存在的书名呀呀呀", 10, 0).unwrap();
    assert_eq!((none.confidence, none.hits.len(), none.total), (Confidence::Nothing, 0, 0));
    assert_eq!(index.search("东野圭吾", 10, 0).unwrap().confidence, Confidence::Several);
}

#[test]
fn editions_share_a_line_and_volumes_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    let found = index.search("活着", 10, 0).unwrap();
    assert_eq!((title(found.hits[0].id).as_str(), found.hits[0].others.len()), ("活着", 1));
    let volumes: Vec<String> = index.search("品三国", 10, 0).unwrap().hits.iter().map(|hit| title(hit.id)).collect();
    assert_eq!(volumes[..2], ["品三国（上）", "品三国（下）"]);
}

#[test]
fn pages_never_overlap_whatever_the_segments() {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::open(dir.path(), Options::default()).unwrap().into_index();
    for id in 0..60u64 {
        index
            .put(&Entry {
                id,
                title: format!("唐诗选 {}", id % 30),
                authors: vec![format!("作者{id}")],
                ..Entry::default()
            })
            .unwrap();
        if id % 7 == 0 {
            index.commit(id).unwrap();
        }
    }
    index.commit(60).unwrap();
    let whole: Vec<u64> = index.search("唐诗选", 100, 0).unwrap().hits.iter().map(|hit| hit.id).collect();
    let page = |from| index.search("唐诗选", 9, from).unwrap().hits;
    let paged: Vec<u64> = (0..7).flat_map(|n| page(n * 9)).map(|hit| hit.id).collect();
    assert_eq!((whole.len(), &whole), (60, &paged));
    let mut once = whole.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), 60);
}

#[test]
fn changes_are_seen_after_the_commit_and_survive() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    let mut changed = entries().remove(0);
    changed.title = "全新的书名".to_owned();
    index.put(&changed).unwrap();
    index.delete(2).unwrap();
    let before = index.len();
    index.commit(8).unwrap();
    assert_eq!(index.len(), before - 1);
    assert_eq!(index.search("全新的书名", 1, 0).unwrap().hits[0].id, 1);
    assert!(index.search(&title(2), 9, 0).unwrap().hits.iter().all(|hit| hit.id != 2));
    drop(index);
    let Opened::Ready(index) = Index::open(dir.path(), Options::default()).unwrap() else { panic!("not ready") };
    assert_eq!((index.committed_sequence(), index.len()), (8, before - 1));
}

#[test]
fn a_rebuild_replaces_the_index_at_once_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    let mut unfinished = index.rebuild().unwrap();
    unfinished.put(&Entry { id: 900, title: "没写完".to_owned(), ..Entry::default() }).unwrap();
    assert_eq!(first(&index, "围城"), "围城");
    drop(unfinished);
    let mut rebuild = index.rebuild().unwrap();
    rebuild.put(&Entry { id: 901, title: "新的一本".to_owned(), ..Entry::default() }).unwrap();
    assert_eq!(first(&index, "围城"), "围城");
    rebuild.finish(42).unwrap();
    assert_eq!((index.len(), index.committed_sequence()), (1, 42));
    index.put(&Entry { id: 902, title: "再来一本".to_owned(), ..Entry::default() }).unwrap();
    index.commit(43).unwrap();
    drop(index);
    let Opened::Ready(index) = Index::open(dir.path(), Options::default()).unwrap() else { panic!("not ready") };
    assert_eq!((index.len(), index.committed_sequence()), (2, 43));
    let generations =
        std::fs::read_dir(dir.path()).unwrap().filter(|file| file.as_ref().unwrap().path().is_dir()).count();
    assert_eq!(generations, 1);
}

#[test]
fn damage_is_noticed_and_leads_to_an_empty_index() {
    let flip = |dir: &Path| {
        let store =
            files(dir).into_iter().find(|path| path.extension().is_some_and(|ending| ending == "term")).unwrap();
        let mut bytes = std::fs::read(&store).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x40;
        std::fs::write(&store, bytes).unwrap();
    };
    let cut = |dir: &Path| {
        let store =
            files(dir).into_iter().find(|path| path.extension().is_some_and(|ending| ending == "store")).unwrap();
        let half = std::fs::metadata(&store).unwrap().len() / 2;
        std::fs::File::options().write(true).open(&store).unwrap().set_len(half).unwrap();
    };
    let stub = |dir: &Path| {
        let store =
            files(dir).into_iter().find(|path| path.extension().is_some_and(|ending| ending == "store")).unwrap();
        std::fs::write(store, b"x").unwrap();
    };
    let meta = |dir: &Path| {
        let meta =
            files(dir).into_iter().find(|path| path.file_name().is_some_and(|name| name == "meta.json")).unwrap();
        std::fs::remove_file(meta).unwrap();
    };
    let damages: [&dyn Fn(&Path); 4] = [&flip, &cut, &stub, &meta];
    for damage in damages {
        let dir = tempfile::tempdir().unwrap();
        drop(filled(dir.path()));
        damage(dir.path());
        let Opened::Rebuild(index, Reason::Damaged(_)) = Index::open(dir.path(), Options::default()).unwrap() else {
            panic!("damage not noticed")
        };
        assert_eq!((index.len(), index.committed_sequence()), (0, 0));
        let aside = std::fs::read_dir(dir.path())
            .unwrap()
            .any(|file| file.unwrap().file_name().to_string_lossy().starts_with("index.bad-"));
        assert!(aside, "not kept aside");
        index.put(&entries()[0]).unwrap();
        index.commit(1).unwrap();
        assert_eq!(index.len(), 1);
    }
}

#[test]
fn another_version_and_a_first_start_ask_for_filling() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(Index::open(dir.path(), Options::default()).unwrap(), Opened::Rebuild(_, Reason::Missing)));
    drop(filled(dir.path()));
    let current = dir.path().join("current");
    let text = std::fs::read_to_string(&current).unwrap();
    std::fs::write(&current, text.replace("folding ", "folding 9")).unwrap();
    assert!(matches!(Index::open(dir.path(), Options::default()).unwrap(), Opened::Rebuild(_, Reason::Version)));
}

#[test]
fn a_killed_process_leaves_nothing_in_the_way() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    let generation = files(dir.path())[0].parent().unwrap().to_owned();
    std::fs::write(generation.join(".tmpAbC123"), b"torn").unwrap();
    // The file of deletions that the next commit would write, noted as the engine's own but never committed.
    let listed = generation.join(".managed.json");
    let mut managed: Vec<String> = serde_json::from_slice(&std::fs::read(&listed).unwrap()).unwrap();
    let store = managed.iter().find_map(|name| name.strip_suffix(".store"));
    let segment = store.unwrap().to_owned();
    for stamp in 1..1000 {
        let name = format!("{segment}.{stamp}.del");
        std::fs::write(generation.join(&name), b"torn").unwrap();
        managed.push(name);
    }
    std::fs::write(&listed, serde_json::to_vec(&managed).unwrap()).unwrap();
    std::fs::create_dir(dir.path().join("gen-99")).unwrap();
    let Opened::Ready(index) = Index::open(dir.path(), Options::default()).unwrap() else { panic!("not ready") };
    index.delete(1).unwrap();
    index.commit(9).unwrap();
    assert!(!generation.join(".tmpAbC123").exists());
    index.rebuild().unwrap().finish(10).unwrap();
    assert!(!dir.path().join("gen-99").exists() && index.is_empty());
}

#[test]
fn any_text_is_answered_quickly() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    let started = std::time::Instant::now();
    for text in [
        String::new(),
        " \n\t".to_owned(),
        "长".repeat(100_000),
        "a".repeat(100_000),
        "a ".repeat(50_000),
        "《".repeat(50_000),
        "\u{0}\u{1}\u{7f}\u{202e}".to_owned(),
        "👍👨‍👩‍👧‍👦".to_owned(),
        "\u{301}\u{301}".to_owned(),
        "title:(x AND \"y\" OR *) /[a-z]+/ ~2".to_owned(),
        "1".repeat(500),
        "十百千万一二三零〇".repeat(50),
        "\u{10FFFF}\u{E000}".to_owned(),
        "ﷺ".repeat(300),
        "e\u{301}".repeat(400),
        ")(（）】【".to_owned(),
    ] {
        let found = index.search(&text, 10, 0).unwrap();
        assert!(found.hits.len() <= 10);
        index.search(&text, 0, usize::MAX).unwrap();
    }
    let hostile = Entry {
        id: 999,
        title: "\n\t\u{1f}（".repeat(5000),
        aliases: vec![String::new(); 100],
        authors: vec!["/".repeat(999)],
        ..Entry::default()
    };
    index.put(&hostile).unwrap();
    index.commit(8).unwrap();
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}

#[test]
fn other_names_and_series_find_a_book() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    let entry = Entry {
        id: 500,
        title: "The Three-Body Problem".to_owned(),
        aliases: vec!["地球往事".to_owned()],
        authors: vec!["Liu Cixin".to_owned()],
        series: Some("Remembrance of Earth's Past".to_owned()),
        ..Entry::default()
    };
    index.put(&entry).unwrap();
    index.commit(8).unwrap();
    assert_eq!(index.search("地球往事", 1, 0).unwrap().hits[0].id, 500);
    assert_eq!(index.search("diqiuwangshi", 1, 0).unwrap().hits[0].id, 500);
    assert_eq!(index.search("Three Body Problem Liu Cixin", 1, 0).unwrap().hits[0].id, 500);
}

#[test]
fn the_text_of_books_is_searched_by_chapter() {
    let dir = tempfile::tempdir().unwrap();
    let body = BodyIndex::open(dir.path(), 1000, Options::default()).unwrap();
    assert!(body.put_book(1, &["話說劉玄德三顧茅廬。", "玄德见孔明，玄德大喜。"]).unwrap());
    assert!(body.put_book(2, &["Call me Ishmael. 玄 与 德"]).unwrap());
    assert!(!body.put_book(3, &["太长".repeat(500).as_str()]).unwrap());
    body.commit().unwrap();
    let hits = body.search("玄德", 10).unwrap();
    assert_eq!(hits.len(), 1);
    assert_eq!((hits[0].book, hits[0].chapter, hits[0].count), (1, 1, 2));
    assert!(hits[0].highlights.iter().all(|range| &hits[0].snippet[range.clone()] == "玄德"));
    assert_eq!(body.search("刘玄德 茅庐", 10).unwrap()[0].chapter, 0);
    assert_eq!(body.search("ISHMAEL", 10).unwrap()[0].book, 2);
    for text in ["", "德", "没有这个", "👍", "\"", "a".repeat(9999).as_str()] {
        assert!(body.search(text, 10).unwrap().is_empty(), "{text}");
    }
    body.delete(1).unwrap();
    body.commit().unwrap();
    let bytes = body.bytes();
    drop(body);
    let body = BodyIndex::open(dir.path(), 1000, Options::default()).unwrap();
    assert_eq!(body.bytes(), bytes);
    assert!(body.search("玄德", 10).unwrap().is_empty() && !body.search("ishmael", 10).unwrap().is_empty());
}

#[test]
fn a_writer_that_is_just_being_let_go_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let open = || BodyIndex::open(dir.path(), 1000, Options::default());
    let first = open().unwrap();
    let letting_go = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(100));
        drop(first);
    });
    assert!(open().is_ok());
    letting_go.join().unwrap();
}

#[test]
fn a_damaged_index_of_bodies_is_noticed_later_and_filled_again() {
    let dir = tempfile::tempdir().unwrap();
    let open = || BodyIndex::open(dir.path(), 1000, Options::default()).unwrap();
    let fill = |body: &BodyIndex| {
        body.clear().unwrap();
        assert!(body.put_book(1, &["玄德见孔明，玄德大喜。"]).unwrap());
        body.commit().unwrap();
        assert_eq!((body.must_be_filled(), body.bytes()), (false, 33));
        assert_eq!(body.search("玄德", 10).unwrap().len(), 1);
    };
    let body = open();
    assert!(body.must_be_filled(), "it is new");
    fill(&body);
    body.put_book(2, &["没有提交"]).unwrap();
    fill(&body);
    drop(body);
    assert!(!open().must_be_filled());
    for kind in ["store", "idx", "term", "pos", "fast"] {
        let files = std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().path());
        let file = files.into_iter().find(|path| path.extension().is_some_and(|extension| extension == kind)).unwrap();
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[0] ^= 1;
        std::fs::write(&file, bytes).unwrap();
        let body = open();
        assert!(body.must_be_filled(), "{kind}");
        fill(&body);
    }
}

/// All files of the generation in use.
fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let current = std::fs::read_to_string(dir.join("current")).unwrap();
    let generation = dir.join(current.lines().next().unwrap());
    std::fs::read_dir(generation).unwrap().map(|file| file.unwrap().path()).collect()
}
