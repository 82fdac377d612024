//! Log lines: one JSON object a line on stdout, with ECS names. Bodies and secrets never go here.

use std::io::Write as _;

use serde_json::{Map, Value, json};

/// Writes one line; a reader that has gone away is no reason to stop.
pub fn line(level: &str, message: &str, fields: &[(&str, &str)]) {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
    write(level, message, fields.collect());
}

/// Says that the payment partner serves on `port`; launchers wait for this line.
pub fn ready(port: u16) {
    write("info", "ready", Map::from_iter([("server.port".to_owned(), json!(port))]));
}

fn write(level: &str, message: &str, fields: Map<String, Value>) {
    let mut object = Map::from_iter([
        ("@timestamp".to_owned(), json!(jiff::Timestamp::now().to_string())),
        ("log.level".to_owned(), json!(level)),
        ("message".to_owned(), json!(message)),
        ("service.name".to_owned(), json!("simulators")),
    ]);
    object.extend(fields);
    let _ = writeln!(std::io::stdout(), "{}", Value::Object(object));
}
