//! The configuration of the simulators: environment variables and arguments, checked at once.

use std::time::Duration;

use crate::payment::{Mood, Webhooks};

/// What `--help` prints.
pub const USAGE: &str = "\
simulators: payment, inventory and shipping partners for development and tests

usage: simulators [--payment-mood MOOD] [--pace MILLISECONDS]

  --payment-mood MOOD  how payments without a telling token end (default ok):
                       ok declined slow timeout silent mute duplicate event-first error action never lost late
                       refund-declined refund-flaky void-declined partial excess webhook twice
  --pace MILLISECONDS  between two stages of a shipment (default 150)

environment:
  AMQP_URL                the broker: amqp://user:pass@host:port/vhost
  PAYMENT_PORT            the port of the payment partner (default 0: any free one)
  PAYMENT_SERVICE_KEY_ID  the key that must have signed requests to it (orders-v1) …
  PAYMENT_SERVICE_SECRET  … and that key's secret
  PAYMENT_WEBHOOK_URL     where tok_webhook and tok_twice send webhooks (optional) …
  PAYMENT_WEBHOOK_SECRET  … and the secret that signs them: whsec_ and base64

tokens: tok_<mood> with _ for -, such as tok_event_first; any other, such as tok_visa, leaves it to --payment-mood
stock:  OUT-… none left · SLOW-… answered after 1 s · LATE-… after 5 s · DUP-… answered three times
parcel: SHUF-… stages out of order · DUP-… each three times · LOST-… delivery fails · HELD-… stops after accepted

switches, on the payment port:
  GET  /simulator/operations · GET /simulator/payments
  PUT  /simulator/mood {\"mood\":\"error\"} · PUT /simulator/webhook {\"url\":\"http://…\",\"secret\":\"whsec_…\"}
  POST /simulator/operations/{id}/finish · …/expire · …/reverse · …/webhook?times=100
  POST /simulator/actions/{id} · POST /simulator/parcels/{fulfillment_id}/ship
";

/// The default time between two stages of a shipment.
const DEFAULT_PACE: Duration = Duration::from_millis(150);

/// Everything the simulators are told at their start.
pub struct Config {
    /// `AMQP_URL`.
    pub amqp_url: String,
    /// `PAYMENT_PORT`; 0 takes a free one.
    pub payment_port: u16,
    /// `PAYMENT_SERVICE_KEY_ID`.
    pub key_id: String,
    /// `PAYMENT_SERVICE_SECRET`; the MAC key is this text's bytes.
    pub secret: String,
    /// `PAYMENT_WEBHOOK_URL` and `PAYMENT_WEBHOOK_SECRET`, when both are set.
    pub webhooks: Option<Webhooks>,
    /// `--payment-mood`.
    pub mood: Mood,
    /// `--pace`.
    pub pace: Duration,
}

impl Config {
    /// Reads arguments and environment.
    ///
    /// # Errors
    /// One sentence for every problem.
    pub fn read(arguments: &[String], environment: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let environment = |name: &str| environment(name).filter(|value| !value.is_empty());
        let mut required = |name: &str| {
            environment(name).unwrap_or_else(|| {
                problems.push(format!("{name} is not set"));
                String::new()
            })
        };
        let mut config = Self {
            amqp_url: required("AMQP_URL"),
            payment_port: 0,
            key_id: required("PAYMENT_SERVICE_KEY_ID"),
            secret: required("PAYMENT_SERVICE_SECRET"),
            webhooks: None,
            mood: Mood::Ok,
            pace: DEFAULT_PACE,
        };
        if let Some(port) = environment("PAYMENT_PORT") {
            match port.parse() {
                Ok(port) => config.payment_port = port,
                Err(_) => problems.push(format!("PAYMENT_PORT is not a port: {port}")),
            }
        }
        match (environment("PAYMENT_WEBHOOK_URL"), environment("PAYMENT_WEBHOOK_SECRET")) {
            (None, None) => {}
            (Some(url), Some(secret)) => match Webhooks::new(&url, &secret) {
                Ok(webhooks) => config.webhooks = Some(webhooks),
                Err(problem) => problems.push(problem),
            },
            _ => problems.push("PAYMENT_WEBHOOK_URL and PAYMENT_WEBHOOK_SECRET go together".to_owned()),
        }
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if let Err(problem) = config.argument(argument, arguments.next().map_or("", String::as_str)) {
                problems.push(problem);
            }
        }
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    fn argument(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "--payment-mood" => self.mood = Mood::parse(value).ok_or(format!("--payment-mood does not know `{value}`"))?,
            "--pace" => {
                let pace_ms = value.parse().map_err(|_| format!("--pace is not a number of milliseconds: `{value}`"))?;
                self.pace = Duration::from_millis(pace_ms);
            }
            unknown => return Err(format!("{unknown} is not an argument; see --help")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
        let value = |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Config::read(&arguments, value)
    }

    const COMPLETE: [(&str, &str); 6] = [
        ("AMQP_URL", "amqp://localhost"),
        ("PAYMENT_PORT", "8081"),
        ("PAYMENT_SERVICE_KEY_ID", "key_1"),
        ("PAYMENT_SERVICE_SECRET", "osk_1"),
        ("PAYMENT_WEBHOOK_URL", "http://localhost/hooks"),
        ("PAYMENT_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ];

    #[test]
    fn arguments_and_environment_are_read_together() {
        let config = read(&["--pace", "20", "--payment-mood", "event-first"], &COMPLETE).unwrap_or_else(|problems| panic!("{problems:?}"));
        assert_eq!((config.pace, config.mood, config.payment_port), (Duration::from_millis(20), Mood::EventFirst, 8081));
        assert!(config.webhooks.is_some());
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let environment = [("PAYMENT_PORT", "http"), ("PAYMENT_SERVICE_SECRET", ""), ("PAYMENT_WEBHOOK_URL", "http://localhost")];
        let problems = read(&["--pace", "soon", "--payment-mood", "sunny", "--loud"], &environment).err().unwrap_or_default();
        assert_eq!(problems.len(), 8, "{problems:?}");
    }
}
