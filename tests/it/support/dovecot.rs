//! A real mailbox, Dovecot, on a port of this machine: IMAP over TLS, one user, any letter that a test puts in.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tempfile::TempDir;

use super::root::{as_root, certificate, run};

const PASSWORD: &str = "canary-of-the-mailbox";

const CONFIGURATION: &str = r#"
base_dir = DIR/run
state_dir = DIR/run
log_path = DIR/log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <DIR/cert.pem
ssl_key = <DIR/key.pem
mail_location = maildir:DIR/mail
first_valid_uid = 1
passdb {
  driver = static
  args = password=PASSWORD
}
userdb {
  driver = static
  args = uid=mail gid=mail home=DIR/mail
}
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = PORT
    ssl = yes
  }
}
"#;

/// The server; it ends when this is dropped.
pub struct Dovecot {
    dir: TempDir,
    port: u16,
    child: Child,
    letters: u32,
}

impl Dovecot {
    pub fn start() -> Dovecot {
        let dir = tempfile::Builder::new().prefix("dovecot").tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let path = dir.path();
        for folder in ["run", "mail", "mail/new", "mail/cur", "mail/tmp"] {
            fs::create_dir(path.join(folder)).unwrap();
        }
        certificate(path);
        let here = path.to_str().unwrap();
        let configuration = CONFIGURATION.replace("DIR", here).replace("PORT", &port.to_string());
        fs::write(path.join("dovecot.conf"), configuration.replace("PASSWORD", PASSWORD)).unwrap();
        run(as_root("sh").arg("-c").arg(format!("chown -R mail:mail {here}/mail && chmod 755 {here}")));
        let mut command = as_root("dovecot");
        command.arg("-F").arg("-c").arg(path.join("dovecot.conf")).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("dovecot runs; tests/run.sh installs it");
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(60), "dovecot does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        Dovecot { dir, port, child, letters: 0 }
    }

    /// `[push.inbox]` for this server.
    pub fn toml(&self) -> String {
        format!(
            "[push.inbox]\nhost = \"localhost\"\nport = {}\nusername = \"books\"\npassword = \"{PASSWORD}\"\n\
             ca_file = \"{}\"\n",
            self.port,
            self.dir.path().join("cert.pem").display()
        )
    }

    /// A letter arrives.
    pub fn put(&mut self, letter: &str) {
        self.letters += 1;
        let file = self.dir.path().join(format!("mail/new/{}.letter", self.letters));
        self.shell(letter, &format!("cat > {0} && chown mail:mail {0}", file.display()));
    }

    /// A letter that arrived at another time than now.
    pub fn put_at(&mut self, letter: &str, at: DateTime<Utc>) {
        self.letters += 1;
        let file = self.dir.path().join(format!("mail/new/{}.letter", self.letters));
        let script = format!("cat > {0} && touch -d @{1} {0} && chown mail:mail {0}", file.display(), at.timestamp());
        self.shell(letter, &script);
    }

    /// The same letter arrives so many times.
    pub fn put_many(&mut self, letter: &str, times: u32) {
        let folder = self.dir.path().join("mail/new");
        let (first, last) = (self.letters + 1, self.letters + times);
        self.letters = last;
        self.shell(
            letter,
            &format!(
                "cd {} && cat > ../tmp/x && for n in $(seq {first} {last}); do cp ../tmp/x $n.letter; done && \
                 chown mail:mail *.letter",
                folder.display()
            ),
        );
    }

    /// A letter that somebody has opened elsewhere already.
    pub fn put_seen(&mut self, letter: &str) {
        self.letters += 1;
        let file = self.dir.path().join(format!("mail/cur/{}.letter:2,S", self.letters));
        self.shell(letter, &format!("cat > {0} && chown mail:mail {0}", file.display()));
    }

    /// Runs a script that reads a letter.
    fn shell(&self, letter: &str, script: &str) {
        let mut shell = as_root("sh").arg("-c").arg(script).stdin(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut shell.stdin.take().unwrap(), letter.as_bytes()).unwrap();
        assert!(shell.wait().unwrap().success());
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        let pid = fs::read_to_string(self.dir.path().join("run/master.pid")).unwrap_or_default();
        let _ = as_root("kill").arg(pid.trim()).status();
        let _ = self.child.wait();
        let _ = as_root("rm").arg("-rf").arg(self.dir.path()).status();
    }
}
