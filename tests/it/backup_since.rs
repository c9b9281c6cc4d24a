//! What happened after a backup was made, and is not undone when it is put back: books taken down stay so, letters that
//! have gone out do not go again. And what the service has outside its data folder.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::support::binary::Home;
use crate::support::book_builder::BookBuilder;
use crate::support::smtp_sink::SmtpSink;

/// Adds a book and gives its number.
fn add(home: &Home, title: &str) -> String {
    let book = home.file(&format!("{title}.epub"), &BookBuilder::new(title).build());
    home.done(&["book", "add", book.to_str().unwrap()]);
    let books = home.json(&["book", "list"])["books"].as_array().unwrap().clone();
    books.iter().find(|book| book["title"] == title).unwrap()["id"].to_string()
}

fn titles(home: &Home) -> Vec<String> {
    let listed = home.json(&["book", "list"]);
    let mut titles: Vec<String> =
        listed["books"].as_array().unwrap().iter().map(|book| book["title"].as_str().unwrap().to_owned()).collect();
    titles.sort();
    titles
}

fn back_up(home: &Home) -> PathBuf {
    home.done(&["backup", "before.tar.gz"]);
    home.folder().join("before.tar.gz")
}

#[test]
fn a_book_taken_down_since_stays_down_until_it_is_lifted_again() {
    let home = Home::new();
    let (stays, goes) = (add(&home, "活着"), add(&home, "三体"));
    home.done(&["book", "take-down", &add(&home, "早已下架"), "--reason", "before the backup"]);
    let file = back_up(&home);
    home.done(&["book", "take-down", &goes, "--reason", "somebody has the rights"]);
    home.done(&["book", "take-down", &stays, "--reason", "by mistake"]);
    home.done(&["book", "lift", &stays]);
    let later = add(&home, "后来的书");
    home.done(&["book", "take-down", &later, "--reason", "it came and went"]);
    let again = home.folder().join("三体.epub");
    let is_held = |home: &Home| {
        assert_eq!(titles(home), ["活着"]);
        let refused = home.run(&["book", "add", again.to_str().unwrap()]);
        assert!(refused.err.contains("somebody has the rights"), "{refused:?}");
        let standing = home.json(&["book", "take-downs"]).to_string();
        assert!(standing.contains("三体") && standing.contains("早已下架") && !standing.contains("活着"), "{standing}");
    };
    // In place, twice: what one restore knows the next one knows, too; and beside.
    for _ in 0..2 {
        home.done(&["restore", "--yes", file.to_str().unwrap()]);
        is_held(&home);
    }
    let beside = Home::new();
    home.done(&["restore", file.to_str().unwrap(), "--into", beside.data().to_str().unwrap()]);
    is_held(&beside);
    // A book that comes now gets another number than the one that was taken down.
    let fresh = add(&home, "新书");
    home.done(&["book", "take-down", &fresh, "--reason", "another"]);
    assert!(fresh != later && fresh != goes, "{fresh}");
    home.done(&["book", "lift", &goes]);
    home.done(&["restore", "--yes", file.to_str().unwrap()]);
    assert!(titles(&home).contains(&"三体".to_owned()), "lifted, and back with the backup");
}

#[test]
fn a_letter_that_has_gone_out_since_does_not_go_again() {
    let sink = SmtpSink::start();
    let mail =
        format!("[mail]\nfrom = \"books@example.com\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n", sink.port());
    let home = Home::with(&mail);
    let book = add(&home, "三体");
    home.done(&["kindle", "send", &book, "reader@kindle.com"]);
    let file = back_up(&home);
    let arrived = |count: usize| {
        let deadline = Instant::now() + Duration::from_secs(60);
        while sink.letters().len() < count {
            assert!(Instant::now() < deadline, "{} letters", sink.letters().len());
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let service = home.serve(&[]);
    arrived(1);
    service.stop();

    home.done(&["restore", "--yes", file.to_str().unwrap()]);
    let service = home.serve(&[]);
    let listed = home.json(&["kindle", "list"]);
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    assert!(listed.to_string().contains("failed") && listed.to_string().contains("restored"), "{listed}");
    assert!(home.done(&["kindle", "retry-failed"]).starts_with("0 "), "not all at once");
    // A letter that is asked for now goes out, and that one alone: it would stand behind the held one.
    let other = add(&home, "活着");
    home.done(&["kindle", "send", &other, "reader@kindle.com"]);
    arrived(2);
    assert_eq!(sink.letters()[1].subject(), "《活着》");
    home.done(&["kindle", "retry", &listed[0]["id"].to_string()]);
    arrived(3);
    service.stop();
}

#[test]
fn a_configuration_elsewhere_is_packed_and_what_is_not_is_told() {
    let home = Home::new();
    let book = home.file("三体.epub", &BookBuilder::new("三体").build());
    fs::create_dir(home.folder().join("etc")).unwrap();
    fs::create_dir(home.folder().join("media")).unwrap();
    let secret = home.file("etc/passphrase", b"correct horse\n");
    let media = home.folder().join("media");
    let text = format!("[media]\nfolder = \"{}\"\n[backup]\npassphrase_file = \"passphrase\"\n", media.display());
    let configuration = home.file("etc/shutong.toml", text.as_bytes());
    for path in [&secret, &configuration] {
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
    let with = ["--config", configuration.to_str().unwrap()];
    home.done(&[&with, ["book", "add", book.to_str().unwrap()].as_slice()].concat());
    let made = home.run(&[&with, ["backup", "whole.tar.gz", "--json"].as_slice()].concat());
    assert_eq!(made.code, Some(0), "{made:?}");
    let contents: serde_json::Value = serde_json::from_str(&made.out).unwrap();
    let outside = contents["contents"]["outside"].as_array().unwrap();
    assert_eq!(outside.len(), 2, "{outside:?}");
    for path in [&media, &secret] {
        assert!(outside.contains(&path.to_str().unwrap().into()), "{outside:?}");
        assert!(made.err.contains(&format!("{} is not in the backup", path.display())), "{made:?}");
    }
    let new = Home::new();
    new.done(&["restore", home.folder().join("whole.tar.gz").to_str().unwrap()]);
    assert_eq!(fs::read_to_string(new.data().join("shutong.toml")).unwrap(), text);

    // One in the data folder that is not used is not packed in the other's place.
    home.configure("language = \"en\"\n");
    let made = home.run(&[&with, ["backup", "second.tar.gz"].as_slice()].concat());
    assert!(made.err.contains("data/shutong.toml is not in the backup"), "{made:?}");
    let newer = Home::new();
    newer.done(&["restore", home.folder().join("second.tar.gz").to_str().unwrap()]);
    assert_eq!(fs::read_to_string(newer.data().join("shutong.toml")).unwrap(), text);
    // What is all in one place is all in the backup.
    add(&home, "活着");
    let plain = home.run(&["backup", "plain.tar.gz"]);
    assert!(plain.code == Some(0) && plain.err.is_empty(), "{plain:?}");
}
