//! HTTP/1.1 over TCP: accepting, limits on connections, and the graceful end. What is answered is the router's.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_io_timeout::TimeoutStream;

use super::{Shutdown, shutdown::DRAIN_LIMIT};

/// The head of a request must arrive within this time, an idle connection's next one too; beyond it the connection is closed.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of a request's head, its first line included; a longer one is answered 431. API Gateway takes 10 KiB, so no caller needs more.
/// That it has at most 100 fields is hyper's own limit.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Open connections at most; further ones wait in the kernel's backlog.
const CONNECTION_LIMIT: usize = 4_096;
/// A client that takes nothing of its answer for this long loses its connection: it would hold it, and what was made for it, for ever.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Pause after a failed `accept` (out of file descriptors), so that it does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub(super) enum BindError {
    /// Someone else has the port.
    #[error("port {} on {} is taken by another process; set {variable} to a free port, or to 0 for any", address.port(), address.ip())]
    Taken {
        /// Where.
        address: SocketAddr,
        /// The variable that chooses the port.
        variable: &'static str,
    },
    /// No permission, or not an address of this machine.
    #[error("cannot listen on {address} ({variable})")]
    Refused {
        /// Where.
        address: SocketAddr,
        /// The variable that chooses the port.
        variable: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Listens, and says where (port 0 takes a free one).
///
/// # Errors
/// [`BindError`]: one sentence that says what to do.
pub(super) async fn bind(address: SocketAddr, variable: &'static str) -> Result<(TcpListener, SocketAddr), BindError> {
    let refused = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => BindError::Taken { address, variable },
        _ => BindError::Refused { address, variable, source },
    };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    Ok((listener, bound))
}

/// Serves until a stop is asked for: then no connection is accepted, idle ones are closed, and requests under way are finished. What is
/// not finished within [`DRAIN_LIMIT`] is cut, and logged.
pub(super) async fn serve(listener: TcpListener, router: Router, shutdown: Shutdown) {
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(CONNECTION_LIMIT));
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.requested() => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        if let Some((stream, slot)) = accepted {
            tokio::spawn(converse(stream, router.clone(), graceful.watcher(), slot));
        }
    }
    // Closed before the drain: who connects now must reach another instance at once.
    drop(listener);
    if tokio::time::timeout(DRAIN_LIMIT, graceful.shutdown()).await.is_err() {
        let cut = CONNECTION_LIMIT - slots.available_permits();
        tracing::warn!(connections.cut = cut, "requests were cut: they outlasted the time to finish");
    }
}

async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    // The semaphore is never closed, so this only ever waits.
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, slot)),
        Err(error) => {
            tracing::warn!(error.message = &error as &(dyn std::error::Error + 'static), "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// A head that is no HTTP never reaches the router: hyper answers it without a body (400, 431) and closes the connection.
async fn converse(stream: TcpStream, router: Router, watcher: Watcher, slot: OwnedSemaphorePermit) {
    // Answers are written whole: waiting to fill a segment would only delay them. A socket that refuses is about to fail anyway.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_READ_TIMEOUT)
        .max_header_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router));
    // A connection fails when its client goes away or speaks no HTTP: nothing an operator could mend, so nothing to log.
    let _ = watcher.watch(connection).await;
    drop(slot);
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::Notify,
    };

    use super::*;

    const LOOPBACK: &str = "127.0.0.1:0";

    async fn send(address: SocketAddr, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n").as_bytes()).await.unwrap();
        stream
    }

    /// Everything up to the server's closing of the connection.
    async fn read_to_close(mut stream: TcpStream) -> String {
        let mut text = String::new();
        tokio::time::timeout(Duration::from_secs(5), stream.read_to_string(&mut text)).await.unwrap().unwrap();
        text
    }

    #[tokio::test]
    async fn a_stop_finishes_what_is_under_way_and_takes_nothing_new() {
        let (entered, released) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (enter, release) = (Arc::clone(&entered), Arc::clone(&released));
        let slow = move || async move {
            enter.notify_one();
            release.notified().await;
            "done"
        };
        let (listener, address) = bind(LOOPBACK.parse().unwrap(), "PORT").await.unwrap();
        let (trigger, shutdown) = Shutdown::channel();
        let serving = tokio::spawn(serve(listener, Router::new().route("/slow", get(slow)), shutdown));

        let idle = TcpStream::connect(address).await.unwrap();
        let busy = send(address, "/slow").await;
        entered.notified().await;
        trigger.send_replace(true);
        assert_eq!(read_to_close(idle).await, "", "an idle connection is closed");
        assert!(TcpStream::connect(address).await.is_err(), "no new connection is accepted");
        assert!(!serving.is_finished());
        released.notify_one();
        let answer = read_to_close(busy).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("done"), "{answer}");
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn a_taken_port_is_told_in_one_sentence() {
        let (_listener, address) = bind(LOOPBACK.parse().unwrap(), "PORT").await.unwrap();
        let error = bind(address, "PORT").await.unwrap_err().to_string();
        let port = address.port();
        assert_eq!(error, format!("port {port} on 127.0.0.1 is taken by another process; set PORT to a free port, or to 0 for any"));
    }

    #[tokio::test]
    async fn an_address_of_another_machine_is_refused() {
        assert!(matches!(bind("192.0.2.1:0".parse().unwrap(), "PORT").await, Err(BindError::Refused { .. })));
    }
}
