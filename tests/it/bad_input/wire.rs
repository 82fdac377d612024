//! What is hardly HTTP: lengths that lie, heads without an end, heads beyond every limit. hyper answers some of it itself, bare.

use std::time::{Duration, Instant};

use tests::{Request, Stack, Wire, sample};

use super::{Expected, Trial, whole_order};

/// The largest body and the largest head, in bytes.
const BODY_MAX: usize = 1024 * 1024;
const HEAD_MAX: usize = 16 * 1024;
/// The largest number of header fields.
const FIELDS_MAX: usize = 100;
/// Within this time a head must be there; the service closes soon after.
const HEAD_LIMIT: Duration = Duration::from_secs(10);

/// A good order of exactly so many bytes.
fn order_of(bytes: usize) -> String {
    let order = sample::order().to_string();
    format!("{order}{}", " ".repeat(bytes - order.len()))
}

impl Trial {
    fn post(&self, body: impl Into<Vec<u8>>) -> Request<'_> {
        self.caller.post("/v1/orders").new_key().header("content-type", "application/json").bytes(body)
    }

    async fn connect(&self) -> Wire {
        Wire::connect(&self.stack.url()).await
    }
}

fn chunked(body: &[u8], piece: usize) -> Vec<u8> {
    let chunks = body.chunks(piece).flat_map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
    chunks.chain(*b"0\r\n\r\n").collect()
}

#[tokio::test]
async fn a_body_of_one_mebibyte_is_taken_and_one_byte_more_is_not() {
    let mut trial = Trial::begin().await;
    trial.post(order_of(BODY_MAX)).send().await.expect(201);
    let (head, body) = trial.post(order_of(BODY_MAX)).into_wire();
    let mut wire = trial.connect().await;
    wire.send(format!("{head}transfer-encoding: chunked\r\n\r\n")).await;
    wire.send(chunked(&body, 50_000)).await;
    wire.answer().await.expect(201);
    trial.before = trial.stack.sql().contents().await;

    let declared = trial.post(order_of(BODY_MAX + 1)).send().await;
    trial.judge("declared", &declared, &Expected::new(413, "payload_too_large"));
    let (head, body) = trial.post(order_of(BODY_MAX + 1)).into_wire();
    let mut wire = trial.connect().await;
    wire.send(format!("{head}transfer-encoding: chunked\r\n\r\n")).await;
    wire.send(chunked(&body, 50_000)).await;
    trial.judge("chunked", &wire.answer().await, &Expected::new(413, "payload_too_large"));
    // What is declared decides before a byte of it has come.
    let mut wire = trial.connect().await;
    wire.send(format!("{head}content-length: 9000000000\r\n\r\n")).await;
    trial.judge("declared and not sent", &wire.answer().await, &Expected::new(413, "payload_too_large"));
    trial.end(3).await;
}

#[tokio::test]
async fn a_chunked_body_is_read_whole() {
    let trial = Trial::begin().await;
    for piece in [1, 7, 4096] {
        let (head, body) = trial.post(sample::order().to_string()).into_wire();
        let mut wire = trial.connect().await;
        wire.send(format!("{head}transfer-encoding: chunked\r\n\r\n")).await;
        wire.send(chunked(&body, piece)).await;
        wire.answer().await.expect(201);
    }
}

#[tokio::test]
async fn a_length_that_lies_places_no_order() {
    let mut trial = Trial::begin().await;
    let (head, body) = trial.post(whole_order().to_string()).into_wire();
    let length = body.len();

    // Shorter than the body: what is read is not what was signed, and the rest is no request.
    let mut wire = trial.connect().await;
    wire.send([format!("{head}content-length: {}\r\n\r\n", length - 1).as_bytes(), &body].concat()).await;
    trial.judge("too short", &wire.answer().await, &Expected::new(401, "signature_digest_mismatch"));

    // Longer than the body: the caller is waited for, and no longer than the endpoint's time.
    let mut wire = trial.connect().await;
    wire.send([format!("{head}content-length: {}\r\n\r\n", length + 1).as_bytes(), &body].concat()).await;
    trial.judge("too long", &wire.answer().await, &Expected::malformed());
    trial.end(2).await;
}

#[tokio::test]
async fn framing_that_is_none_is_refused_bare_and_the_connection_closed() {
    let trial = Trial::begin().await;
    let (head, _) = trial.post(whole_order().to_string()).into_wire();
    for framing in [
        "content-length: -1\r\n\r\n",
        "content-length: +5\r\n\r\n",
        "content-length: 5 5\r\n\r\n",
        "content-length: ten\r\n\r\n",
        "content-length: 18446744073709551616\r\n\r\n",
        "content-length: 5\r\ncontent-length: 6\r\n\r\n",
        "transfer-encoding: gzip\r\n\r\n",
        "transfer-encoding: chunked, gzip\r\n\r\n",
        "no colon\r\n\r\n",
        "bad name: 1\r\n\r\n",
        "bad\0name: 1\r\n\r\n",
        "value: a\0b\r\n\r\n",
        ": no name\r\n\r\n",
    ] {
        let mut wire = trial.connect().await;
        wire.send(format!("{head}{framing}")).await;
        let said = wire.closed().await;
        assert!(said.starts_with("HTTP/1.1 400 Bad Request\r\n") && said.contains("content-length: 0\r\n"), "{framing:?}: {said}");
    }
    for line in [
        "GET",
        "GET /",
        "GET / HTTP/9.9",
        "G\u{1}T / HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET /ä HTTP/1.1",
        "GET \0 HTTP/1.1",
        "\u{16}\u{3}\u{1}",
    ] {
        let mut wire = trial.connect().await;
        wire.send(format!("{line}\r\nhost: test\r\n\r\n")).await;
        let said = wire.closed().await;
        assert!(said.starts_with("HTTP/1.1 4") || said.is_empty(), "{line:?}: {said}");
    }
    trial.end(0).await;
}

#[tokio::test]
async fn a_chunk_that_is_none_places_no_order() {
    let mut trial = Trial::begin().await;
    for chunks in
        ["zz\r\n{}\r\n0\r\n\r\n", "-1\r\n{}\r\n0\r\n\r\n", "2\r\n{}X\r\n0\r\n\r\n", "fffffffffffffffff\r\n{}", "2;\n{}\r\n0\r\n\r\n"]
    {
        let (head, _) = trial.post("{}").into_wire();
        let mut wire = trial.connect().await;
        wire.send(format!("{head}transfer-encoding: chunked\r\n\r\n{chunks}")).await;
        trial.judge(&format!("{chunks:?}"), &wire.answer().await, &Expected::malformed());
    }
    trial.end(5).await;
}

#[tokio::test]
async fn a_head_of_16_kib_is_taken_and_one_byte_more_is_not() {
    let trial = Trial::begin().await;
    let head_of = |bytes: usize| {
        let (head, _) = trial.caller.get("/v1/orders").into_wire();
        let padding = bytes - head.len() - "x-padding: \r\n\r\n".len();
        format!("{head}x-padding: {}\r\n\r\n", "x".repeat(padding))
    };
    let mut wire = trial.connect().await;
    wire.send(head_of(HEAD_MAX)).await;
    wire.answer().await.expect(200);
    too_large(&trial.stack, &head_of(HEAD_MAX + 1)).await;
    too_large(&trial.stack, &head_of(1024 * 1024)).await;
    // The first line is part of the head.
    too_large(&trial.stack, &format!("GET /v1/orders?customer_reference={} HTTP/1.1\r\n", "x".repeat(HEAD_MAX))).await;
}

#[tokio::test]
async fn a_hundred_fields_are_taken_and_one_more_is_not() {
    let trial = Trial::begin().await;
    let head_of = |count: usize| {
        let (head, _) = trial.caller.get("/v1/orders").into_wire();
        let fields: String = (head.lines().count()..=count).map(|index| format!("x-{index}: 1\r\n")).collect();
        format!("{head}{fields}\r\n")
    };
    let mut wire = trial.connect().await;
    wire.send(head_of(FIELDS_MAX)).await;
    wire.answer().await.expect(200);
    too_large(&trial.stack, &head_of(FIELDS_MAX + 1)).await;
}

async fn too_large(stack: &Stack, head: &str) {
    let mut wire = Wire::connect(&stack.url()).await;
    wire.send(head).await;
    let said = wire.closed().await;
    assert!(said.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{said}");
}

#[tokio::test]
async fn who_does_not_finish_a_head_is_closed_after_ten_seconds() {
    let trial = Trial::begin().await;
    let begun = Instant::now();
    let (mut silent, mut slow, mut idle) = tokio::join!(trial.connect(), trial.connect(), trial.connect());
    silent.send("").await;
    slow.send("GET /v1/orders HTTP/1.1\r\nhost: te").await;
    let (head, _) = trial.caller.get("/v1/orders").into_wire();
    idle.send(format!("{head}\r\n")).await;
    idle.answer().await.expect(200);
    let said = tokio::join!(silent.closed(), slow.closed(), idle.closed());
    assert_eq!(said, Default::default(), "they are closed without a word");
    let waited = begun.elapsed();
    assert!(waited >= HEAD_LIMIT && waited < HEAD_LIMIT * 3 / 2, "closed after {waited:?}");
}

#[tokio::test]
async fn who_does_not_finish_a_body_is_told_and_closed() {
    let mut trial = Trial::begin().await;
    let (head, body) = trial.post(whole_order().to_string()).into_wire();
    let mut wire = trial.connect().await;
    wire.send([format!("{head}content-length: {}\r\n\r\n", body.len()).as_bytes(), &body[..10]].concat()).await;
    trial.judge("ten bytes", &wire.answer().await, &Expected::malformed());
    assert_eq!(wire.closed().await, "");
    trial.end(1).await;
}
