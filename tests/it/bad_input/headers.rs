//! What stands before the body: media types, codings, idempotency keys, ids of requests.

use tests::sample;

use super::{Expected, Trial, whole_order};

#[tokio::test]
async fn a_body_of_another_media_type_is_refused() {
    let mut trial = Trial::begin().await;
    let send = |name: &'static str, value: &'static str| {
        trial.caller.post("/v1/orders").new_key().header(name, value).bytes(whole_order().to_string()).send()
    };
    let mut answers = Vec::new();
    for media_type in [
        "",
        "json",
        "text/json",
        "text/plain",
        "text/plain; application/json",
        "application/jsonp",
        "application/x-json",
        "application/json5",
        "application/problem+json",
        "application/merge-patch+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=a",
        "application/octet-stream",
        "application/json, text/plain",
        "application /json",
        "*/*",
    ] {
        answers.push((media_type, send("content-type", media_type).await));
    }
    answers.push(("none at all", send("x-nothing", "1").await));
    for (media_type, answer) in answers {
        assert_eq!(answer.header("accept-post"), "application/json", "{media_type}");
        trial.judge(media_type, &answer, &Expected::new(415, "unsupported_media_type"));
    }
    trial.end(17).await;
}

#[tokio::test]
async fn a_compressed_body_is_refused_before_it_is_looked_at() {
    let mut trial = Trial::begin().await;
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0].to_vec();
    for (coding, body) in
        [("gzip", gzip), ("br", b"\x3b".to_vec()), ("zstd", whole_order().to_string().into_bytes()), ("gzip, identity", b"{}".to_vec())]
    {
        let request = trial.caller.post("/v1/orders").new_key().header("content-type", "application/json");
        let answer = request.header("content-encoding", coding).bytes(body).send().await;
        assert_eq!(answer.header("accept-encoding"), "identity", "{coding}");
        trial.judge(coding, &answer, &Expected::new(415, "unsupported_media_type"));
    }
    trial.end(4).await;
}

#[tokio::test]
async fn media_types_that_say_json_are_taken() {
    let trial = Trial::begin().await;
    for media_type in ["application/json", "Application/JSON", "application/json;charset=UTF-8", "application/json ; charset=utf-8 ; a=b"] {
        let request = trial.caller.post("/v1/orders").new_key().header("content-type", media_type);
        request.header("content-encoding", "identity").bytes(sample::order().to_string()).send().await.expect(201);
    }
}

#[tokio::test]
async fn an_idempotency_key_has_its_form() {
    let mut trial = Trial::begin().await;
    let long = "k".repeat(256);
    let quoted = format!("\"{long}\"");
    for bad in [
        "",
        "\"\"",
        "\"",
        "\"open",
        "open\"\"",
        "two words",
        "\"two words\"",
        "a\tb",
        "\"a\"b\"",
        "\"a\\\"",
        "\"a\", \"b\"",
        &long,
        &quoted,
    ] {
        // A quote inside of a bare key is a character like any other.
        let bare = !bad.starts_with('"') && bad.ends_with('"');
        if bare {
            continue;
        }
        let answer = trial.caller.post("/v1/orders").key(bad).json(&whole_order()).send().await;
        trial.judge(&format!("key {bad:?}"), &answer, &Expected::malformed().parameter("Idempotency-Key"));
    }
    let none = trial.caller.post("/v1/orders").json(&whole_order()).send().await;
    trial.judge("no key", &none, &Expected::new(400, "idempotency_key_required"));
    trial.end(13).await;
}

#[tokio::test]
async fn an_idempotency_key_of_255_characters_is_taken_bare_and_quoted() {
    let trial = Trial::begin().await;
    let every_character: String = ('!'..='~').filter(|character| !['"', '\\'].contains(character)).collect();
    for key in ["k".repeat(255), "k".to_owned(), every_character] {
        let first = trial.caller.post("/v1/orders").key(&key).json(&sample::order()).send().await.expect(201);
        let quoted = trial.caller.post("/v1/orders").key(&format!("\"{key}\"")).json(&sample::order()).send().await.expect(201);
        assert_eq!((quoted.body, quoted.headers["idempotency-replayed"].as_bytes()), (first.body, &b"true"[..]), "{key}");
    }
}

#[tokio::test]
async fn a_request_id_is_kept_up_to_128_visible_characters() {
    let trial = Trial::begin().await;
    let get = async |id: &str| {
        let answer = trial.caller.get("/v1/orders").header("x-request-id", id).send().await.expect(200);
        answer.header("x-request-id").to_owned()
    };
    for good in ["r", &"r".repeat(128), "!~<>\"'"] {
        assert_eq!(get(good).await, good);
    }
    for bad in ["", &"r".repeat(129), "two words", "a\tb"] {
        let given = get(bad).await;
        assert!(given != bad && given.parse::<uuid::Uuid>().is_ok(), "{bad:?} became {given}");
    }
}

#[tokio::test]
async fn a_command_takes_no_parameters_and_no_dry_run() {
    let mut trial = Trial::begin().await;
    for (query, parameter) in [("dry_run=true", "dry_run"), ("x", "x"), ("=", ""), ("a=1&b=2", "a")] {
        let answer = trial.caller.post(&format!("/v1/orders?{query}")).new_key().json(&whole_order()).send().await;
        trial.judge(query, &answer, &Expected::new(422, "validation_failed").parameter(parameter));
    }
    let dry = trial.caller.post("/v1/orders").new_key().header("dry-run", "true").json(&whole_order()).send().await;
    trial.judge("Dry-Run", &dry, &Expected::malformed().parameter("Dry-Run"));
    trial.end(5).await;
}
