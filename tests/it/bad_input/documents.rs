//! Bodies that are no JSON, or JSON that two readers could read as two documents: 400 `malformed`.

use super::{Expected, Trial, order_with, whole_order};

#[tokio::test]
async fn what_is_no_json_is_malformed() {
    let good = whole_order().to_string();
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin1 = good.replace("Wien", "K@ln").into_bytes().into_iter().map(|byte| if byte == b'@' { 0xf6 } else { byte }).collect();
    let mut trial = Trial::begin().await;
    for (name, body) in [
        ("nothing", Vec::new()),
        ("spaces", b" \n\t ".to_vec()),
        ("a word", b"order".to_vec()),
        ("a form", b"currency=EUR&lines=1".to_vec()),
        ("XML", b"<order/>".to_vec()),
        ("a byte order mark", [b"\xef\xbb\xbf", good.as_bytes()].concat()),
        ("UTF-16", utf16),
        ("Latin-1", latin1),
        ("an overlong encoding", order_with("/customer/name", "\"\u{1}\"").into_bytes().into_iter().flat_map(overlong).collect()),
        ("half an order", good.as_bytes()[..good.len() / 2].to_vec()),
        ("an order without its last brace", good.as_bytes()[..good.len() - 1].to_vec()),
        ("an order and a brace", format!("{good}}}").into_bytes()),
        ("two orders", format!("{good}{good}").into_bytes()),
        ("two orders in lines", format!("{good}\n{good}").into_bytes()),
        ("an order and a NUL", format!("{good}\0").into_bytes()),
        ("a comment before it", format!("/* tea */{good}").into_bytes()),
        ("a comment after it", format!("{good}// tea").into_bytes()),
        ("single quotes", good.replace('"', "'").into_bytes()),
    ] {
        trial.order(name, body, &Expected::malformed()).await;
    }
    trial.end(18).await;
}

/// U+0001 in two bytes instead of one: what a sloppy decoder takes for the same character.
fn overlong(byte: u8) -> Vec<u8> {
    if byte == 1 { vec![0xc0, 0x81] } else { vec![byte] }
}

#[tokio::test]
async fn a_token_that_is_no_json_is_malformed() {
    let mut trial = Trial::begin().await;
    for (pointer, raw) in [
        ("/shipping", "NaN"),
        ("/shipping", "Infinity"),
        ("/shipping", "-Infinity"),
        ("/shipping", "nul"),
        ("/shipping", "True"),
        ("/shipping", "undefined"),
        ("/shipping", "+1"),
        ("/shipping", "01"),
        ("/shipping", ".5"),
        ("/shipping", "1."),
        ("/shipping", "1e"),
        ("/shipping", "0x10"),
        ("/shipping", "1_000"),
        ("/shipping", "--1"),
        ("/shipping", "1e400"),
        ("/shipping", "-1e400"),
        ("/metadata/channel", "1e400"),
        ("/shipping", ""),
        ("/customer/name", r#""\ud800""#),
        ("/customer/name", r#""\udc00\ud800""#),
        ("/metadata/channel", r#""\ud800""#),
        ("/metadata/channel", r#"{"\udfff": 1}"#),
        ("/customer/name", r#""\x41""#),
        ("/customer/name", r#""\u12""#),
        ("/customer/name", "\"two\nlines\""),
        ("/customer/name", "\"a\ttab\""),
        ("/customer/name", "\"a \0 NUL\""),
        ("/customer/name", "\"no end"),
        ("/lines", "[,]"),
        ("/lines", "[1,]"),
        ("/customer", "{,}"),
        ("/customer", r#"{"name": "Kim",}"#),
        ("/customer", r#"{name: "Kim"}"#),
        ("/customer", r#"{"name" "Kim"}"#),
        ("/customer", r#"{1: "Kim"}"#),
        ("/customer", r#"{null: "Kim"}"#),
        ("/lines", "[}"),
    ] {
        trial.order(&format!("{pointer} {raw:?}"), order_with(pointer, raw), &Expected::malformed()).await;
    }
    trial.end(37).await;
}

#[tokio::test]
async fn a_member_that_comes_twice_is_malformed_wherever_it_is() {
    let address = r#""line1":"a","postal_code":"1","city":"b","country":"AT""#;
    let line = r#""sku":"a","name":"b","unit_price":1"#;
    let tender = r#""method":"card","capture":"automatic""#;
    let mut trial = Trial::begin().await;
    for (pointer, raw) in [
        ("/shipping", r#"490, "shipping": 490"#.to_owned()),
        // An escape spells the same name.
        ("/shipping", r#"490, "\u0073hipping": 490"#.to_owned()),
        ("/lines", format!(r#"[], "lines": [{{{line},"quantity":1}}]"#)),
        ("/customer", r#"{"name": "a", "name": "a"}"#.to_owned()),
        ("/shipping_address", format!(r#"{{"name": "a", {address}, "name": "b"}}"#)),
        ("/billing_address", format!(r#"{{"name": "a", {address}, "name": "a"}}"#)),
        ("/lines/0", format!(r#"{{{line}, "quantity": 1, "quantity": 2}}"#)),
        ("/lines/0/metadata", r#"{"a": 1, "a": 2}"#.to_owned()),
        ("/payments/0", format!(r#"{{{tender}, "amount": 1, "amount": 2}}"#)),
        ("/metadata", r#"{"a": 1, "a": 1}"#.to_owned()),
        ("/metadata", r#"{"a": [{"b": {"c": null, "c": null}}]}"#.to_owned()),
        ("/metadata", r#"{"": 1, "": 2}"#.to_owned()),
        ("/surprise", r#"1, "surprise": 1"#.to_owned()),
    ] {
        trial.order(&format!("{pointer} {raw}"), order_with(pointer, &raw), &Expected::malformed()).await;
    }
    trial.end(13).await;
}

#[tokio::test]
async fn what_is_nested_too_deeply_is_malformed() {
    let mut trial = Trial::begin().await;
    // The order is the first level and its metadata the second; `edges` has the level that is still taken.
    for levels in [31, 100, 200, 100_000] {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let nested = format!("{}0{}", open.repeat(levels), close.repeat(levels));
            trial.order(&format!("{levels} {open}"), order_with("/metadata/deep", &nested), &Expected::malformed()).await;
        }
    }
    let unclosed = "[".repeat(1_000_000);
    trial.order("a million brackets", unclosed, &Expected::malformed()).await;
    trial.end(9).await;
}
