//! Everything in one file and back, by the executable: while it is written to, killed, encrypted, damaged; who was
//! forgotten stays so.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::support::binary::Home;
use crate::support::book_builder::BookBuilder;
use crate::support::wechat_sim::{Answer, Push, SimMode, WechatSim};

/// What was acknowledged so far.
type Acknowledged = Arc<parking_lot::Mutex<Vec<(Push, Answer)>>>;

/// The only backup in a folder.
fn only(folder: &std::path::Path) -> PathBuf {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.pop().unwrap()
}

/// Requests books until nobody answers any more.
async fn talk(sim: Arc<WechatSim>, next: Arc<AtomicU64>, acknowledged: Acknowledged) {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let push = sim.text(&format!("oTalker{}", number / 8), &format!("求书 奇书之{number}"));
        match sim.post(&sim.request(&push)).await {
            Ok(http) => {
                let answer = sim.judge(&push, &http);
                acknowledged.lock().push((push, answer));
            }
            Err(_) => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_backup_began_is_in_it_whatever_goes_on() {
    let home = Arc::new(Home::with_account(SimMode::Safe));
    let service = home.serve(&[]);
    let sim = Arc::new(service.sim(SimMode::Safe));
    let (next, acknowledged) = (Arc::new(AtomicU64::new(0)), Acknowledged::default());
    let talkers: Vec<_> =
        (0..4).map(|_| tokio::spawn(talk(Arc::clone(&sim), Arc::clone(&next), Arc::clone(&acknowledged)))).collect();
    let (is_over, has_added) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let adder = {
        let (home, is_over, has_added) = (Arc::clone(&home), Arc::clone(&is_over), Arc::clone(&has_added));
        std::thread::spawn(move || {
            let mut added = Vec::new();
            while !is_over.load(Ordering::Acquire) {
                let title = format!("新书第{}本", added.len());
                let file = home.file(&format!("{}.epub", added.len()), &BookBuilder::new(&title).build());
                if home.run(&["book", "add", file.to_str().unwrap()]).code == Some(0) {
                    added.push(title);
                    has_added.store(true, Ordering::Release);
                }
            }
            added
        })
    };
    while acknowledged.lock().len() < 40 || !has_added.load(Ordering::Acquire) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let before = home.json(&["book", "list"])["books"].as_array().unwrap().clone();
    let said = acknowledged.lock().clone();
    let same = Arc::clone(&home);
    let made = tokio::task::spawn_blocking(move || same.json(&["backup", "away.tar.gz"])).await.unwrap();
    assert!(
        made["contents"]["records"].as_u64().unwrap() > 40
            && made["contents"]["missing"].as_array().unwrap().is_empty(),
        "{made}"
    );
    assert!(acknowledged.lock().len() > said.len(), "nobody wrote meanwhile");
    service.kill9();
    is_over.store(true, Ordering::Release);
    for talker in talkers {
        talker.await.unwrap();
    }
    let added = tokio::task::spawn_blocking(|| adder.join().unwrap()).await.unwrap();
    assert!(!added.is_empty());

    let file = home.folder().join("away.tar.gz");
    let new = Home::new();
    let restored = new.run(&["restore", file.to_str().unwrap()]);
    assert_eq!(restored.code, Some(0), "{restored:?}");
    let service = new.serve(&[]);
    let sim = Arc::into_inner(sim).unwrap().moved_to(service.callback());
    for (push, answer) in &said {
        assert_eq!(sim.deliver(push).await.answer, *answer, "another answer");
    }
    let after = new.json(&["book", "list"])["books"].as_array().unwrap().clone();
    for book in &before {
        let is_there = after.iter().any(|other| other["title"] == book["title"] && other["files"] == book["files"]);
        assert!(is_there, "{book} is not among {after:?}");
    }
    assert_eq!(new.json(&["check", "--deep"])["damaged"].as_array().unwrap().len(), 0);
    service.stop();
}

#[tokio::test]
async fn who_was_forgotten_since_stays_forgotten_and_nothing_of_the_rest_is_lost() {
    let home = Home::with_account(SimMode::Safe);
    let book = home.file("三体.epub", &BookBuilder::new("三体").build());
    home.done(&["book", "add", book.to_str().unwrap()]);
    let service = home.serve(&[]);
    let sim = service.sim(SimMode::Safe);
    for follower in ["oStays", "oGoes"] {
        assert!(matches!(sim.say(follower, "求书 活着").await, Answer::Text(_)));
    }
    home.done(&["backup"]);
    home.done(&["follower", "forget", "oGoes"]);
    home.done(&["book", "remove", "1"]);
    let listed = home.json(&["backup", "list"]);
    let name = listed["backups"][0]["name"].as_str().unwrap().to_owned();
    let file = home.data().join("backups").join(&name);
    let refused = home.run(&["restore", "--yes", file.to_str().unwrap()]);
    assert_eq!(refused.code, Some(4), "it serves: {refused:?}");
    service.stop();

    let unasked = home.run(&["restore", file.to_str().unwrap()]);
    assert!(unasked.code == Some(1) && unasked.err.contains("--yes"), "{unasked:?}");
    let restored = home.done(&["restore", "--yes", file.to_str().unwrap()]);
    assert!(restored.contains("before-restore-"), "{restored}");
    let service = home.serve(&[]);
    let followers = home.json(&["follower", "list"]).to_string();
    assert!(followers.contains("oStays") && !followers.contains("oGoes"), "{followers}");
    assert_eq!(home.json(&["book", "list"])["books"].as_array().unwrap().len(), 1, "the book is back");
    assert!(home.done(&["search", "santi"]).contains("三体"), "the index was made anew");
    home.done(&["export", "all"]);
    let records = fs::read_to_string(home.folder().join("all/records.jsonl")).unwrap();
    assert!(records.contains("oStays") && !records.contains("oGoes"));
    service.stop();
    // Again, also from a folder that nobody serves, and into another one.
    home.done(&["restore", file.to_str().unwrap(), "--into", "elsewhere"]);
    let elsewhere = home.folder().join("elsewhere");
    assert!(elsewhere.join("forgotten.again").exists() && elsewhere.join("shutong.toml").exists());
}

#[test]
fn an_encrypted_backup_opens_with_its_passphrase_alone() {
    let home = Home::with_account(SimMode::Safe);
    let book = home.file("三体.epub", &BookBuilder::new("三体").build());
    home.done(&["book", "add", book.to_str().unwrap()]);
    let (right, wrong) = (home.file("right", b"correct horse\n"), home.file("wrong", b"battery\n"));
    let unencrypted = home.run(&["backup", "--encrypt", "--passphrase-file", right.to_str().unwrap()]);
    assert!(unencrypted.code != Some(0), "{unencrypted:?}");
    let without = home.run(&["backup", "--encrypt", "x.age"]);
    assert!(without.code == Some(1) && without.err.contains("passphrase"), "{without:?}");
    fs::create_dir(home.folder().join("away")).unwrap();
    home.done(&["backup", "away", "--encrypt", "--passphrase-file", right.to_str().unwrap()]);
    let file = only(&home.folder().join("away"));
    let name = file.to_str().unwrap();
    assert!(name.ends_with(".tar.gz.age") && fs::read(&file).unwrap().starts_with(b"age-encryption.org/v1\n"));
    assert_eq!(home.run(&["backup", "verify", name]).code, Some(1));
    let refused = home.run(&["backup", "verify", name, "--passphrase-file", wrong.to_str().unwrap()]);
    assert!(refused.code == Some(1) && refused.err.contains("passphrase"), "{refused:?}");
    let found = home.json(&["backup", "verify", name, "--passphrase-file", right.to_str().unwrap()]);
    assert_eq!(found["manifest"]["books"], 1, "{found}");
    let into = ["restore", name, "--into", "new", "--passphrase-file", right.to_str().unwrap()];
    assert!(home.done(&into).contains("restored into"));
}

#[test]
fn a_damaged_backup_and_one_of_a_newer_program_change_nothing() {
    let home = Home::new();
    let book = home.file("三体.epub", &BookBuilder::new("三体").build());
    home.done(&["book", "add", book.to_str().unwrap()]);
    home.done(&["backup", "whole.tar.gz"]);
    let again = home.run(&["backup", "whole.tar.gz"]);
    assert!(again.code == Some(1) && again.err.contains("exists"), "{again:?}");
    let whole = fs::read(home.folder().join("whole.tar.gz")).unwrap();
    let middle = whole.len() / 2;
    let mut changed = whole.clone();
    changed[middle] ^= 0x10;
    let before = fs::read_dir(home.data()).unwrap().count();
    for (name, bytes) in
        [("changed", changed.as_slice()), ("cut", &whole[..middle]), ("empty", b""), ("text", b"no backup")]
    {
        let file = home.file(name, bytes);
        for command in [vec!["backup", "verify"], vec!["restore", "--yes"], vec!["restore", "--into", "new"]] {
            let ran = home.run(&[command, vec![file.to_str().unwrap()]].concat());
            assert_eq!(ran.code, Some(3), "{name}: {ran:?}");
            assert!(ran.err.contains("damaged"), "{ran:?}");
        }
    }
    assert!(!home.folder().join("new").exists());
    assert_eq!(fs::read_dir(home.data()).unwrap().count(), before, "nothing is left lying about");
    assert_eq!(home.json(&["book", "list"])["books"].as_array().unwrap().len(), 1);
}

#[test]
fn check_says_what_is_wrong_and_repairs_what_it_can() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::with_account(SimMode::Safe);
    let book = home.file("三体.epub", &BookBuilder::new("三体").build());
    home.done(&["book", "add", book.to_str().unwrap()]);
    let state = |check: &str| {
        let ran = home.run(&["check", "--json"]);
        let found: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        let findings = found["findings"].as_array().unwrap().clone();
        findings.into_iter().find(|finding| finding["check"] == check).unwrap()["state"].as_str().unwrap().to_owned()
    };
    assert_eq!((state("files").as_str(), state("permissions").as_str()), ("good", "good"));
    let key = home.data().join("address.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(state("permissions"), "warn");
    let repaired = home.done(&["check", "--repair"]);
    assert!(repaired.contains("address.key is yours alone now"), "{repaired}");
    assert_eq!(state("permissions"), "good");
    assert_eq!(state("backup"), "warn");
    home.done(&["backup"]);
    assert_eq!(state("backup"), "good");
}

/// The heads and bodies of requests.
type Asked = Arc<parking_lot::Mutex<Vec<(String, Vec<u8>)>>>;

/// A server that keeps what is put there, and notes what it is asked.
fn shelf() -> (String, Asked) {
    use std::io::{BufRead, BufReader, Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
                    length = text.trim().parse().unwrap();
                }
                head += &line;
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            noted.lock().push((head, body));
            let answer = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = stream.get_mut().write_all(answer.as_bytes());
        }
    });
    (address, seen)
}

#[test]
fn what_is_sent_on_arrives_whole_and_the_old_ones_go_there_too() {
    let (address, seen) = shelf();
    let keep = "[backup]\nkeep_last = 1\nkeep_days = 0\nkeep_weeks = 0\n";
    let webdav = format!("[backup.webdav]\nurl = \"{address}/dav\"\nusername = \"me\"\npassword = \"secret\"\n");
    let s3 = format!(
        "[backup.s3]\nendpoint = \"{address}\"\nbucket = \"box\"\nprefix = \"a/\"\naccess_key = \"me\"\nsecret_key = \"secret\"\n"
    );
    for (place, path) in [(webdav, "/dav/"), (s3, "/box/a/")] {
        let home = Home::with(&format!("{keep}{place}"));
        let book = home.file("三体.epub", &BookBuilder::new("三体").build());
        home.done(&["book", "add", book.to_str().unwrap()]);
        let mut names = Vec::new();
        for _ in 0..2 {
            // Names have seconds.
            std::thread::sleep(Duration::from_millis(1_100));
            assert!(home.done(&["backup"]).contains("sent on"));
            let file = only(&home.data().join("backups"));
            names.push(file.file_name().unwrap().to_str().unwrap().to_owned());
            let (head, body) = seen.lock().iter().rfind(|(head, _)| head.starts_with("PUT ")).unwrap().clone();
            assert!(head.starts_with(&format!("PUT {path}{}", names.last().unwrap())), "{head}");
            assert_eq!(body, fs::read(&file).unwrap());
            assert!(!head.contains("secret"), "{head}");
            let sign = if path == "/dav/" { "bWU6c2VjcmV0" } else { "X-Amz-Signature=" };
            assert!(head.contains(sign), "{head}");
        }
        let (last, _) = seen.lock().last().unwrap().clone();
        assert!(last.starts_with(&format!("DELETE {path}{}", names[0])), "{last}");
        let sent = home.json(&["backup", "list"])["sent"].clone();
        assert_eq!(sent.as_array().unwrap().len(), 1, "{sent}");
        seen.lock().clear();
    }
}

#[test]
fn sftp_gets_a_batch_and_what_it_says_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::with("[backup.sftp]\nto = \"me@backup.example.com:/srv/shutong\"\n");
    let book = home.file("三体.epub", &BookBuilder::new("三体").build());
    home.done(&["book", "add", book.to_str().unwrap()]);
    let programs = home.folder().join("bin");
    fs::create_dir(&programs).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let run = |script: &str| {
        let program = programs.join("sftp");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        std::thread::sleep(Duration::from_millis(1_100));
        let mut command = home.command(&["backup"]);
        crate::support::binary::finish(command.env("PATH", &path).spawn().unwrap(), Duration::from_secs(60))
    };
    let batch = home.folder().join("batch");
    let done = run(&format!("#!/bin/sh\necho \"$@\" > {0}.args\ncat > {0}\n", batch.display()));
    assert!(done.code == Some(0) && done.out.contains("sent on"), "{done:?}");
    let text = fs::read_to_string(&batch).unwrap();
    assert!(
        text.starts_with("put \"") && text.contains("\"/srv/shutong/shutong-") && text.contains("\nrename "),
        "{text}"
    );
    let arguments = fs::read_to_string(batch.with_extension("args")).unwrap();
    assert!(arguments.contains("BatchMode=yes") && arguments.trim().ends_with("me@backup.example.com"), "{arguments}");
    let failed = run("#!/bin/sh\ncat > /dev/null\necho 'Permission denied (publickey).' >&2\nexit 255\n");
    assert!(failed.code == Some(1) && failed.err.contains("Permission denied"), "{failed:?}");
}
