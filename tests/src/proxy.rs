//! A TCP proxy in front of a server of the tests, so that one service can lose it while all others keep it.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};
use url::Url;

/// What is passed on at a time.
const PIECE_BYTES: usize = 16 * 1024;

/// What the proxy does with what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Passes everything on.
    Open,
    /// Passes on what the service says, and keeps back what the server answers.
    Deaf,
    /// Closes every connection.
    Cut,
}

/// A proxy; it ends with the test's runtime.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    mode: watch::Sender<Mode>,
}

impl Proxy {
    /// Starts one in front of the server of this URL.
    ///
    /// # Panics
    /// When the URL has no host and port.
    pub(crate) async fn start(server: &Url) -> Self {
        let address = (server.host_str().unwrap().to_owned(), server.port().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mode, modes) = watch::channel(Mode::Open);
        tokio::spawn(async move {
            while let Ok((service, _)) = listener.accept().await {
                if *modes.borrow() == Mode::Cut {
                    continue;
                }
                if let Ok(server) = TcpStream::connect(&address).await {
                    tokio::spawn(converse(service, server, modes.clone()));
                }
            }
        });
        Self { port, mode }
    }

    /// The URL with this proxy in the server's place.
    pub(crate) fn in_place_of(&self, server: &Url) -> String {
        let mut url = server.clone();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(self.port)).unwrap();
        url.into()
    }

    /// Closes every connection and takes no other.
    pub fn cut(&self) {
        self.mode.send_replace(Mode::Cut);
    }

    /// Keeps back what the server answers from now on: it does what it is told, and nobody hears of it.
    pub fn deafen(&self) {
        self.mode.send_replace(Mode::Deaf);
    }

    /// Passes everything on again.
    pub fn mend(&self) {
        self.mode.send_replace(Mode::Open);
    }
}

async fn converse(service: TcpStream, server: TcpStream, modes: watch::Receiver<Mode>) {
    let ((service_reads, service_writes), (server_reads, server_writes)) = (service.into_split(), server.into_split());
    let mut cut = modes.clone();
    tokio::select! {
        () = pass(service_reads, server_writes, modes.clone(), |mode| mode != Mode::Cut) => {}
        () = pass(server_reads, service_writes, modes, |mode| mode == Mode::Open) => {}
        _ = cut.wait_for(|mode| *mode == Mode::Cut) => {}
    }
}

/// Copies one direction, while the mode lets it.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut modes: watch::Receiver<Mode>, lets: impl Fn(Mode) -> bool) {
    let mut piece = vec![0; PIECE_BYTES];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        if modes.wait_for(|mode| lets(*mode)).await.is_err() || to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
