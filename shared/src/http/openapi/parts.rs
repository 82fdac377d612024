//! What operations share: headers, parameters, the schema of problems and the description of signatures.

use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};

use super::super::{
    Code,
    exchange::MAX_REQUEST_ID_LEN,
    pagination::{DEFAULT_LIMIT, MAX_CURSOR_LEN, MAX_LIMIT},
    precondition::MAX_KEY_LEN,
};
use crate::{
    domain::ids::{FulfillmentId, KeyId, LineId, OperationId, OrderId, PaymentId, SessionId, TenantId},
    signature::standard_webhooks::{MAX_ID_LEN, TOLERANCE_S, WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP},
};

/// Schemas that no function's type brings in.
pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    vec![("Problem", problem()), ("FieldError", field_error()), ("ProblemCode", problem_code())]
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "A problem (RFC 9457). Some codes have members of their own beside these, such as `required_scope` or `parameter`.",
        "required": ["type", "title", "status", "code", "retryable", "request_id"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference", "pattern": "^/problems/[a-z_]+$", "description": "A page about the code."},
            "title": {"type": "string", "description": "What the code means; the same sentence every time."},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "code": {"$ref": "#/components/schemas/ProblemCode"},
            "retryable": {"type": "boolean", "description": "Whether the same request, sent again, may succeed."},
            "request_id": {"type": "string", "description": "As in `X-Request-Id`; name it when you ask for help."},
            "detail": {"type": "string", "description": "One sentence about this occurrence, for a person."},
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}, "description": "Each mistake of the body."},
            "parameter": {"type": "string", "description": "The query parameter or header that does not fit."},
            "required_scope": {"type": "string", "description": "The scope that the key lacks."},
            "reason": {"type": "string", "description": "Why the signature was refused."},
            "required_components": {"type": "array", "items": {"type": "string"}, "description": "What this very request must cover."},
            "server_time": {"type": "string", "format": "date-time", "description": "Our clock, to compare yours with."},
            "order_id": {"$ref": "#/components/schemas/OrderId", "description": "The order that has the external reference."},
        },
    })
}

fn field_error() -> Value {
    json!({
        "type": "object",
        "required": ["pointer", "code", "message"],
        "properties": {
            "pointer": {"type": "string", "format": "json-pointer", "description": "Into the body (RFC 6901): `/lines/0/quantity`."},
            "code": {"type": "string", "description": "Stable: `out_of_range`, `mismatch`, `required`, …"},
            "message": {"type": "string", "description": "For a person; names both numbers where two disagree."},
        },
    })
}

fn problem_code() -> Value {
    let meaning = |code: &Code| format!("\n- `{}` ({}): {}", code.as_str(), code.status(), code.title());
    let meanings: String = Code::ALL.iter().map(meaning).collect();
    let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    json!({"type": "string", "enum": codes, "description": format!("Stable; callers branch on it.\n{meanings}")})
}

/// Headers of answers.
pub(super) fn headers() -> Value {
    let text = |description: &str| json!({"description": description, "schema": {"type": "string"}});
    json!({
        "X-Request-Id": text("The request's id: the caller's own if it sent a fit one, else ours."),
        "Cache-Control": text("Who may keep the answer. A tenant's answers are never for shared caches."),
        "ETag": text("The version of the answer, for `If-Match` and `If-None-Match`."),
        "Location": text("The path of what was created."),
        "Link": text("The next page (RFC 8288), absent on the last: `<…>; rel=\"next\"`."),
        "Idempotency-Replayed": {
            "description": "The effect is older than this request: it is answered as it was the first time.",
            "schema": {"type": "string", "const": "true"},
        },
        "RateLimit": text("What is left now of the scarcer of the two rates: `\"reads-key\";r=41;t=1` (draft-ietf-httpapi-ratelimit-headers)."),
        "RateLimit-Policy": text("The rates of the calling key and of all keys of its tenant, as requests (`q`) in a window of seconds (`w`)."),
        "Retry-After": {"description": "Seconds after which the same request may succeed.", "schema": {"type": "integer", "minimum": 0}},
        "WWW-Authenticate": text("How to sign the request: `Signature` (RFC 9421), `StandardWebhooks` for a webhook; `Bearer` for a session (RFC 6750 §3)."),
        "Accept-Signature": text("What to sign (RFC 9421 §5.1)."),
        "Accept-Post": text("The media types that are taken (W3C LDP §7.1)."),
        "Accept-Patch": text("The media types that are taken (RFC 5789 §3.1)."),
    })
}

/// Headers and list parameters of requests. (Those that carry a signature are security schemes.)
pub(super) fn parameters() -> Value {
    let header = |name: &str, required: bool, schema: Value, description: &str| json!({"name": name, "in": "header", "required": required, "schema": schema, "description": description});
    let key = json!({"type": "string", "minLength": 1, "maxLength": MAX_KEY_LEN, "pattern": "^[\\x21-\\x7e]+$"});
    // No patterns for these two: what does not fit is not refused but replaced.
    let any = json!({"type": "string"});
    let request_id = format!(
        "Your own id of the request, echoed and logged: 1 to {MAX_REQUEST_ID_LEN} visible ASCII characters. For any other the request gets one of ours."
    );
    json!({
        "Idempotency-Key": header("Idempotency-Key", true, key, "New for every intended effect, the same with each retry of it."),
        "If-Match": header("If-Match", true, json!({"type": "string"}), "The `ETag` that the change is based on."),
        "If-Match-Optional": header("If-Match", false, json!({"type": "string"}), "The `ETag` of the order that the change is based on; any if left out."),
        "If-None-Match": header("If-None-Match", false, json!({"type": "string"}), "The `ETag` of the version that you have: a 304 if it is still good."),
        "Last-Event-ID": header("Last-Event-ID", false, json!({"type": "string"}), "The `id` of the last frame that you have seen: the stream goes on behind it."),
        "Min-Version": header("Min-Version", false, json!({"type": "string"}), "The version that you know of, a whole number: nothing older is shown. Without it an answer may be half a minute old."),
        "X-Request-Id": header("X-Request-Id", false, any.clone(), &request_id),
        "traceparent": header("traceparent", false, any, "W3C Trace Context; honoured and passed on if it can be read."),
        "Content-Digest": header(
            "Content-Digest",
            true,
            json!({"type": "string"}),
            "The digest of the body (RFC 9530), `sha-256=:…:`, covered by the signature.",
        ),
        "limit": {
            "name": "limit", "in": "query", "description": "Items of a page.",
            "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        },
        "cursor": {
            "name": "cursor", "in": "query", "description": "Where the page begins: `next_cursor` of the one before. It belongs to its filters.",
            "schema": {"type": "string", "maxLength": MAX_CURSOR_LEN},
        },
    })
}

/// RFC 9421 in the two headers that carry it, and Standard Webhooks in its three; of each all are needed.
pub(super) fn security_schemes() -> Value {
    json!({
        "signature": {
            "type": "apiKey", "in": "header", "name": "Signature",
            "description": include_str!("signature.md"),
        },
        "signature_input": {
            "type": "apiKey", "in": "header", "name": "Signature-Input",
            "description": "What `Signature` covers, and its parameters (RFC 9421 §4.1).",
        },
        "session": {
            "type": "http", "scheme": "bearer",
            "description": "The token of a session (`create-session`), for requests that read.",
        },
        "webhook_signature": {
            "type": "apiKey", "in": "header", "name": WEBHOOK_SIGNATURE,
            "description": include_str!("webhook_signature.md"),
        },
        "webhook_id": {
            "type": "apiKey", "in": "header", "name": WEBHOOK_ID,
            "description": format!("The webhook's id: 1 to {MAX_ID_LEN} visible ASCII characters without a full stop, the same with each attempt."),
        },
        "webhook_timestamp": {
            "type": "apiKey", "in": "header", "name": WEBHOOK_TIMESTAMP,
            "description": format!("When this attempt was made: seconds since 1970, at most {TOLERANCE_S} s off our clock."),
        },
    })
}

/// The schema of a path parameter: a name means the same everywhere.
pub(super) fn path_parameter(name: &str) -> Option<Value> {
    fn of<T: ToSchema>() -> Option<Value> {
        serde_json::to_value(<T as PartialSchema>::schema()).ok()
    }
    match name {
        "order_id" => of::<OrderId>(),
        "line_id" => of::<LineId>(),
        "payment_id" => of::<PaymentId>(),
        "operation_id" => of::<OperationId>(),
        "fulfillment_id" => of::<FulfillmentId>(),
        "tenant_id" => of::<TenantId>(),
        "key_id" => of::<KeyId>(),
        "session_id" => of::<SessionId>(),
        "type" => Some(json!({
            "type": "string", "pattern": r"^[a-z_]+(\.[a-z_]+)+\.v[1-9][0-9]*$", "description": "The `type` of a message: `order.created.v1`.",
        })),
        "code" => Some(json!({"$ref": "#/components/schemas/ProblemCode"})),
        _ => None,
    }
}
