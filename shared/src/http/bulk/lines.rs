//! A body of lines, each a JSON document of its own (NDJSON), read one at a time.

use bytes::Bytes;

use crate::{
    commands::import_orders::OrderLine,
    domain::{
        invalid::{FieldError, FieldErrors},
        order::request::{OrderRequest, REFERENCE_MAX},
    },
    http::{Call, Code, Problem, body, fingerprint::fingerprint, json_shape, strict_json},
};

/// Lines of one call; more are a 413, and none of them is placed.
pub const LINES_MAX: usize = 2_000;
/// Bytes of a line, as many as the body of create-order may have; a longer one is refused, and the others are not.
const LINE_BYTES_MAX: usize = 1024 * 1024;
/// Where lines come in, as it counts in their fingerprints, which are kept for ever: whatever becomes of the route, this stays.
const FINGERPRINTED: (&str, &str) = ("POST", "/v1/orders/import");

/// The lines of a body that have something on them, each with its number. A line ends with LF or CRLF; the last need not.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    rest: Bytes,
    number: usize,
}

impl Lines {
    /// The lines of a request.
    ///
    /// # Errors
    /// 415 unless they are lines by name, 422 when there is none, 413 when there are more than [`LINES_MAX`].
    pub(super) fn of(call: &Call) -> Result<Self, Problem> {
        body::require_lines(&call.parts.headers)?;
        let lines = Self { rest: call.body.clone(), number: 0 };
        match lines.clone().count() {
            0 => Err(Problem::new(Code::ValidationFailed).detail("the body has no line with an order on it")),
            1..=LINES_MAX => Ok(lines),
            more => Err(Problem::new(Code::PayloadTooLarge).detail(format!("the body has {more} lines, a call takes {LINES_MAX}"))),
        }
    }
}

impl Iterator for Lines {
    type Item = (usize, Bytes);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let length = self.rest.iter().position(|byte| *byte == b'\n').unwrap_or(self.rest.len());
            let line = self.rest.split_to(length);
            // The line's end, unless the body is at its own.
            let _ = self.rest.split_to(self.rest.len().min(1));
            self.number += 1;
            if !line.trim_ascii().is_empty() {
                return Some((self.number, line));
            }
        }
        None
    }
}

/// The order on a line.
///
/// # Errors
/// 413, 400 `malformed`, or 422 with a pointer into the line; about the line and nothing else.
pub(super) fn order_of(line: &[u8]) -> Result<OrderLine, Problem> {
    if line.len() > LINE_BYTES_MAX {
        let detail = format!("the line has {} bytes, a line has at most {LINE_BYTES_MAX}", line.len());
        return Err(Problem::new(Code::PayloadTooLarge).detail(detail));
    }
    let document = strict_json::parse(line)?;
    let request: OrderRequest = json_shape::read(&document)?;
    let reference = request.external_reference.clone().ok_or_else(no_reference)?;
    // It is looked for before the order is read closely, and PostgreSQL takes no NUL.
    let mut errors = FieldErrors::default();
    errors.text(&reference, REFERENCE_MAX, "/external_reference");
    errors.into_result().map_err(Problem::invalid)?;
    let (method, path) = FINGERPRINTED;
    Ok(OrderLine { fingerprint: fingerprint(method, path, None, Some(&document)), reference, request })
}

fn no_reference() -> Problem {
    let message = "is required: a line is placed once for each reference".to_owned();
    Problem::invalid(vec![FieldError { pointer: "/external_reference".to_owned(), code: "required", message }])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(body: &'static str) -> Vec<(usize, Bytes)> {
        Lines { rest: body.into(), number: 0 }.collect()
    }

    #[test]
    fn lines_are_counted_with_those_that_are_blank() {
        assert_eq!(lines("a\r\n\n  \n\tb\nc"), [(1, "a\r".into()), (4, "\tb".into()), (5, "c".into())]);
        assert_eq!(lines("a\n"), [(1, "a".into())]);
        for none in ["", "\n", "\n\r\n \t"] {
            assert!(lines(none).is_empty(), "{none:?}");
        }
    }

    #[test]
    fn a_line_says_what_is_wrong_with_it() {
        let order = |reference: &str| format!(r#"{{"currency": "EUR", "lines": [], "external_reference": {reference}}}"#);
        let code = |line: &str| order_of(line.as_bytes()).map_err(|problem| problem.code());
        assert_eq!(code(&order(r#""cart-1""#)).unwrap().reference, "cart-1");
        for (line, refused) in [
            (order("null"), Code::ValidationFailed),
            (order(r#""""#), Code::ValidationFailed),
            (order(r#""a\u0000b""#), Code::ValidationFailed),
            (order(&format!("{:?}", "x".repeat(129))), Code::ValidationFailed),
            (order("1"), Code::ValidationFailed),
            (order(r#""cart-1", "external_reference": "cart-2""#), Code::Malformed),
            ("{".to_owned(), Code::Malformed),
            (" ".repeat(LINE_BYTES_MAX + 1), Code::PayloadTooLarge),
        ] {
            assert_eq!(code(&line).unwrap_err(), refused, "{}", &line[..line.len().min(200)]);
        }
    }

    #[test]
    fn spelling_makes_no_other_line() {
        let read = |line: &str| order_of(line.as_bytes()).unwrap().fingerprint;
        let one = read(r#"{"currency": "EUR", "lines": [], "external_reference": "cart-1"}"#);
        assert_eq!(read("{\"external_reference\":\"cart-1\",\"lines\":[],\"currency\":\"EUR\"}\r"), one);
        assert_ne!(read(r#"{"currency": "USD", "lines": [], "external_reference": "cart-1"}"#), one);
    }
}
