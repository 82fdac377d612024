//! One TCP connection to the service, for what no well-mannered client would send: lies about lengths, heads without an end.

use http::HeaderMap;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use url::Url;

use super::{Answer, PATIENCE};

/// What is read at a time.
const PIECE_BYTES: usize = 4096;

/// A connection that says exactly what a test tells it to.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Wire {
    /// Connects to an address such as [`Stack::url`](super::Stack::url).
    ///
    /// # Panics
    /// When nobody listens there.
    pub async fn connect(url: &str) -> Self {
        let url: Url = url.parse().unwrap();
        let stream = TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).await.unwrap();
        Self { stream, unread: Vec::new() }
    }

    /// Sends these bytes. That the service has closed already is no failure: then its answer lies there to be read.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// The next answer, read by its `Content-Length`.
    ///
    /// # Panics
    /// When none comes.
    pub async fn answer(&mut self) -> Answer {
        let end = loop {
            if let Some(end) = self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            assert!(self.read_more().await, "closed without an answer, after: {}", String::from_utf8_lossy(&self.unread));
        };
        let head = String::from_utf8(self.unread.drain(..end + 4).collect()).unwrap();
        let (status, headers) = read_head(&head);
        let length = headers.get("content-length").map_or(0, |value| value.to_str().unwrap().parse().unwrap());
        while self.unread.len() < length {
            assert!(self.read_more().await, "the body of an answer broke off");
        }
        Answer { status, headers, body: self.unread.drain(..length).collect() }
    }

    /// Waits until the service closes the connection; what it said before.
    ///
    /// # Panics
    /// When it does not in [`PATIENCE`].
    pub async fn closed(mut self) -> String {
        while self.read_more().await {}
        String::from_utf8(self.unread).unwrap()
    }

    /// False at the end. A reset is an end too: bytes of ours that nobody read make one of a close.
    async fn read_more(&mut self) -> bool {
        let mut piece = [0; PIECE_BYTES];
        let read = timeout(PATIENCE, self.stream.read(&mut piece)).await;
        let length = read.unwrap_or_else(|_| panic!("the service neither answers nor closes")).unwrap_or(0);
        self.unread.extend_from_slice(&piece[..length]);
        length > 0
    }
}

fn read_head(head: &str) -> (u16, HeaderMap) {
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let fields = lines.filter_map(|line| line.split_once(": "));
    let headers = fields.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    (status.unwrap_or_else(|| panic!("no status in {head}")), headers)
}
