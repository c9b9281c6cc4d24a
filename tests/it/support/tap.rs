//! A tap between a client and a server: it passes everything on, and keeps the first line of every request, whether it
//! asked only for what has changed, and the status of the answer.

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request that went through.
#[derive(Clone, Debug)]
pub struct Tapped {
    pub path: String,
    pub is_conditional: bool,
    pub status: u16,
}

/// The tap. It ends when it is dropped.
pub struct Tap {
    pub address: SocketAddr,
    tapped: Arc<Mutex<Vec<Tapped>>>,
    server: JoinHandle<()>,
}

impl Tap {
    /// In front of a server.
    pub async fn before(server: SocketAddr) -> Tap {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tapped = Arc::new(Mutex::new(Vec::new()));
        let same = Arc::clone(&tapped);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server, Arc::clone(&same)));
            }
        });
        Tap { address, tapped, server: accepting }
    }

    /// The requests since the last call.
    pub fn take(&self) -> Vec<Tapped> {
        std::mem::take(&mut *self.tapped.lock())
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass(mut client: TcpStream, server: SocketAddr, tapped: Arc<Mutex<Vec<Tapped>>>) {
    let Ok(mut upstream) = TcpStream::connect(server).await else { return };
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = upstream.split();
    let (asked, answered) = (Arc::clone(&tapped), tapped);
    let up = async {
        let mut buffer = vec![0; 65_536];
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
            // A client here sends each head whole, and nothing before the answer has come.
            if let Some(path) = text.split(' ').nth(1).filter(|_| text.contains("HTTP/1.1\r\n")) {
                let lower = text.to_ascii_lowercase();
                let is_conditional = lower.contains("\r\nif-none-match:") || lower.contains("\r\nif-modified-since:");
                asked.lock().push(Tapped { path: path.to_owned(), is_conditional, status: 0 });
            }
            if to_server.write_all(&buffer[..read]).await.is_err() {
                break;
            }
        }
        let _ = to_server.shutdown().await;
    };
    let down = async {
        let mut buffer = vec![0; 65_536];
        while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
            if let Some(status) = String::from_utf8_lossy(&buffer[..read.min(20)]).strip_prefix("HTTP/1.1 ") {
                let status = status.get(..3).and_then(|status| status.parse().ok()).unwrap_or(0);
                if let Some(last) = answered.lock().iter_mut().rev().find(|tapped| tapped.status == 0) {
                    last.status = status;
                }
            }
            if to_client.write_all(&buffer[..read]).await.is_err() {
                break;
            }
        }
        let _ = to_client.shutdown().await;
    };
    tokio::join!(up, down);
}
