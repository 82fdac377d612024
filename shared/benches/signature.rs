//! What a signature costs: `cargo bench -p shared`. The bar is 15 µs for verifying a request with a body of 2 KiB, from its header
//! fields to the decision: parsing, digest, MAC.

use std::{error::Error, hint::black_box};

use criterion::{BenchmarkId, Criterion, Throughput};
use http::{HeaderMap, HeaderName, HeaderValue};
use shared::signature::{Rejection, RequestParts, Unverified, Verified, sign};

const KEY_ID: &str = "key_0190a1b2c3d47e5f8091a2b3c4d5e6f7_0190a1b2c3d57e6f8192a3b4c5d6e7f8";
const SECRET: &[u8] = b"osk_ZG9jdW1lbnRhdGlvbi1vbmx5LW5vdC1hLXNlY3JldC0";
const NONCE: &str = "3fjQ2mS9bVxW1k0T";
const CREATED: i64 = 1_767_225_600;

/// No body, an order, and one with a thousand lines.
const BODY_LENGTHS: [usize; 3] = [0, 2 << 10, 128 << 10];

fn verify(parts: &RequestParts<'_>) -> Result<Verified, Rejection> {
    Unverified::parse(parts)?.verify(Some(SECRET), CREATED)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    for length in BODY_LENGTHS {
        let body = vec![b'x'; length];
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("orders.example.com"));
        headers.insert("accept", HeaderValue::from_static("application/json"));
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("idempotency-key", HeaderValue::from_static("0190a1b2-c3d4-7e5f-8091-a2b3c4d5e6f7"));
        let unsigned = RequestParts { method: "POST", path: "/v1/orders", query: None, headers: &headers, body: &body };
        let fields = sign(&unsigned, KEY_ID, SECRET, CREATED, NONCE)?;
        let mut group = criterion.benchmark_group("signature");
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(BenchmarkId::new("sign", length), |bencher| {
            bencher.iter(|| sign(black_box(&unsigned), KEY_ID, SECRET, CREATED, NONCE));
        });

        let mut headers = headers.clone();
        for (name, value) in fields.iter() {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
        }
        let signed = RequestParts { headers: &headers, ..unsigned };
        // A refusal might be cheaper: what is measured has to be accepted.
        verify(&signed)?;
        group.bench_function(BenchmarkId::new("verify", length), |bencher| bencher.iter(|| verify(black_box(&signed))));
        group.finish();
    }
    criterion.final_summary();
    Ok(())
}
