//! Titles and names as sites write them.

use super::{author, is_same_work, title};

#[test]
fn titles_lose_what_is_about_the_site() {
    for (raw, expected) in [
        ("《三体》全文阅读_刘慈欣_某某小说网", "三体"),
        ("三体最新章节列表,三体全文阅读 - 某某阅读网", "三体"),
        ("三体TXT下载", "三体"),
        ("三体小说txt全集下载", "三体"),
        ("三体（校对版全本）", "三体"),
        ("【完结】三体（精校版）作者：刘慈欣", "三体"),
        ("三体 作者:刘慈欣", "三体"),
        ("《三体》 文/刘慈欣", "三体"),
        ("三体-刘慈欣-笔趣阁", "三体"),
        ("三体 | Example", "三体"),
        ("三体.txt", "三体"),
        ("三体 2026-05-01", "三体"),
        ("三体(2026年5月1日更新)", "三体"),
        (" \u{FEFF}三\u{200B}体\n", "三体"),
        ("Emma - Free eBook", "Emma"),
        ("Emma, written by Jane Austen", "Emma"),
    ] {
        assert_eq!(title(raw), expected, "{raw}");
    }
}

#[test]
fn what_may_belong_to_a_title_stays() {
    for raw in [
        "《红楼梦》研究",
        "鲁迅全集",
        "1984",
        "2001太空漫游",
        "Catch-22",
        "Dune - Messiah",
        "三体Ⅲ：死神永生",
        "中国小说",
        "沉默的大多数（修订版）",
        "下载",
        "全文阅读",
        "（完结）",
        "散文/诗",
        "____",
        "盗墓笔记-七星鲁王宫",
        "Stand by Me",
    ] {
        assert_eq!(title(raw), raw, "{raw}");
    }
    assert_eq!((title(""), title("  ")), (String::new(), "  ".to_owned()));
}

#[test]
fn names_lose_labels_and_years() {
    for (raw, expected) in [
        ("作者：刘慈欣", "刘慈欣"),
        ("作 者： 刘慈欣 更新时间：2026-05-01", "刘慈欣"),
        ("刘慈欣 著", "刘慈欣"),
        ("[美] 海明威", "海明威"),
        ("（清）曹雪芹 著", "曹雪芹"),
        ("刘慈欣的小说_某某网", "刘慈欣"),
        ("by Jane Austen", "Jane Austen"),
        ("Author: Jane Austen", "Jane Austen"),
        ("Austen, Jane, 1775-1817", "Austen, Jane"),
        ("Zweig, Stefan (1881–1942)", "Zweig, Stefan"),
        ("文/刘慈欣", "刘慈欣"),
        ("Byron", "Byron"),
        ("作者不详", "作者不详"),
        ("作家出版社", "作家出版社"),
        ("李著", "李著"),
        ("著", "著"),
        ("作者：", "作者"),
        ("Authorson", "Authorson"),
        ("Malcolm X (1925)", "Malcolm X (1925)"),
    ] {
        assert_eq!(author(raw), expected, "{raw}");
    }
}

#[test]
fn the_same_work_and_not_one_that_has_its_words() {
    for (asked, found, by) in [
        ("三体", "三体", "刘慈欣"),
        ("《三體》", "三体（校对版）", "刘慈欣"),
        ("刘慈欣 三体", "三体", "刘慈欣"),
        ("三体刘慈欣", "三体", "作者：刘慈欣"),
        ("刘慈欣的三体", "三体", "刘慈欣"),
        ("The Hobbit Tolkien", "The Hobbit", "Tolkien"),
        ("tolkien hobbit", "The Hobbit", "Tolkien"),
        ("红楼梦 高鹗", "红楼梦", "曹雪芹、高鹗"),
        ("三体 作者：刘慈欣", "三体", ""),
    ] {
        assert!(is_same_work(asked, found, by), "{asked}");
    }
    for (asked, found, by) in [
        ("三体", "三体全集", "刘慈欣"),
        ("三体", "三体X", "宝树"),
        ("红楼梦", "《红楼梦》研究", "俞平伯"),
        ("刘慈欣", "三体", "刘慈欣"),
        ("", "三体", "刘慈欣"),
        ("！！", "？？", ""),
        ("三体 王某", "三体", "刘慈欣"),
    ] {
        assert!(!is_same_work(asked, found, by), "{asked} {found}");
    }
}

#[test]
fn nothing_is_emptied_and_nothing_breaks() {
    let parts = [
        "《",
        "》",
        "（",
        "）",
        "作者：",
        "全文阅读",
        "_",
        "-",
        " ",
        "三",
        "İ",
        "ß",
        "2026-05-01",
        "著",
        "[美]",
        "\u{0}",
        "文/",
        "|",
        "txt下载",
        "小说",
    ];
    let mut state = 5_usize;
    for _ in 0..5_000 {
        let mut raw = String::new();
        for _ in 0..8 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            raw.push_str(parts[(state >> 33) % parts.len()]);
        }
        assert!(!title(&raw).is_empty() && !author(&raw).is_empty(), "{raw}");
        let _ = is_same_work(&raw, &raw, &raw);
    }
    let long = "（".repeat(100_000) + &"作者：".repeat(100_000);
    assert!(title(&long).chars().count() <= 300 && author(&long).chars().count() <= 300);
}
