//! The screens of books over a socket: the list by its address, one book edited, many at once, duplicates, requests,
//! catalogues.

use std::time::Duration;

use serde_json::{Value, json};
use shutong::library::requests;
use shutong::store::Durability;

use super::browser::{Answer, Browser, Page};
use super::form;
use super::work::story;
use crate::support::book_builder::png;

async fn add(admin: &mut Browser, titles: &[&str]) -> Vec<u64> {
    let mut ids = Vec::new();
    for title in titles {
        let answer = admin.upload("/api/upload", &[("a.txt", story(title).as_bytes())]).await;
        ids.push(answer.json()["items"][0]["book"].as_u64().unwrap());
    }
    ids
}

#[track_caller]
fn has(answer: &Answer, status: u16, words: &str) {
    assert!(answer.status == status && answer.body.contains(words), "{} {}", answer.status, answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_what_its_address_says() {
    let (page, mut admin) = Page::with_admin().await;
    let ids = add(&mut admin, &["红楼梦", "西游记", "Emma"]).await;
    let listed = |books: &Value| -> Vec<u64> {
        books["books"].as_array().unwrap().iter().map(|book| book["id"].as_u64().unwrap()).collect()
    };
    let books = admin.get("/api/books?sort=title").await.json();
    assert_eq!(listed(&books), [ids[2], ids[0], ids[1]], "{books}");
    assert_eq!((&books["total"], &books["pages"]), (&json!(3), &json!(1)));
    assert!(listed(&admin.get("/api/books?format=epub").await.json()).is_empty());
    assert_eq!(listed(&admin.get("/api/books?lack=cover&sort=title").await.json()).len(), 3);
    assert_eq!(listed(&admin.get(&format!("/api/books?before={}", ids[2])).await.json()), [ids[1], ids[0]]);
    let html = admin.get("/books?lack=cover&sort=author").await;
    has(&html, 200, "name=\"id-1\"");
    assert!(html.body.contains("<option value=\"cover\" selected>"), "{}", html.body);
    has(&admin.get("/books?format=pdf").await, 200, "没有这样的书");
    let catalogue = "id\ttitle\tpath\n1\t目录里的书\t\n2\t秘密\t/etc/passwd\n".as_bytes();
    let imported = admin.upload("/api/catalogue", &[("书目.tsv", catalogue)]).await.json();
    assert_eq!((&imported["items"][0]["new"], &imported["items"][0]["failed"]), (&json!(1), &json!(1)), "{imported}");
    let why = imported["items"][0]["lines"][0]["error"].as_str().unwrap();
    assert!(why.contains("这一行写了文件路径"), "{imported}");
    assert_eq!(admin.upload("/api/catalogue", &[("x.csv", b"name\nx\n".as_slice())]).await.status, 422);
    has(&admin.get("/books?lack=file").await, 200, "目录里的书");
    assert!(!admin.get("/books").await.body.contains("目录里的书"), "it would hide what there is to read");
    page.app.library.index_changes().unwrap();
    has(&admin.get("/books?q=%E7%9B%AE%E5%BD%95").await, 200, "目录里的书");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_is_edited_and_gets_another_cover() {
    let (page, mut admin) = Page::with_admin().await;
    let id = add(&mut admin, &["红楼梦"]).await[0];
    let edit = |title: &str| {
        form(&[("title", title), ("authors", "曹雪芹\n高鹗"), ("language", "zh-CN"), ("description", "<b>一场梦")])
    };
    let refused = admin.form(&format!("/books/{id}/edit"), &edit(" ")).await;
    has(&refused, 422, "书要有书名");
    assert_eq!(admin.form(&format!("/books/{id}/edit"), &edit("石头记")).await.status, 303);
    let shown = admin.get(&format!("/books/{id}")).await;
    has(&shown, 200, "<h1>石头记</h1>");
    assert!(shown.body.contains("曹雪芹、高鹗") && shown.body.contains("&#60;b&#62;一场梦"), "{}", shown.body);
    let patched = admin.json(&format!("/api/books/{id}"), &json!({ "series": "四大名著" })).await.json();
    assert_eq!((&patched["book"]["series"], &patched["book"]["title"]), (&json!("四大名著"), &json!("石头记")));
    has(&admin.json(&format!("/api/books/{id}"), &json!({ "titel": "x" })).await, 422, "titel");
    has(&admin.json("/api/books/99", &json!({ "title": "x" })).await, 404, "");

    let cover = format!("/api/books/{id}/cover");
    has(&admin.upload(&cover, &[("x.png", b"no picture".as_slice())]).await, 422, "要 JPEG、PNG 或 WebP");
    assert_eq!(admin.upload(&cover, &[("x.png", png(120, 160).as_slice())]).await.status, 200);
    assert!(page.app.library.book(id).unwrap().unwrap().cover.is_some_and(|cover| !cover.drawn));
    assert_eq!(admin.form(&format!("/books/{id}/cover"), "do=drawn").await.status, 303);
    has(&admin.form(&format!("/books/{id}/cover"), "do=own").await, 422, "文件里都没有封面");

    assert_eq!(admin.form(&format!("/books/{id}/convert"), "format=epub").await.status, 303);
    for _ in 0..100 {
        let state = admin.get(&format!("/api/books/{id}")).await.json()["conversions"][0].clone();
        if state["state"] == "made" {
            assert_eq!(state["format"], "epub");
            has(&admin.form(&format!("/books/{id}/convert"), "format=exe").await, 422, "exe");
            has(&admin.form(&format!("/books/{id}/push"), "address=me%40kindle.com").await, 422, "[mail]");
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nothing was converted");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_books_are_changed_at_once() {
    let (page, mut admin) = Page::with_admin().await;
    let ids = add(&mut admin, &["甲书", "乙书", "丙书", "丁书"]).await;
    has(&admin.form("/books/bulk", "do=remove").await, 422, "勾选");
    let set = form(&[
        ("do", "set"),
        ("field", "language"),
        ("value", "EN_us"),
        ("id-1", "on"),
        ("id-2", "on"),
        ("id-99", "on"),
    ]);
    let answer = admin.form("/books/bulk", &format!("{set}&back=sort%3Dtitle")).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/books?sort=title")));
    has(&admin.get("/books").await, 200, "已修改 2 本书。 1 本没有成功");
    assert_eq!(page.app.library.book(ids[1]).unwrap().unwrap().language.as_deref(), Some("en-US"));
    let tagged = json!({ "do": "set", "ids": [ids[0]], "field": "subject", "value": "小说" });
    assert_eq!(admin.json("/api/books/bulk", &tagged).await.json()["done"], json!([ids[0]]));
    assert_eq!(page.app.library.book(ids[0]).unwrap().unwrap().subjects, ["小说"]);
    let wrong = json!({ "do": "set", "ids": [ids[0]], "field": "language", "value": "中文" });
    let failed = admin.json("/api/books/bulk", &wrong).await.json()["failed"][0].clone();
    assert!(failed["error"].as_str().unwrap().contains("zh-TW"), "{failed}");
    has(&admin.json("/api/books/bulk", &json!({ "do": "sell", "ids": [1] })).await, 422, "");

    let merged = admin.json("/api/books/bulk", &json!({ "do": "merge", "ids": [ids[1], ids[0]] })).await.json();
    assert_eq!(merged["done"], json!([ids[1]]), "into the one that came first");
    let number = merged["merges"][0].as_u64().unwrap();
    has(&admin.get("/books/duplicates").await, 200, &format!("/merges/{number}/undo"));
    assert_eq!(admin.form(&format!("/merges/{number}/undo"), "").await.status, 303);
    has(&admin.form(&format!("/merges/{number}/undo"), "").await, 422, "没有可以撤销的");

    assert_eq!(admin.form("/books/bulk", "do=remove&id-3=on&id-4=on").await.status, 303);
    has(&admin.get("/books/removed").await, 200, "name=\"id-4\"");
    has(&admin.form("/books/bulk", "do=delete&id-3=on&from=removed&confirm=yes").await, 422, "彻底删除");
    assert!(page.app.library.book(3).unwrap().is_some());
    let sure = form(&[("do", "delete"), ("id-3", "on"), ("from", "removed"), ("confirm", "彻底删除")]);
    let deleted = admin.form("/books/bulk", &sure).await;
    assert_eq!((deleted.status, deleted.header("location")), (303, Some("/books/removed")));
    assert!(page.app.library.book(3).unwrap().is_none());
    assert_eq!(admin.form("/books/bulk", "do=restore&id-4=on&from=removed").await.status, 303);
    assert!(page.app.library.book(4).unwrap().unwrap().is_shown());
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_and_requests_are_dealt_with() {
    let (page, mut admin) = Page::with_admin().await;
    let ids = add(&mut admin, &["红楼梦", "石头记"]).await;
    has(&admin.get("/books/duplicates").await, 200, "没有看起来相同的书");
    assert_eq!(admin.json(&format!("/api/books/{}", ids[1]), &json!({ "title": "红楼梦" })).await.status, 200);
    has(&admin.get("/books/duplicates").await, 200, "name=\"kept\" value=\"2\"");
    assert_eq!(admin.form("/books/duplicates", "do=apart&id-1=on&id-2=on&kept=1").await.status, 303);
    has(&admin.get("/books/duplicates").await, 200, "没有看起来相同的书");
    assert_eq!(admin.form("/books/duplicates", "do=merge&id-1=on&id-2=on&kept=2").await.status, 303);
    assert_eq!(page.app.library.book(1).unwrap().unwrap().merged_into, Some(2));

    let store = &page.app.store;
    for (who, what) in [("o1", "<三体>"), ("o2", "<三体>"), ("o1", "没有的书")] {
        let now = page.now();
        store.write(Durability::Durable, |write| requests::add(write, "safe", who, what, None, now)).unwrap();
    }
    store.write(Durability::Durable, |write| requests::count_miss(write, "无名之书", page.now())).unwrap();
    let shown = admin.get("/books/requests").await;
    has(&shown, 200, "&#60;三体&#62;");
    let list = admin.get("/api/requests").await.json();
    assert_eq!((&list["requests"][0]["count"], &list["misses"][0]["text"]), (&json!(2), &json!("无名之书")), "{list}");
    let key = |n: usize| list["requests"][n]["key"].as_str().unwrap().to_owned();
    has(&admin.form("/books/requests", &form(&[("do", "answer"), ("key", &key(0)), ("book", "x")])).await, 422, "编号");
    let answer = form(&[("do", "answer"), ("key", &key(0)), ("book", "#2")]);
    assert_eq!(admin.form("/books/requests", &answer).await.status, 303);
    assert_eq!(admin.form("/books/requests", &form(&[("do", "decline"), ("key", &key(1))])).await.status, 303);
    assert_eq!(admin.form("/books/requests", &form(&[("do", "enter"), ("text", "无名之书")])).await.status, 303);
    let left = admin.get("/api/requests").await.json();
    assert_eq!(left, json!({ "requests": [], "misses": [] }));
    has(&admin.get("/books?lack=file").await, 200, "无名之书");
}
