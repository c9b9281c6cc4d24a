//! Backups and those who take them: the real `age`, an SSH server, a WebDAV server, a bucket whose server checks every
//! signature. What arrives is what was sent and comes back as data; what is not to be kept goes; whatever is refused is
//! told with what to do.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::binary::{Home, Ran, finish};
use crate::support::book_builder::BookBuilder;

/// Only the latest backup is kept, here and there.
const KEEP: &str = "[backup]\nkeep_last = 1\nkeep_days = 0\nkeep_weeks = 0\n";

/// A server that ends with the test.
struct Peer {
    child: Child,
    port: u16,
    dir: tempfile::TempDir,
}

impl Peer {
    /// Starts it, and waits until it takes connections. `command` gets its folder and its port.
    fn start(command: impl FnOnce(&Path, u16) -> Command) -> Peer {
        let dir = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = command(dir.path(), port);
        let log = fs::File::create(dir.path().join("log")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}; tests/run.sh installs it"));
        let mut peer = Peer { child, port, dir };
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = peer.child.try_wait().unwrap();
            let said = || fs::read_to_string(peer.dir.path().join("log")).unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "{ended:?}: {}", said());
            std::thread::sleep(Duration::from_millis(20));
        }
        peer
    }

    /// The folder that it serves.
    fn folder(&self) -> PathBuf {
        self.dir.path().join("served")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program that must be there and must succeed.
fn done(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}; tests/run.sh installs it"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn with_a_book() -> Home {
    let home = Home::with(KEEP);
    let book = home.file("三体.epub", &BookBuilder::new("三体").build());
    home.done(&["book", "add", book.to_str().unwrap()]);
    home
}

/// Makes a backup that is sent on. Names have seconds, so the next one waits for the next.
fn back_up(home: &Home, place: &str) -> Ran {
    home.configure(&format!("{KEEP}{place}"));
    std::thread::sleep(Duration::from_millis(1_100));
    let path = format!("{}:{}", home.folder().join("bin").display(), std::env::var("PATH").unwrap());
    finish(home.command(&["backup"]).env("PATH", path).spawn().unwrap(), Duration::from_secs(100))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // A bucket's server keeps notes of its own beside.
    entries.filter(|name| name.starts_with("shutong-")).collect()
}

/// Two backups are sent: the latest one lies there, byte by byte, alone, and is data again in another house.
fn goes_there_and_comes_back(home: &Home, place: &str, folder: &Path) {
    for round in 0..2 {
        let sent = back_up(home, place);
        assert!(sent.code == Some(0) && sent.out.contains("sent on"), "{round}: {sent:?}");
        let (here, there) = (names(&home.data().join("backups")), names(folder));
        assert_eq!((here.len(), &here), (1, &there), "{round}");
        let bytes = |folder: &Path| fs::read(folder.join(&here[0])).unwrap();
        assert!(bytes(folder) == bytes(&home.data().join("backups")), "{round}: other bytes");
    }
    let away = folder.join(&names(folder)[0]);
    let new = Home::new();
    new.done(&["restore", away.to_str().unwrap()]);
    assert_eq!(new.json(&["book", "list"])["books"][0]["title"], "三体");
}

/// The backup is made, but not taken there: why, and what to do.
fn is_told(home: &Home, place: &str, parts: &[&str]) {
    let ran = back_up(home, place);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    for part in [&["is made and lies here", "did not get to"], parts].concat() {
        assert!(ran.err.contains(part), "no {part:?} in {ran:?}");
    }
    assert_eq!(names(&home.data().join("backups")).len(), 1, "it is here all the same");
}

#[test]
fn age_opens_ours_and_ours_opens_what_age_has_made() {
    let home = with_a_book();
    let here = |name: &str| home.folder().join(name).to_str().unwrap().to_owned();
    let right = home.file("right", b"correct horse\n");
    let passphrase = ["--passphrase-file", right.to_str().unwrap()];
    home.done(&["backup", "plain.tar.gz"]);
    home.done(&[&["backup", "ours.age", "--encrypt"], passphrase.as_slice()].concat());
    // It asks at a terminal alone.
    let age = |arguments: &str, asked: &str| {
        let mut typing = Command::new("script");
        typing.args(["-qec", &format!("age {arguments}"), "/dev/null"]).stdin(Stdio::piped());
        typing.current_dir(home.folder()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = typing.spawn().unwrap_or_else(|error| panic!("script: {error}; tests/run.sh installs it"));
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), asked.as_bytes()).unwrap();
        finish(child, Duration::from_secs(60))
    };
    let opened = age("-d -o opened.tar.gz ours.age", "correct horse\n");
    assert_eq!(opened.code, Some(0), "{opened:?}");
    assert_eq!(home.json(&["backup", "verify", "opened.tar.gz"])["manifest"]["books"], 1);
    let wrong = age("-d -o wrong.tar.gz ours.age", "battery\n");
    assert!(wrong.code == Some(1) && wrong.out.contains("incorrect passphrase"), "{wrong:?}");

    let twice = "correct horse\ncorrect horse\n";
    for (how, name) in [("-p", "theirs.age"), ("-p -a", "text.age")] {
        let sealed = age(&format!("{how} -o {name} plain.tar.gz"), twice);
        assert_eq!(sealed.code, Some(0), "{sealed:?}");
    }
    let found = home.json(&[&["backup", "verify", "theirs.age"], passphrase.as_slice()].concat());
    assert_eq!(found["manifest"]["books"], 1, "{found}");
    home.done(&[&["restore", "theirs.age", "--into", "new"], passphrase.as_slice()].concat());
    assert!(home.folder().join("new/shutong.toml").exists());

    done(Command::new("age-keygen").args(["-o", &here("key")]));
    let key = fs::read_to_string(here("key")).unwrap();
    let public = key.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    done(Command::new("age").args(["-r", public, "-o", &here("for-key.age"), &here("plain.tar.gz")]));
    for name in ["for-key.age", "text.age"] {
        let refused = home.run(&[&["backup", "verify", name], passphrase.as_slice()].concat());
        assert!(refused.code == Some(1) && refused.err.contains("with `age -d` first"), "{refused:?}");
    }
}

#[test]
fn a_webdav_server_keeps_what_it_is_given() {
    let peer = Peer::start(|dir, port| {
        fs::create_dir(dir.join("served")).unwrap();
        let mut command = Command::new("rclone");
        command.args(["serve", "webdav", "--user", "me", "--pass", "secret", "--addr", &format!("127.0.0.1:{port}")]);
        command.args(["--config", ""]).arg(dir.join("served"));
        command
    });
    let at = |port: u16, folder: &str, password: &str| {
        format!(
            "[backup.webdav]\nurl = \"http://127.0.0.1:{port}/{folder}\"\nusername = \"me\"\npassword = \"{password}\"\n"
        )
    };
    let home = with_a_book();
    fs::create_dir(peer.folder().join("shutong")).unwrap();
    goes_there_and_comes_back(&home, &at(peer.port, "shutong", "secret"), &peer.folder().join("shutong"));
    is_told(&home, &at(peer.port, "shutong", "wrong"), &["401", "correct username and password in [backup.webdav]"]);
    is_told(&home, &at(peer.port, "elsewhere", "secret"), &["404", "make that folder there"]);
    // Nobody has port 9 here.
    is_told(&home, &at(9, "", "secret"), &["Connection refused", "look whether that server is on"]);
    assert_eq!(names(&peer.folder().join("shutong")).len(), 1, "nothing else has arrived");
}

/// A bucket in a folder, behind a server that checks signatures.
fn bucket_server(root: &Path) -> u16 {
    let mut service = s3s::service::S3ServiceBuilder::new(s3s_fs::FileSystem::new(root).unwrap());
    service.set_auth(s3s::auth::SimpleAuth::from_single("the-key", "the-secret"));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let stream = hyper_util::rt::TokioIo::new(listener.accept().await.unwrap().0);
                let connection = hyper::server::conn::http1::Builder::new().serve_connection(stream, service.clone());
                tokio::spawn(connection);
            }
        })
    });
    port
}

#[test]
fn a_bucket_takes_what_is_signed_rightly_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("box")).unwrap();
    let port = bucket_server(root.path());
    let at = |key: &str, secret: &str| {
        format!(
            "[backup.s3]\nendpoint = \"http://127.0.0.1:{port}\"\nbucket = \"box\"\nprefix = \"a b/书/\"\n\
             access_key = \"{key}\"\nsecret_key = \"{secret}\"\n"
        )
    };
    let home = with_a_book();
    goes_there_and_comes_back(&home, &at("the-key", "the-secret"), &root.path().join("box/a b/书"));
    is_told(&home, &at("the-key", "wrong"), &["SignatureDoesNotMatch", "correct secret_key in [backup.s3]"]);
    is_told(&home, &at("another", "the-secret"), &["403", "correct access_key in [backup.s3]"]);
    let refused = names(&root.path().join("box/a b/书"));
    assert_eq!(refused.len(), 1, "nothing else has arrived: {refused:?}");
}

/// An SSH server of this user's own, and an `sftp` that finds it under the name `away`.
fn ssh_server(home: &Home, most_blocks: &str) -> Peer {
    let peer = Peer::start(|dir, port| {
        fs::create_dir(dir.join("served")).unwrap();
        for key in ["host", "me", "stranger"] {
            done(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(dir.join(key)));
        }
        fs::copy(dir.join("me.pub"), dir.join("authorized")).unwrap();
        let here = dir.display();
        let server = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {here}/host\nAuthorizedKeysFile {here}/authorized\n\
             PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nSubsystem sftp internal-sftp\n"
        );
        fs::write(dir.join("server"), server).unwrap();
        let host = fs::read_to_string(dir.join("host.pub")).unwrap();
        fs::write(dir.join("known"), format!("[127.0.0.1]:{port} {host}")).unwrap();
        fs::write(dir.join("unknown"), "").unwrap();
        // Where the system has not started one, the folder that it wants may be missing.
        let _ = fs::create_dir("/run/sshd");
        let mut command = Command::new("/bin/sh");
        let limited = format!("trap '' XFSZ; ulimit -f {most_blocks}; exec /usr/sbin/sshd -D -e -f {here}/server");
        command.args(["-c", &limited]);
        command
    });
    let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    let (here, port, programs) = (peer.dir.path().display(), peer.port, home.folder().join("bin"));
    for (key, known) in [("me", "known"), ("stranger", "known"), ("me", "unknown")] {
        let client = format!(
            "Host away\nHostName 127.0.0.1\nPort {port}\nUser {user}IdentityFile {here}/{key}\nIdentitiesOnly yes\n\
             UserKnownHostsFile {here}/{known}\nGlobalKnownHostsFile none\n"
        );
        fs::write(peer.dir.path().join(format!("client-{key}-{known}")), client).unwrap();
    }
    fs::create_dir_all(&programs).unwrap();
    // What a person has in ~/.ssh/config, which a test leaves alone.
    let program = format!("#!/bin/sh\nexec /usr/bin/sftp -F {here}/client \"$@\"\n");
    fs::write(programs.join("sftp"), program).unwrap();
    fs::set_permissions(programs.join("sftp"), fs::Permissions::from_mode(0o755)).unwrap();
    peer
}

#[test]
fn an_ssh_server_keeps_what_it_is_given() {
    let home = with_a_book();
    let peer = ssh_server(&home, "unlimited");
    let at = |folder: &str| format!("[backup.sftp]\nto = \"away:{}/{folder}\"\n", peer.dir.path().display());
    let as_client = |which: &str| {
        fs::copy(peer.dir.path().join(format!("client-{which}")), peer.dir.path().join("client")).unwrap();
    };
    as_client("me-known");
    goes_there_and_comes_back(&home, &at("served"), &peer.folder());
    is_told(&home, &at("elsewhere"), &["No such file or directory", "make that folder there"]);
    as_client("stranger-known");
    is_told(&home, &at("served"), &["Permission denied (", "authorized_keys"]);
    as_client("me-unknown");
    is_told(&home, &at("served"), &["Host key verification failed", "compare the key"]);
}

#[test]
fn where_there_is_no_room_nothing_half_stays() {
    let home = with_a_book();
    // Nothing that can be compressed: more than the few blocks that the server may write.
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    })
    .take(300_000)
    .collect();
    fs::write(home.data().join("noise"), noise).unwrap();
    let peer = ssh_server(&home, "64");
    fs::copy(peer.dir.path().join("client-me-known"), peer.dir.path().join("client")).unwrap();
    let to = format!("[backup.sftp]\nto = \"away:{}\"\n", peer.folder().display());
    is_told(&home, &to, &["Failure", "look whether there is room left"]);
    assert_eq!(fs::read_dir(peer.folder()).unwrap().count(), 0, "half of one looks like one");
}
