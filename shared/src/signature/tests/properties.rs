//! Properties of arbitrary requests: what is signed verifies, what is changed does not, and nothing panics.

use proptest::prelude::*;

use super::*;

prop_compose! {
    fn request()(
        method in "[A-Z]{1,8}",
        path in "/[!-~]{0,40}",
        query in proptest::option::of("[!-~]{0,40}"),
        key in proptest::option::of("[ -~]{0,40}"),
        if_match in proptest::option::of("\"[0-9]{1,9}\""),
        body in proptest::collection::vec(any::<u8>(), 0..64),
    ) -> Request {
        let mut request = Request { method, path, query, headers: HeaderMap::new(), body };
        for (name, value) in [("idempotency-key", key), ("if-match", if_match)] {
            if let Some(value) = value {
                request.set(name, &value);
            }
        }
        request
    }
}

/// Flips the lowest bit of one byte of text: visible ASCII below `~` stays ASCII, and the text surely changes.
fn flip(text: &mut String, at: prop::sample::Index) -> bool {
    let mut bytes = std::mem::take(text).into_bytes();
    let changed = !bytes.is_empty();
    if changed {
        let index = at.index(bytes.len());
        bytes[index] ^= 1;
    }
    *text = String::from_utf8(bytes).unwrap();
    changed
}

/// Changes the inside of a field: blanks around a value are no part of it (RFC 9110 §5.5).
fn flip_field(request: &mut Request, name: &str, at: prop::sample::Index) -> bool {
    let Some(value) = request.headers.get(name) else { return false };
    let mut value = value.to_str().unwrap().trim().to_owned();
    let changed = flip(&mut value, at) && HeaderValue::from_str(&value).is_ok() && value.trim() == value;
    if changed {
        request.set(name, &value);
    }
    changed
}

proptest! {
    #[test]
    fn what_was_signed_verifies(request in request(), nonce in "[!-~]{8,64}") {
        let request = request.signed(&nonce);
        prop_assert_eq!(request.verify().unwrap().nonce, nonce);
    }

    #[test]
    fn a_flipped_byte_of_covered_material_is_refused(request in request(), part in 0..8, at: prop::sample::Index) {
        let mut request = request.signed("nonce-0001");
        let changed = match part {
            0 => flip(&mut request.method, at),
            1 => flip(&mut request.path, at),
            2 => request.query.as_mut().is_some_and(|query| flip(query, at)),
            3 if request.body.is_empty() => false,
            3 => {
                let index = at.index(request.body.len());
                request.body[index] ^= 1;
                true
            }
            4 => flip_field(&mut request, "idempotency-key", at),
            5 => flip_field(&mut request, "if-match", at),
            6 => flip_field(&mut request, "content-digest", at),
            _ => flip_field(&mut request, "signature-input", at),
        };
        prop_assume!(changed);
        prop_assert!(request.verify().is_err());
    }

    #[test]
    fn no_header_bytes_make_it_panic(
        input in proptest::collection::vec(any::<u8>(), 0..120),
        signature in proptest::collection::vec(any::<u8>(), 0..60),
        digest in proptest::collection::vec(any::<u8>(), 0..60),
        spliced in any::<bool>(),
        cut: prop::sample::Index,
    ) {
        let mut request = Request::post().signed("nonce-0001");
        let mut input = input;
        if spliced {
            let rightful = request.field("signature-input").into_bytes();
            let at = cut.index(rightful.len());
            input = [&rightful[..at], &input, &rightful[at..]].concat();
        }
        for (name, bytes) in [("signature-input", &input), ("signature", &signature), ("content-digest", &digest)] {
            if let Ok(value) = HeaderValue::from_bytes(bytes) {
                request.headers.insert(name, value);
            }
        }
        let _ = request.verify();
    }
}
