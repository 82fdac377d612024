//! Header fields of anybody's making: no panic, and what is accepted is what was signed.

use super::*;
use crate::fuzz::{changed, changes, fuzz};

const WORDS: &str = r#"sig1= =( ); ;created= 1700000000 ;keyid=" ;nonce="nonce-0001" ;tag="orders-v1" ;alg="hmac-sha256" ;expires= ( "@method" "@path" "@query" "content-digest" ;sf ;bs , sha-256=: : " \ () ?1 - . @"#;

#[test]
fn fuzz_signature() {
    let signed = Request::post().signed("nonce-0001");
    let rightful = signed.verify().unwrap();
    fuzz((changes(), changes(), changes(), changes(), changes()), |(input, mac, digest, query, body)| {
        let mut request = signed.clone();
        request.body = changed(&signed.body, &body, WORDS);
        request.query = String::from_utf8(changed(b"expand=lines&dry=%20x", &query, WORDS)).ok();
        for (name, changes) in [("signature-input", input), ("signature", mac), ("content-digest", digest)] {
            let value = changed(signed.headers[name].as_bytes(), &changes, WORDS);
            // A server's HTTP parser lets no other bytes through.
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                request.headers.insert(name, value);
            }
        }
        if let Ok(verified) = request.verify() {
            assert_eq!(verified, rightful);
            assert_eq!((&request.body, &request.query), (&signed.body, &signed.query));
        }
    });
}
