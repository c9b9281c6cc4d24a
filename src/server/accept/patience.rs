//! A socket whose patience ends: with a client that stops taking its answer, and with one that goes on sending
//! after its answer. Waiting for a request is not its business; the head's timeout and the body's reader do that.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use tokio::time::{Instant, Sleep};

/// What a client must take of a waiting answer within the stall time: a reader of one byte per minute is no reader.
const LEAST_TAKEN: usize = 4 * 1024;
/// How long input is read and dropped after the last answer. Closing a socket with unread input resets the
/// connection, and the client would lose the answer that says why its upload was refused.
const LINGER: Duration = Duration::from_secs(2);

/// See the module.
pub(super) struct Patient<T> {
    io: T,
    stall: Duration,
    /// Armed while a write waits for the client.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Taken by the client since `stalled` was armed, in bytes.
    taken: usize,
    last_read: Option<Instant>,
    lingering: Option<Pin<Box<Sleep>>>,
}

impl<T> Patient<T> {
    pub(super) fn new(io: T, stall: Duration) -> Patient<T> {
        Patient { io, stall, stalled: None, taken: 0, last_read: None, lingering: None }
    }

    /// Looks at the outcome of a write of `offered` bytes, and fails when the client has taken too little for too
    /// long.
    fn judge(
        &mut self,
        written: Poll<io::Result<usize>>,
        offered: usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(count)) => {
                self.taken += count;
                if count >= offered || self.taken >= LEAST_TAKEN {
                    self.stalled = None;
                }
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                if self.stalled.is_none() {
                    self.stalled = Some(Box::pin(tokio::time::sleep(self.stall)));
                    self.taken = 0;
                }
                let Some(sleep) = &mut self.stalled else { return Poll::Pending };
                ready!(sleep.as_mut().poll(cx));
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes no more of the answer")))
            }
        }
    }
}

impl<T: Read + Unpin> Patient<T> {
    /// Drops input until the client closes its side or the time is over.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let quiet = self.last_read.is_none_or(|at| at.elapsed() > LINGER);
        if quiet {
            return Poll::Ready(());
        }
        let sleep = self.lingering.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
        if sleep.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let mut space = [MaybeUninit::uninit(); 16 * 1024];
        loop {
            let mut buffer = ReadBuf::uninit(&mut space);
            match ready!(Pin::new(&mut self.io).poll_read(cx, buffer.unfilled())) {
                Ok(()) if !buffer.filled().is_empty() => {}
                _ => return Poll::Ready(()),
            }
        }
    }
}

impl<T: Read + Unpin> Read for Patient<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let outcome = ready!(Pin::new(&mut self.io).poll_read(cx, buf));
        self.last_read = Some(Instant::now());
        Poll::Ready(outcome)
    }
}

impl<T: Read + Write + Unpin> Write for Patient<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.judge(written, buf.len(), cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        let offered = bufs.iter().map(|buf| buf.len()).sum();
        self.judge(written, offered, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
        }
        self.poll_linger(cx).map(Ok)
    }
}
