//! A real mail server, Exim, on a port of this machine: STARTTLS, login, greylisting, addresses that it refuses.
//!
//! Every address is put off at first contact and taken in a later session; `refused@…` is nobody. What is taken lies in
//! one maildir. Exim obeys only what root has written, so this needs root, or sudo.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use tempfile::TempDir;

use super::root::{as_root, certificate, run};
use super::smtp_sink::SunkLetter;

/// The one login.
pub const LOGIN: (&str, &str) = ("books", "canary-of-the-mail-password");

const CONFIGURATION: &str = r#"
primary_hostname = localhost
local_interfaces = 127.0.0.1
daemon_smtp_ports = PORT
tls_advertise_hosts = *
tls_certificate = DIR/cert.pem
tls_privatekey = DIR/key.pem
auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
spool_directory = DIR/spool
log_file_path = DIR/log/%slog
pid_file_path = DIR/spool/exim.pid
keep_environment =
message_size_limit = 60M
smtp_accept_max = 100
smtp_accept_queue_per_connection = 0
log_selector = +received_recipients
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
begin acl
rcpt:
  deny !authenticated = *
       message = log in first
  deny local_parts = refused
       message = nobody of this name
  defer condition = ${lookup{$local_part}lsearch{DIR/grey/seen}{no}{yes}}
        set acl_m_seen = ${run{/bin/sh DIR/note.sh $local_part}}
        message = greylisted, come again
  accept
begin routers
all:
  driver = accept
  transport = maildir
begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = DIR/mail
  envelope_to_add
  user = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${if and{{eq{$auth2}{USER}}{eq{$auth3}{PASSWORD}}}}
  server_set_id = $auth2
"#;

/// The server; it ends when this is dropped.
pub struct Exim {
    dir: TempDir,
    port: u16,
    child: Child,
}

impl Exim {
    pub fn start() -> Exim {
        let dir = tempfile::Builder::new().prefix("exim").tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let path = dir.path();
        for folder in ["spool", "log", "mail", "grey"] {
            fs::create_dir(path.join(folder)).unwrap();
        }
        fs::write(path.join("grey/seen"), "nobody: seen\n").unwrap();
        let here = path.to_str().unwrap();
        fs::write(path.join("note.sh"), format!("#!/bin/sh\necho \"$1: seen\" >> {here}/grey/seen\n")).unwrap();
        let configuration = CONFIGURATION
            .replace("DIR", here)
            .replace("PORT", &port.to_string())
            .replace("USER", LOGIN.0)
            .replace("PASSWORD", LOGIN.1);
        fs::write(path.join("exim.conf"), configuration).unwrap();
        certificate(path);
        run(as_root("sh").arg("-c").arg(format!(
            "chown -R Debian-exim {here} && chmod 755 {here} {here}/note.sh && chmod 644 {here}/cert.pem && \
             chown root:root {here}/exim.conf && chmod 644 {here}/exim.conf && chmod -R a+rX {here}/mail {here}/log"
        )));
        let configuration = path.join("exim.conf");
        let mut command = as_root("exim4");
        command.args(["-bdf", "-C"]).arg(configuration).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("exim4 runs; tests/run.sh installs it");
        Exim { dir, port, child }
    }

    /// The certificate to trust.
    pub fn certificate(&self) -> PathBuf {
        self.dir.path().join("cert.pem")
    }

    /// `[mail]` for this server.
    pub fn toml(&self) -> String {
        format!(
            "[mail]\nfrom = \"书童 <books@example.com>\"\nhost = \"localhost\"\nport = {}\ntls = \"starttls\"\n\
             username = \"{}\"\npassword = \"{}\"\nca_file = \"{}\"\n",
            self.port,
            LOGIN.0,
            LOGIN.1,
            self.certificate().display()
        )
    }

    /// Everything that was taken, in no order.
    pub fn letters(&self) -> Vec<SunkLetter> {
        let Ok(entries) = fs::read_dir(self.dir.path().join("mail/new")) else { return Vec::new() };
        let files = entries.map(|entry| entry.unwrap().path());
        files.filter_map(|file| letter(&file)).collect()
    }

    /// Recipient and Message-ID of what was taken, in the order of taking.
    pub fn taken(&self) -> Vec<(String, String)> {
        let log = fs::read_to_string(self.dir.path().join("log/mainlog")).unwrap_or_default();
        let arrivals = log.lines().filter(|line| line.contains(" <= "));
        let word =
            |line: &str, start: &str| line.split(' ').find_map(|word| word.strip_prefix(start)).map(str::to_owned);
        arrivals.filter_map(|line| Some((line.rsplit(' ').next()?.to_owned(), word(line, "id=")?))).collect()
    }
}

impl Drop for Exim {
    fn drop(&mut self) {
        let pid = fs::read_to_string(self.dir.path().join("spool/exim.pid")).unwrap_or_default();
        let _ = as_root("kill").arg(pid.trim()).status();
        let _ = self.child.wait();
        let _ = as_root("rm").arg("-rf").arg(self.dir.path()).status();
    }
}

/// A file that is being written may be gone, or not whole, by the time it is read.
fn letter(file: &Path) -> Option<SunkLetter> {
    let text = fs::read_to_string(file).ok()?;
    let to = text.lines().find_map(|line| line.strip_prefix("Envelope-to: "))?.to_owned();
    let data = text.replace('\n', "\r\n").into_bytes();
    Some(SunkLetter { from: String::new(), to: vec![to], login: None, data })
}
