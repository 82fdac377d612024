//! A TCP proxy in front of a server of the tests, so that one service can lose it while all others keep it.

use std::sync::Arc;

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
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mode {
    /// Passes everything on.
    Open,
    /// Passes everything on, and becomes deaf when the service says these bytes.
    Waiting(Vec<u8>),
    /// Passes on what the service says, and keeps back what the server answers.
    Deaf,
    /// Closes every connection.
    Cut,
}

/// A proxy; it ends with the test's runtime.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    mode: Arc<watch::Sender<Mode>>,
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
        let mode = Arc::new(watch::Sender::new(Mode::Open));
        let modes = Arc::clone(&mode);
        tokio::spawn(async move {
            while let Ok((service, _)) = listener.accept().await {
                if *modes.borrow() == Mode::Cut {
                    continue;
                }
                if let Ok(server) = TcpStream::connect(&address).await {
                    tokio::spawn(converse(service, server, Arc::clone(&modes)));
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

    /// Keeps back what the server answers once the service has said `bytes`: it does what it is told, and nobody hears of it.
    pub fn deafen_at(&self, bytes: &str) {
        self.mode.send_replace(Mode::Waiting(bytes.into()));
    }

    /// Passes everything on again.
    pub fn mend(&self) {
        self.mode.send_replace(Mode::Open);
    }
}

async fn converse(service: TcpStream, server: TcpStream, modes: Arc<watch::Sender<Mode>>) {
    let ((service_reads, service_writes), (server_reads, server_writes)) = (service.into_split(), server.into_split());
    let mut cut = modes.subscribe();
    tokio::select! {
        () = tell(service_reads, server_writes, &modes) => {}
        () = answer(server_reads, service_writes, modes.subscribe()) => {}
        _ = cut.wait_for(|mode| *mode == Mode::Cut) => {}
    }
}

/// From the service to the server, whatever the mode, looking for the bytes that change it.
async fn tell(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, modes: &watch::Sender<Mode>) {
    let mut piece = vec![0; PIECE_BYTES];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let said = &piece[..length];
        modes.send_if_modified(|mode| {
            let now = matches!(mode, Mode::Waiting(bytes) if said.windows(bytes.len()).any(|window| window == bytes));
            if now {
                *mode = Mode::Deaf;
            }
            now
        });
        if to.write_all(said).await.is_err() {
            return;
        }
    }
}

/// From the server to the service, unless the proxy is deaf.
async fn answer(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut modes: watch::Receiver<Mode>) {
    let mut piece = vec![0; PIECE_BYTES];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        if modes.wait_for(|mode| *mode != Mode::Deaf).await.is_err() || to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
