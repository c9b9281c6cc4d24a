//! Starting again in place: the process stays, the configuration is read anew, what is wrong stops nothing.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::binary::{Binary, Home};
use crate::support::book_builder::BookBuilder;
use crate::support::test_app::account_toml;
use crate::support::wechat_sim::{SimAccount, SimMode};

/// Whether the public listener answers. A connection that is not taken in time counts as none.
fn answers(address: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

/// Asks again and again, and tells the longest time without an answer.
struct Watch {
    is_over: Arc<AtomicBool>,
    thread: thread::JoinHandle<Duration>,
}

impl Watch {
    fn start(address: &str) -> Watch {
        let is_over = Arc::new(AtomicBool::new(false));
        let (address, over) = (address.to_owned(), Arc::clone(&is_over));
        let thread = thread::spawn(move || {
            let (mut longest, mut last) = (Duration::ZERO, Instant::now());
            while !over.load(Ordering::SeqCst) {
                if answers(&address) {
                    longest = longest.max(last.elapsed());
                    last = Instant::now();
                }
                thread::sleep(Duration::from_millis(2));
            }
            longest
        });
        Watch { is_over, thread }
    }

    fn stop(self) -> Duration {
        self.is_over.store(true, Ordering::SeqCst);
        self.thread.join().unwrap()
    }
}

fn log_has(home: &Home, part: &str) {
    let log = home.data().join("log/shutong.log");
    let deadline = Instant::now() + Duration::from_secs(30);
    while !fs::read_to_string(&log).unwrap_or_default().contains(part) {
        assert!(Instant::now() < deadline, "never logged: {part}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn hang_up(service: &Binary) -> String {
    service.signal("HUP");
    service.line_with("listening public=")
}

#[test]
fn a_hangup_takes_over_the_file_and_the_process_stays() {
    let account = account_toml(&SimAccount::new(SimMode::Safe));
    let home = Home::with(&account);
    for number in 0..20 {
        let name = format!("第{number}本书.epub");
        let book = home.file(&name, &BookBuilder::new(&format!("第{number}本书")).build());
        home.done(&["book", "add", book.to_str().unwrap()]);
    }
    let mut service = home.serve(&[]);
    assert!(service.line_with("callback of main").contains(&service.public));
    let watch = Watch::start(service.public_address());
    home.configure(&format!("public_url = \"https://books.example.com\"\n{account}"));
    for _ in 0..3 {
        assert!(hang_up(&service).contains(&service.public), "the ports that the system chose are kept");
        let callback = service.line_with("callback of main");
        assert!(callback.ends_with("https://books.example.com/wechat/main"), "{callback}");
        assert!(service.is_alive());
        assert!(home.done(&["search", "第3本书"]).contains("第3本书"), "commands find their way again");
    }
    let longest = watch.stop();
    eprintln!("longest time without an answer: {} ms", longest.as_millis());
    assert!(longest < Duration::from_secs(5), "{longest:?}");
    service.stop();
    assert!(!home.data().join("run.json").exists());
}

#[test]
fn hangups_at_any_moment_of_a_restart_end_nothing() {
    let home = Home::new();
    let mut service = home.serve(&[]);
    let address = service.public_address().to_owned();
    let deadline = Instant::now() + Duration::from_secs(6);
    // More than one in each moment between one program and the next, in which nobody expects any.
    while Instant::now() < deadline {
        service.signals("HUP", 20);
        assert!(service.is_alive());
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    while !answers(&address) {
        assert!(service.is_alive() && Instant::now() < deadline);
        thread::sleep(Duration::from_millis(50));
    }
    // The last hangup may have it between two programs, where a SIGTERM ends it as it ends any.
    service.signal("TERM");
    let (status, errors) = service.wait(Duration::from_secs(60));
    assert!(status.code() == Some(0) || status.signal() == Some(15), "{status}: {errors}");
}

#[test]
fn a_wrong_file_stops_nothing_and_is_told() {
    let account = account_toml(&SimAccount::new(SimMode::Safe));
    let home = Home::with(&account);
    let mut service = home.serve(&[]);
    let address = service.public_address().to_owned();
    for (file, says) in [
        (format!("pubic_url = \"x\"\n{account}"), "pubic_url"),
        (format!("[limits]\nconnections = 0\n{account}"), "limits.connections must be at least 1"),
        (account.replace("[[account]]", "[[account"), "not TOML"),
    ] {
        home.configure(&file);
        service.signal("HUP");
        log_has(&home, says);
        assert!(service.is_alive() && answers(&address), "{says}");
    }
    log_has(&home, "not started again, everything goes on as it is");
    home.configure(&account);
    hang_up(&service);
    service.stop();
}

#[test]
fn an_address_that_is_taken_stops_nothing() {
    let home = Home::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    home.configure(&format!("[listen]\npublic = \"{free}\"\n"));
    let mut command = home.command(&["serve"]);
    command.env_remove("SHUTONG_LISTEN__PUBLIC");
    let mut service = Binary::start(command);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = taken.local_addr().unwrap();
    home.configure(&format!("[listen]\npublic = \"{other}\"\n"));
    service.signal("HUP");
    log_has(&home, "listen.public: cannot listen on");
    assert!(service.is_alive() && answers(&free.to_string()));
    drop(taken);
    assert!(hang_up(&service).contains(&other.to_string()));
    assert!(answers(&other.to_string()) && !answers(&free.to_string()));
    service.stop();
}

#[test]
fn the_demo_keeps_its_account_and_its_books() {
    let home = Home::new();
    let service = home.serve(&["--demo"]);
    let secrets = fs::read_to_string(home.data().join("demo.json")).unwrap();
    service.line_with("simulator:");
    assert!(hang_up(&service).contains(&service.admin));
    service.line_with("simulator:");
    assert_eq!(fs::read_to_string(home.data().join("demo.json")).unwrap(), secrets);
    let is_there = || home.json(&["book", "list"])["books"].as_array().is_some_and(|books| books.len() == 7);
    assert!((0..600).any(|_| is_there()), "the starter library goes on where it was cut off");
    service.stop();
}

#[test]
fn a_storm_of_signals_ends_as_the_last_one_says() {
    let home = Home::with_account(SimMode::Safe);
    let service = home.serve(&[]);
    hang_up(&service);
    // One that comes between two lives of the process, before it expects any, would end it.
    service.signals("HUP", 5);
    service.line_with("listening public=");
    service.stop();
    home.serve(&[]).stop();
}

#[test]
fn keys_are_read_and_changed_by_a_command() {
    let home = Home::with_account(SimMode::Safe);
    let file = home.data().join("shutong.toml");
    let before = fs::read_to_string(&file).unwrap();
    assert_eq!(home.done(&["config", "get", "limits.addresses"]), "5\n");
    assert_eq!(home.done(&["config", "get", "account.main.token"]), "***\n");
    home.done(&["config", "set", "limits.addresses", "7", "admin.hosts", "a.example.com,b.example.com"]);
    assert_eq!(home.done(&["config", "get", "admin.hosts"]), "a.example.com\nb.example.com\n");
    assert!(home.done(&["config", "check"]).contains("sound"));
    let changed = fs::read_to_string(&file).unwrap();
    for (arguments, says) in [
        (vec!["config", "set", "limits.connections", "0"], "limits.connections"),
        (vec!["config", "set", "limits.addresses", "7", "log.level"], "every key needs a value"),
        (vec!["config", "set", "nothing.at_all", "x"], "no key nothing.at_all"),
        (vec!["config", "set", "account.second.app_id", "x"], "missing field `token`"),
        (vec!["config", "get", "nothing"], "no key nothing"),
    ] {
        let ran = home.run(&arguments);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.err.contains(says), "{arguments:?}: {}", ran.err);
        assert_eq!(fs::read_to_string(&file).unwrap(), changed, "{arguments:?}");
    }
    let added = ["config", "set", "account.second.app_id", "wx0123456789abcde0", "account.second.token", "token2026"];
    home.done(&added);
    assert!(home.done(&["config", "check"]).contains("2 accounts"));
    assert_eq!(fs::read_to_string(home.data().join("shutong.toml.old")).unwrap(), changed);
    assert!(fs::read_to_string(&file).unwrap().starts_with(before.trim_end()) || before.is_empty());
}
