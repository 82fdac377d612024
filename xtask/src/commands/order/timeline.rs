//! What happened to an order, one line a version, printed as it becomes known.

use serde_json::Value;

use crate::client::text;

/// Seconds of a day, for an order that lives across midnight.
const DAY_SECONDS: f64 = 86_400.0;

/// The history seen so far.
pub struct Timeline {
    entries: Vec<Value>,
    print: bool,
}

impl Timeline {
    /// An empty one; with `print` each new entry becomes a line on stdout.
    pub fn new(print: bool) -> Self {
        Self { entries: Vec::new(), print }
    }

    /// Takes the answer of the history endpoint and the order read before it; entries seen before are skipped.
    pub fn add(&mut self, history: &Value, order: &Value) {
        let seen = self.entries.len();
        let new: Vec<Value> = history["data"].as_array().into_iter().flatten().skip(seen).cloned().collect();
        for entry in new {
            if self.print {
                if self.entries.is_empty() {
                    println!("{:>8}  {:>3}  {:<44}  {:<28}  by", "seconds", "ver", "status / payment / fulfilment", "what");
                }
                let first = self.entries.first().unwrap_or(&entry);
                println!("{}", line(&entry, first, order));
            }
            self.entries.push(entry);
        }
    }

    /// Every entry as the service told it.
    pub fn entries(&self) -> &[Value] {
        &self.entries
    }
}

/// One line. The history tells the order's status only; the two others are known for the version just read.
fn line(entry: &Value, first: &Value, order: &Value) -> String {
    let to = match text(entry, "to") {
        "" => "·",
        to => to,
    };
    let status = if entry["version"] == order["version"] {
        format!("{} / {} / {}", text(order, "status"), text(order, "payment_status"), text(order, "fulfillment_status"))
    } else {
        to.to_owned()
    };
    let offset = match (second_of_day(text(first, "at")), second_of_day(text(entry, "at"))) {
        (Some(first), Some(at)) => format!("{:+.3}", (at - first + DAY_SECONDS) % DAY_SECONDS),
        _ => String::new(),
    };
    let what = match text(entry, "reason") {
        "" => text(entry, "action").to_owned(),
        reason => format!("{} ({reason})", text(entry, "action")),
    };
    format!("{offset:>8}  {:>3}  {status:<44}  {what:<28}  {}", entry["version"].to_string(), actor(&entry["actor"]))
}

/// Who did it: a name, or an object of names.
fn actor(actor: &Value) -> String {
    match actor {
        Value::String(name) => name.clone(),
        Value::Object(members) => {
            let names: Vec<&str> = members.values().filter_map(Value::as_str).collect();
            names.join(" ")
        }
        _ => String::new(),
    }
}

/// The time of an RFC 3339 timestamp as seconds since midnight.
fn second_of_day(at: &str) -> Option<f64> {
    let time = at.split_once('T')?.1.trim_end_matches('Z');
    let mut parts = time.splitn(3, ':').map(|part| part.parse::<f64>().ok());
    Some(parts.next()?? * 3600.0 + parts.next()?? * 60.0 + parts.next()??)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Timeline, line, second_of_day};

    #[test]
    fn a_line_tells_offset_version_status_and_actor() {
        let first = json!({"version": 1, "action": "created", "to": "pending", "at": "2026-11-22T23:59:59.5Z"});
        let entry = json!({"version": 2, "action": "confirmed", "actor": {"type": "system", "id": "on-payment-event"},
            "to": "confirmed", "at": "2026-11-23T00:00:00.25Z", "extra": 1});
        let order = json!({"version": 2, "status": "confirmed", "payment_status": "paid",
            "fulfillment_status": "unfulfilled"});
        let told: Vec<String> = line(&entry, &first, &order).split_whitespace().map(str::to_owned).collect();
        assert!(told.join(" ").starts_with("+0.750 2 confirmed / paid / unfulfilled confirmed "), "{told:?}");
        assert!(told.contains(&"on-payment-event".to_owned()));
        assert_eq!(second_of_day("nonsense"), None);
    }

    #[test]
    fn entries_are_taken_once() {
        let mut timeline = Timeline::new(false);
        timeline.add(&json!({"data": [{"version": 1}]}), &json!({}));
        timeline.add(&json!({"data": [{"version": 1}, {"version": 2}]}), &json!({}));
        assert_eq!(timeline.entries().len(), 2);
    }
}
