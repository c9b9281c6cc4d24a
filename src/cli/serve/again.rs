//! The process becomes itself again: the same program file, arguments and process number, so that whoever watches over
//! it notices nothing. A program file that was replaced meanwhile is the one that starts.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Error, Result};

use super::signals;
use crate::config::Listen;

/// Where the process listened before: a port that the system chose is kept, so that an open page finds its way back.
const BOUND: &str = "SHUTONG_BOUND";

/// The program's file, as it is called before anybody replaces it.
pub(super) fn program() -> Result<PathBuf> {
    Ok(std::env::current_exe()?)
}

/// Replaces the process. Returns only when that fails.
pub(super) fn start(program: PathBuf, bound: &Listen) -> Error {
    let mut arguments = std::env::args_os();
    let mut command = Command::new(&program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    if let Err(error) = signals::hold_hangup() {
        return error;
    }
    command.args(arguments).env(BOUND, format!("{} {} {}", bound.public, bound.token, bound.admin));
    Error::new(command.exec()).context(format!("cannot start {} again", program.display()))
}

/// What to listen on: as configured, with the port of before where any is right.
pub(super) fn addresses(listen: &Listen) -> Listen {
    let bound = std::env::var(BOUND).unwrap_or_default();
    with_ports_of_before(listen, &bound)
}

fn with_ports_of_before(listen: &Listen, bound: &str) -> Listen {
    let mut before = bound.split(' ').map(|address| address.parse::<SocketAddr>().ok());
    let mut kept = |address: SocketAddr| {
        before.next().flatten().filter(|old| address.port() == 0 && old.ip() == address.ip()).unwrap_or(address)
    };
    Listen { public: kept(listen.public), token: kept(listen.token), admin: kept(listen.admin) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_the_system_chose_is_kept() {
        let listen = Listen { public: "127.0.0.1:0".parse().unwrap(), ..Listen::default() };
        let kept = with_ports_of_before(&listen, "127.0.0.1:40001 127.0.0.1:40002 127.0.0.1:40003");
        assert_eq!(kept.public.port(), 40_001);
        assert_eq!((kept.token, kept.admin), (listen.token, listen.admin), "these are configured");
        for nonsense in ["", "x y z", "192.0.2.1:1"] {
            assert_eq!(with_ports_of_before(&listen, nonsense).public, listen.public, "{nonsense}");
        }
    }
}
