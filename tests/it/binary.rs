//! The executable as people use it: what it prints first, commands beside the running service and without it, exit
//! codes, signals.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use crate::support::binary::{Binary, Home, finish};
use crate::support::book_builder::BookBuilder;
use crate::support::connection::Connection;
use crate::support::wechat_sim::{Answer, SimMode};

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn the_demo_greets_with_everything_one_needs_next() {
    let home = Home::new();
    let service = home.serve(&["--demo"]);
    assert!(service.line_with("admin page, first visit").contains(&format!("{}/", service.admin)));
    assert_eq!(service.line(), format!("simulator: {}/simulator", service.admin));
    assert!(service.line().contains("valid for 5 minutes"));
    let curl = service.line();

    // The line works as it is, in a shell.
    let shell = |line: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", line]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        finish(command.spawn().unwrap(), LIMIT)
    };
    assert!(curl.starts_with("curl -s 'http://"), "{curl}");
    let answer = shell(&curl);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert!(answer.out.contains("<MsgType><![CDATA[text]]></MsgType>"), "{answer:?}");
    assert!(answer.out.contains("sim-curl"), "{answer:?}");

    // A second start has the same account, so what was copied from the first still works.
    let secrets = fs::read_to_string(home.data().join("demo.json")).unwrap();
    service.stop();
    home.serve(&["--demo"]).stop();
    assert_eq!(fs::read_to_string(home.data().join("demo.json")).unwrap(), secrets);
}

#[test]
fn the_starter_library_is_there_in_the_demo() {
    let home = Home::new();
    let service = home.serve(&["--demo"]);
    let books = (0..600).find_map(|_| {
        let list = home.json(&["book", "list"]);
        (list["books"].as_array()?.len() == 7).then_some(list)
    });
    assert!(books.is_some(), "the starter library never came");
    assert!(home.done(&["search", "hongloumeng"]).contains("红楼梦"));
    service.stop();
}

#[test]
fn without_an_account_it_says_what_to_do() {
    let home = Home::new();
    let service = home.serve(&[]);
    let next = service.line_with("no account yet");
    for part in ["config example", "chmod 600", "admin page", "book add", "serve --demo"] {
        assert!(next.contains(part), "{next}");
    }
    service.stop();
}

#[test]
fn commands_work_beside_the_service_and_without_it() {
    let home = Home::with_account(SimMode::Safe);
    let first = home.file("三体.epub", &BookBuilder::new("三体").build());
    let added = home.json(&["book", "add", first.to_str().unwrap()]);
    assert_eq!((added["new"].as_u64(), added["failed"].as_array().map(Vec::len)), (Some(1), Some(0)), "{added}");

    let service = home.serve(&[]);
    assert!(service.line_with("callback of main").ends_with(&service.callback()));
    // A relative path means the folder the command was given in, also when another process runs it.
    home.file("活着.epub", &BookBuilder::new("活着").build());
    assert!(home.done(&["book", "add", "活着.epub"]).contains("1 new"));
    let running = home.json(&["book", "list"]);
    assert_eq!(running["books"].as_array().unwrap().len(), 2, "{running}");
    assert_eq!(running["counts"]["shelf"], 2);
    assert!(home.done(&["search", "huozhe"]).contains("活着"));
    let imported = home.run_with_input(&["book", "import", "-", "--json"], "id\ttitle\nc1\t兄弟\n");
    assert_eq!(imported.code, Some(0), "{imported:?}");
    assert!(home.done(&["search", "兄弟"]).contains("兄弟"));
    let out = home.folder().join("out.epub");
    home.done(&["book", "get", "1", "-o", out.to_str().unwrap()]);
    assert_eq!(fs::read(&out).unwrap(), fs::read(&first).unwrap());
    let removed = home.run(&["book", "remove", "999"]);
    assert_eq!(removed.code, Some(1), "{removed:?}");
    assert!(removed.err.contains("no book 999"), "{removed:?}");
    service.stop();

    let mut after = home.json(&["book", "list"]);
    assert_eq!(after["books"].as_array().unwrap().len(), 2);
    let mut before = running;
    // Beside the books with files there is now the imported entry.
    (before["counts"]["books"], after["counts"]["books"]) = (0.into(), 0.into());
    assert_eq!(after, before, "the same answer with and without the service");
    assert_eq!(home.json(&["check", "--deep"])["damaged"].as_array().unwrap().len(), 0);
}

#[test]
fn commands_reach_a_service_that_listens_on_every_address() {
    let home = Home::new();
    let mut command = home.command(&["serve"]);
    command.env("SHUTONG_LISTEN__ADMIN", "0.0.0.0:0");
    let service = Binary::start(command);
    let set = home.run_with_input(&["admin", "set-password"], "a long enough password\n");
    assert_eq!(set.code, Some(0), "{set:?}");
    assert!(set.out.contains("the password is set"), "{set:?}");
    service.stop();
}

#[test]
fn a_name_that_is_no_text_stops_nothing() {
    let home = Home::new();
    let name = OsStr::from_bytes(b"book\xff.epub");
    fs::write(home.folder().join(name), b"no book").unwrap();
    let add = || {
        let mut command = home.command(&["book", "add", "--json"]);
        finish(command.arg(name).spawn().unwrap(), LIMIT)
    };
    let alone = add();
    assert_eq!(alone.code, Some(1), "{alone:?}");
    assert!(alone.out.contains("failed") && !alone.err.contains("panicked"), "{alone:?}");
    let service = home.serve(&[]);
    let handed = add();
    assert_eq!(handed.code, Some(1), "{handed:?}");
    assert!(handed.err.contains("not UTF-8") && !handed.err.contains("panicked"), "{handed:?}");
    service.stop();
}

#[test]
fn exit_codes_tell_what_happened() {
    let home = Home::new();
    let book = home.file("三体.epub", &BookBuilder::new("三体").build());
    home.done(&["book", "add", book.to_str().unwrap()]);
    assert_eq!(home.run(&["book", "list"]).code, Some(0));
    assert_eq!(home.run(&["book", "show", "7"]).code, Some(1));
    assert_eq!(home.run(&["search", "没有的书"]).code, Some(1));
    assert_eq!(home.run(&["book", "frobnicate"]).code, Some(2));
    assert_eq!(home.run(&[]).code, Some(2));
    let listed = home.json(&["book", "list"]);
    let hash = listed["books"][0]["files"][0]["sha256"].as_str().unwrap();
    fs::write(home.data().join("files").join(&hash[..2]).join(hash), b"other bytes").unwrap();
    let checked = home.run(&["check"]);
    assert_eq!(checked.code, Some(3), "{checked:?}");
    assert!(checked.err.contains("三体") && checked.err.contains("add it again"), "{checked:?}");
    // 4 is tested below; 5 and a damaged database in `store`.
}

#[test]
fn a_question_makes_no_library_and_takes_no_directory() {
    let home = Home::new();
    let run = home.run(&["book", "list"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.err.contains("no library in") && run.err.contains("--data"), "{run:?}");
    assert!(!home.data().exists());

    // A directory that holds nothing of ours keeps its mode.
    fs::create_dir(home.data()).unwrap();
    fs::set_permissions(home.data(), fs::Permissions::from_mode(0o755)).unwrap();
    let mode = || fs::metadata(home.data()).unwrap().permissions().mode() & 0o777;
    assert_eq!(home.run(&["book", "list"]).code, Some(1));
    assert_eq!((mode(), fs::read_dir(home.data()).unwrap().count()), (0o755, 0));
    let book = home.file("三体.epub", &BookBuilder::new("三体").build());
    home.done(&["book", "add", book.to_str().unwrap()]);
    home.done(&["book", "list"]);
    assert_eq!(mode(), 0o700, "it is ours now");
}

#[test]
fn a_second_service_on_the_same_data_is_refused() {
    let home = Home::new();
    let mut service = home.serve(&[]);
    let second = home.run(&["serve"]);
    assert_eq!(second.code, Some(4), "{second:?}");
    assert!(second.err.contains("in use"), "{second:?}");
    assert!(service.is_alive());
    // The first is still reached by commands: the second has not taken its place.
    home.done(&["book", "list"]);
    service.stop();
    home.serve(&[]).stop();
}

#[test]
fn a_command_finds_no_way_when_the_file_with_the_key_is_gone() {
    let home = Home::new();
    let service = home.serve(&[]);
    fs::remove_file(home.data().join("run.json")).unwrap();
    let ran = home.run(&["book", "list"]);
    assert_ne!(ran.code, Some(0));
    assert!(ran.err.contains("in use") && ran.err.contains("run.json"), "{ran:?}");
    service.stop();
}

#[test]
fn books_are_converted_in_a_data_directory_named_from_here() {
    let home = Home::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_shutong"));
    for listener in ["PUBLIC", "TOKEN", "ADMIN"] {
        command.env(format!("SHUTONG_LISTEN__{listener}"), "127.0.0.1:0");
    }
    command.args(["--data", "data", "serve"]).current_dir(home.folder());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let service = Binary::start(command);
    let text = format!("《活着》\n作者：余华\n\n第一章\n\n{}\n", "我比现在年轻十岁的时候。".repeat(50));
    let book = home.file("活着.txt", text.as_bytes());
    home.done(&["book", "add", book.to_str().unwrap()]);
    home.done(&["book", "get", "1", "--format", "epub", "-o", "out.epub"]);
    assert!(fs::read(home.folder().join("out.epub")).unwrap().starts_with(b"PK"));
    service.stop();
}

#[test]
fn health_tells_whether_the_service_answers() {
    let home = Home::new();
    let nobody = home.run(&["health"]);
    assert_eq!(nobody.code, Some(1), "{nobody:?}");
    assert!(!home.data().exists(), "a question makes no directory");

    let waiting = home.command(&["health", "--wait", "60"]).spawn().unwrap();
    let service = home.serve(&[]);
    let waited = finish(waiting, LIMIT);
    assert_eq!((waited.code, waited.out.as_str()), (Some(0), "ready\n"), "{waited:?}");
    home.done(&["health"]);

    service.kill9();
    // The file that a kill leaves behind leads nowhere.
    assert_eq!(home.run(&["health"]).code, Some(1));
}

#[test]
fn a_supervisor_hears_when_it_is_ready_and_that_it_is_alive() {
    let home = Home::new();
    let path = home.folder().join("supervisor");
    let supervisor = UnixDatagram::bind(&path).unwrap();
    supervisor.set_read_timeout(Some(LIMIT)).unwrap();
    let mut command = home.command(&["serve"]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "300000");
    let service = Binary::start(command);
    let mut heard = Vec::new();
    // Ready once, alive again and again.
    while heard.iter().filter(|&state| state == "WATCHDOG=1").count() < 3 || !heard.contains(&"READY=1".to_owned()) {
        let mut state = [0; 32];
        let length = supervisor.recv(&mut state).expect("the service says something");
        heard.push(String::from_utf8(state[..length].to_vec()).unwrap());
    }
    assert_eq!(heard.iter().filter(|&state| state == "READY=1").count(), 1, "{heard:?}");
    service.stop();
}

#[test]
fn a_stop_leaves_nothing_and_a_kill_blocks_nothing() {
    let home = Home::with_account(SimMode::Safe);
    let service = home.serve(&[]);
    let run_file = home.data().join("run.json");
    assert_eq!(fs::metadata(&run_file).unwrap().permissions().mode() & 0o777, 0o600);
    service.stop();
    assert!(!run_file.exists());
    home.serve(&[]).kill9();
    assert!(run_file.exists(), "nobody could remove it");
    home.done(&["book", "list"]);
    home.serve(&[]).stop();
    assert!(!run_file.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_finishes_what_is_under_way() {
    let home = Home::with_account(SimMode::Safe);
    let service = home.serve(&[]);
    let sim = Arc::new(service.sim(SimMode::Safe));
    let (begun, mut first) = tokio::sync::mpsc::unbounded_channel();
    let talkers: Vec<_> = (0..16)
        .map(|talker| {
            let (sim, begun) = (Arc::clone(&sim), begun.clone());
            let address = service.public_address().to_owned();
            tokio::spawn(async move {
                let mut answered = 0;
                // Until the first that finds nobody listening any more, or is closed before it is read.
                while let Some(mut connection) = Connection::try_open(&address).await {
                    let push = sim.text(&format!("oTalker{talker}"), &format!("求书 第{answered}本奇书"));
                    let Some(http) = connection.post("/wechat/main", &sim.request(&push)).await else {
                        assert!(!connection.holds_a_part(), "an answer was cut off");
                        break;
                    };
                    assert!(matches!(sim.judge(&push, &http), Answer::Text(_)), "{http:?}");
                    answered += 1;
                    let _ = begun.send(());
                }
                answered
            })
        })
        .collect();
    for _ in 0..32 {
        first.recv().await.unwrap();
    }
    let errors = tokio::task::spawn_blocking(move || service.stop()).await.unwrap();
    assert!(!errors.contains("ERROR") && !errors.contains("panicked"), "{errors}");
    let mut answered = 0;
    for talker in talkers {
        answered += talker.await.unwrap();
    }
    assert!(answered >= 32);
}

#[test]
fn the_log_level_changes_without_a_restart() {
    let home = Home::with("[log]\nlevel = \"info\"\n");
    let service = home.serve(&[]);
    home.configure("[log]\nlevel = \"debug\"\n");
    let log = home.data().join("log/shutong.log");
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while !fs::read_to_string(&log).unwrap_or_default().contains("the log level is Debug now") {
        assert!(std::time::Instant::now() < deadline, "the level never changed");
        std::thread::sleep(Duration::from_millis(50));
    }
    service.stop();
}

#[test]
fn a_wrong_configuration_stops_the_start_and_says_what_to_do() {
    let home = Home::with("pubic_url = \"x\"\n");
    let ran = home.run(&["serve"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("pubic_url") && ran.err.contains("shutong.toml"), "{ran:?}");
    assert!(ran.out.is_empty(), "nothing listens: {ran:?}");
    assert_eq!(home.run(&["config", "check"]).code, Some(1));

    let home = Home::with_account(SimMode::Safe);
    let path = home.data().join("shutong.toml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = home.run(&["serve"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("chmod 600"), "{ran:?}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(home.done(&["config", "check"]).contains("sound"));
}

#[test]
fn an_address_that_is_taken_is_named_with_its_key() {
    let home = Home::new();
    let service = home.serve(&[]);
    let other = Home::new();
    let mut command = other.command(&["serve"]);
    command.env("SHUTONG_LISTEN__PUBLIC", service.public_address());
    let ran = finish(command.spawn().unwrap(), LIMIT);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("listen.public") && ran.err.contains(service.public_address()), "{ran:?}");
    service.stop();
}

#[test]
fn an_export_holds_every_record_and_file() {
    let home = Home::new();
    let bytes = BookBuilder::new("三体").build();
    let book = home.file("三体.epub", &bytes);
    home.done(&["book", "add", book.to_str().unwrap()]);
    assert!(home.done(&["export", "away"]).contains(" files written"));
    let records = fs::read_to_string(home.folder().join("away/records.jsonl")).unwrap();
    assert!(records.contains("三体"));
    let files: Vec<_> = fs::read_dir(home.folder().join("away/files")).unwrap().map(Result::unwrap).collect();
    // The book and its table of contents; a cover is drawn when somebody first looks at it.
    assert!(files.len() >= 2, "{files:?}");
    assert!(files.iter().any(|file| fs::read(file.path()).unwrap() == bytes));
    // For people: the book under its name, and a catalogue that another library takes.
    let catalogue = fs::read_to_string(home.folder().join("away/catalogue.tsv")).unwrap();
    let path = catalogue.lines().nth(1).unwrap().rsplit('\t').next().unwrap();
    assert!(path.starts_with("books/三体") && path.ends_with("(1).epub"), "{catalogue}");
    assert_eq!(fs::read(home.folder().join("away").join(path)).unwrap(), bytes);
    let other = Home::new();
    let list = home.folder().join("away/catalogue.tsv");
    assert!(other.done(&["book", "import", list.to_str().unwrap()]).contains("1"));
    assert_eq!(other.json(&["book", "list"])["counts"]["shelf"], 1);
    assert_eq!(home.run(&["export", "away"]).code, Some(1), "never over something that is there");
}

#[test]
fn nothing_in_the_data_directory_can_be_read_by_others() {
    let home = Home::with_account(SimMode::Safe);
    let service = home.serve(&["--demo"]);
    let mode = fs::metadata(home.data()).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    for secret in ["run.json", "demo.json", "shutong.toml"] {
        let mode = fs::metadata(home.data().join(secret)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{secret} {mode:o}");
    }
    service.stop();
}
