//! What servers from Debian's packages need: root, and a certificate for `localhost`.

use std::path::Path;
use std::process::Command;

/// Writes `cert.pem` and `key.pem` into a folder.
pub fn certificate(folder: &Path) {
    let kind = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
    let names = ["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"];
    let (key, file) = (folder.join("key.pem"), folder.join("cert.pem"));
    run(Command::new("openssl").args(kind).args(names).arg("-keyout").arg(key).arg("-out").arg(file));
}

/// A command as root, whoever runs the tests.
pub fn as_root(program: &str) -> Command {
    if rustix::process::geteuid().is_root() {
        Command::new(program)
    } else {
        let mut command = Command::new("sudo");
        command.arg("-n").arg(program);
        command
    }
}

/// Runs a command that must succeed.
#[track_caller]
pub fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
