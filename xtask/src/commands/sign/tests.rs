//! The line is read back by a real bash; every mistake is named.

use std::process::Command;

use super::curl::{Body, Curl};
use super::{check_method, check_target, header, headers, run};
use crate::checkout::Checkout;

/// The arguments that bash would hand to curl.
fn read_by_bash(line: &str) -> Vec<Vec<u8>> {
    let script = format!("curl() {{ printf '%s\\0' \"$@\"; }}\n{line}");
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let mut words: Vec<Vec<u8>> = output.stdout.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    words.pop();
    words
}

#[test]
fn bash_reads_every_body_back_byte_for_byte() {
    let every_byte: Vec<u8> = (1..=255).collect();
    let bodies: [&[u8]; 10] = [
        b"",
        b"{}",
        b"{\"name\": \"Kim's\\n\"}",
        b"line\nline\n",
        b"$HOME `id` $(id) !! \\ \" ' ~ * ? [a-z] {a,b} # & ; | < >",
        "Größe ☕ \u{200b}".as_bytes(),
        b"tab\tbell\x07return\r\n'\\x41",
        b"\xff\xfe0f",
        b"@no-file",
        &every_byte,
    ];
    for body in bodies {
        let headers = [("idempotency-key", "it's a \"key\"")];
        let curl = Curl::new("POST", "http://h/v1/orders?a=$b&c='", &headers, Some(&Body::Inline(body.to_vec()))).unwrap();
        let words = read_by_bash(&curl.line());
        let started: Vec<Vec<u8>> = curl.command().get_args().map(|word| word.as_encoded_bytes().to_vec()).collect();
        assert_eq!(words, started);
        assert_eq!(words.last().unwrap(), body);
        assert!(words.contains(&b"http://h/v1/orders?a=$b&c='".to_vec()));
        assert!(words.contains(&b"idempotency-key: it's a \"key\"".to_vec()));
    }
}

#[test]
fn a_file_stays_a_file_and_head_asks_for_no_body() {
    let file = Body::File { name: "my order.json".into(), bytes: b"\0".to_vec() };
    let words = read_by_bash(&Curl::new("HEAD", "http://h/", &[], Some(&file)).unwrap().line());
    assert_eq!(words.last().unwrap(), b"@my order.json");
    assert!(words.contains(&b"--head".to_vec()) && !words.contains(&b"--request".to_vec()));
    let refused = Curl::new("POST", "http://h/", &[], Some(&Body::Inline(b"a\0b".to_vec()))).err().unwrap();
    assert!(refused.to_string().contains("--body FILE"), "{refused}");
}

#[test]
fn a_post_gets_a_key_and_a_body_gets_a_type() {
    let names = |method: &str, lines: &[&str], has_body: bool, key: Option<&str>| {
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        let headers = headers(method, &lines, has_body, key).unwrap();
        headers.into_iter().map(|(name, value)| if value.len() == 22 { name } else { format!("{name}: {value}") }).collect::<Vec<_>>()
    };
    assert_eq!(names("GET", &[], false, None), [""; 0]);
    assert_eq!(names("POST", &[], true, None), ["content-type: application/json", "idempotency-key"]);
    assert_eq!(names("POST", &[], false, Some("none")), [""; 0]);
    assert_eq!(names("PUT", &[], false, Some("auto")), ["idempotency-key"]);
    assert_eq!(names("POST", &[], false, Some("k-1")), ["idempotency-key: k-1"]);
    assert_eq!(names("POST", &["Idempotency-Key: k-2"], false, None), ["idempotency-key: k-2"]);
    assert_eq!(names("PATCH", &["Content-Type: a/b", "If-Match: \"3\""], true, None), ["content-type: a/b", "if-match: \"3\""]);
}

#[test]
fn each_mistake_is_named() {
    for (line, named) in [
        ("no colon", "'Name: value'"),
        ("a b: 1", "name of a header"),
        (": 1", "name of a header"),
        ("Signature: x", "made here"),
        ("Content-Digest: x", "made here"),
        ("X-Empty:", "visible"),
        ("X-Name: ä", "visible"),
    ] {
        let told = header(line).unwrap_err().to_string();
        assert!(told.contains(named), "{line}: {told}");
    }
    for (target, named) in [("v1/orders", "--url"), ("http://h/v1", "--url"), ("/a#b", "%23"), ("/a b", "' '"), ("/ä", "'ä'")] {
        let told = check_target(target).unwrap_err().to_string();
        assert!(told.contains(named), "{target}: {told}");
    }
    assert!(check_method("post").unwrap_err().to_string().contains("capitals"));
    assert!(headers("POST", &["A: 1".into(), "a: 2".into()], false, None).unwrap_err().to_string().contains("twice"));
    assert!(headers("POST", &["Idempotency-Key: 1".into()], false, Some("2")).unwrap_err().to_string().contains("two keys"));
    for (line, named) in [
        ("GET", "method and the path"),
        ("GET /", "nothing runs"),
        ("GET / --key-id k", "go together"),
        ("POST / --json {} --body -", "two bodies"),
        ("POST / --body no-such-file", "no-such-file"),
        ("GET / more", "one word too many"),
    ] {
        let told = run(&Checkout::at("/nowhere".as_ref()), line.split(' ').map(str::to_owned).collect()).unwrap_err().to_string();
        assert!(told.contains(named), "{line}: {told}");
    }
}
