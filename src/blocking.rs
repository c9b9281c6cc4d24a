//! The one bridge from async to synchronous code: the rooms below wait for disks and processors, never for sockets,
//! and run on threads of their own.

/// The work panicked; the panic has been printed by the hook, the process goes on.
#[derive(Debug, thiserror::Error)]
#[error("the work panicked")]
pub struct Panicked;

/// Runs `work` on a thread that may block. It is not cancelled when the caller is dropped.
///
/// # Errors
/// When the work panics, or the runtime is shutting down.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Panicked> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Panicked)
}
