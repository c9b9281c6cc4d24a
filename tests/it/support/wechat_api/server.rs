//! The platform's two ports and its thread.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::http;
use super::log::Host;
use super::platform::{Platform, Reply};

/// A port of this machine that can refuse connections and accept them again, and nobody takes it in between: a socket
/// that does not listen keeps it.
struct Port {
    address: SocketAddr,
    _kept: TcpSocket,
}

impl Port {
    fn reserve() -> io::Result<Port> {
        let kept = socket()?;
        kept.bind(([127, 0, 0, 1], 0).into())?;
        Ok(Port { address: kept.local_addr()?, _kept: kept })
    }

    /// Until the listener is dropped, connections are accepted.
    fn open(&self) -> io::Result<TcpListener> {
        let socket = socket()?;
        socket.bind(self.address)?;
        socket.listen(1024)
    }
}

/// One of several that share a port.
fn socket() -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseport(true)?;
    Ok(socket)
}

/// "Open or close the first port, and say when it is done."
type Command = (bool, mpsc::Sender<()>);

/// The running server. It stops when this is dropped, and every connection is closed with it.
pub struct Server {
    pub first: SocketAddr,
    pub second: SocketAddr,
    commands: Option<UnboundedSender<Command>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(platform: Arc<Platform>) -> Server {
        let (first, second) = (Port::reserve().unwrap(), Port::reserve().unwrap());
        let addresses = (first.address, second.address);
        let (commands, received) = unbounded_channel();
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(platform, first, second, received)).unwrap();
        };
        let thread = std::thread::Builder::new().name("wechat-api".into()).spawn(run).unwrap();
        let (first, second) = addresses;
        let server = Server { first, second, commands: Some(commands), thread: Some(thread) };
        server.set_open(true);
        server
    }

    /// When this returns, the first port accepts connections or refuses them.
    pub fn set_open(&self, open: bool) {
        let (done, wait) = mpsc::channel();
        self.commands.as_ref().unwrap().send((open, done)).expect("the platform's thread runs");
        wait.recv().expect("the platform's thread runs");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.commands.take());
        if let Some(thread) = self.thread.take() {
            // It has printed why, if it panicked.
            let _ = thread.join();
        }
    }
}

async fn serve(
    platform: Arc<Platform>,
    first: Port,
    second: Port,
    mut commands: UnboundedReceiver<Command>,
) -> io::Result<()> {
    let mut listener = None;
    let other = second.open()?;
    loop {
        let (host, accepted) = tokio::select! {
            command = commands.recv() => {
                let Some((open, done)) = command else { return Ok(()) };
                listener = match listener {
                    Some(listener) if open => Some(listener),
                    None if open => Some(first.open()?),
                    _ => None,
                };
                let _ = done.send(());
                continue;
            }
            accepted = accept(listener.as_ref()) => (Host::First, accepted),
            accepted = other.accept() => (Host::Second, accepted),
        };
        // What the system could not accept is the caller's disappointment.
        if let Ok((stream, peer)) = accepted {
            tokio::spawn(converse(Arc::clone(&platform), host, stream, peer));
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

/// One connection: a request, and what becomes of it. It goes on when the caller leaves, as at the platform.
async fn converse(platform: Arc<Platform>, host: Host, mut stream: TcpStream, peer: SocketAddr) {
    let Some(request) = http::read(&mut stream).await else { return };
    let handled = platform.handle(host, peer, &request);
    if let Some(latency) = handled.latency {
        tokio::time::sleep(latency).await;
    }
    let finish = |answered| platform.with(|state, _| state.log.finish(&request.path, handled.serial, answered));
    match handled.reply {
        Reply::Reset => {
            finish(false);
            // With nothing to linger for, closing is a reset.
            let _ = stream.set_zero_linger();
        }
        Reply::Silence => {
            let mut rest = [0; 4096];
            while stream.read(&mut rest).await.is_ok_and(|length| length > 0) {}
            finish(false);
        }
        Reply::Part(bytes) => {
            finish(false);
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Reply::Whole(bytes) => {
            finish(true);
            if stream.write_all(&bytes).await.is_err() {
                platform.with(|state, _| state.log.note(handled.serial, false));
            }
            let _ = stream.shutdown().await;
        }
    }
}
