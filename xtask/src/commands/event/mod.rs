//! `cargo xtask event`: the event by which AWS would invoke a function, signed a moment ago. A committed file could not do that: a
//! signature is accepted for five minutes, once.

mod message;
mod request;

use std::io::Read;

use serde_json::{Value, json};

use crate::checkout::Checkout;
use crate::failure::{Context, Failure, Result};
use crate::manifest::{self, Trigger};
use crate::options::{Accepted, Options};
use crate::output;

/// What `--help` says.
pub const HELP: &str = "\
cargo xtask event FUNCTION [options]

Prints the event that invokes FUNCTION on AWS Lambda, as JSON: an endpoint's is a freshly signed request through an API
Gateway HTTP API (payload 2.0), a consumer's an Amazon MQ batch of one message, a job's a schedule's tick.

  cargo xtask event create-order > .local/event.json
  cargo lambda invoke create-order --data-file .local/event.json

Endpoints:
  --route 'METHOD PATH'     one of the function's routes, the first unless told
  --path NAME=VALUE         a parameter of the route, percent-encoded here; once for each
  --query QUERY             the query as sent: limit=2&status=pending
  --header 'NAME: VALUE'    a header; as often as needed. Idempotency-Key is made up where the function demands one
  --body FILE               the body, - for stdin; its type is JSON unless a header says otherwise. create-order has a sample, and
                            receive-payment-webhook has one that --order and --tenant change as they do a message
  --key-id ID --secret S    another key than that of the demo tenant which cargo xtask dev has created
  --secret S                another secret of webhooks (whsec_…) than that of cargo xtask dev

Consumers:
  --type TYPE               one of the function's types, the first unless told
  --order ID                the order it is about; an order that does not exist unless told, so that the message is parked
  --tenant ID               another tenant than the demo tenant
  --data FILE               the event's data as JSON, - for stdin; there is a sample for each type";

const ACCEPTED: Accepted = Accepted {
    flags: &[],
    values: &["--route", "--query", "--body", "--key-id", "--secret", "--type", "--order", "--tenant", "--data"],
    words_max: 1,
};

/// What was typed.
struct Typed {
    options: Options,
    /// `--path`, once for each parameter.
    parameters: Vec<String>,
    /// `--header`.
    headers: Vec<String>,
}

impl Typed {
    fn read(mut arguments: Vec<String>) -> Result<Self> {
        let parameters = Options::take_repeated(&mut arguments, "--path")?;
        let headers = Options::take_repeated(&mut arguments, "--header")?;
        Ok(Self { options: Options::read(arguments, &ACCEPTED)?, parameters, headers })
    }
}

/// Runs the command.
pub fn run(checkout: &Checkout, arguments: Vec<String>) -> Result<()> {
    let typed = Typed::read(arguments)?;
    let functions = manifest::read_all(checkout)?;
    let name = typed.options.words.first().ok_or_else(|| Failure::new("which function? see --help"))?;
    let function = functions.iter().find(|function| function.name == *name).ok_or_else(|| {
        let names: Vec<&str> = functions.iter().map(|function| function.name.as_str()).collect();
        Failure::new(format!("no function is called {name}; there are {}", names.join(", ")))
    })?;
    let event = match &function.trigger {
        Trigger::Http(http) => request::event(checkout, name, http, &typed)?,
        Trigger::Consumer(consumer) => message::event(checkout, name, consumer, &typed.options)?,
        Trigger::Job(_) => json!({ "version": "0", "source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": {} }),
    };
    output::print(&format!("{event:#}"))
}

/// The bytes of a file, or of stdin for `-`.
fn read(file: &str) -> Result<Vec<u8>> {
    if file != "-" {
        return std::fs::read(file).context(|| format!("cannot read {file}"));
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).context(|| "cannot read stdin".into())?;
    Ok(bytes)
}

/// A member of the demo key that `dev` keeps; `option` is what to type without one.
fn demo(checkout: &Checkout, member: &str, option: &str) -> Result<String> {
    let missing = || Failure::new(format!("there is no demo tenant yet; start cargo xtask dev once, or give {option}"));
    kept(checkout, "demo-key.json", member).ok_or_else(missing)
}

/// A member of a file that `dev` keeps.
fn kept(checkout: &Checkout, file: &str, member: &str) -> Option<String> {
    let text = checkout.read(&format!(".local/dev/{file}")).ok()?;
    serde_json::from_str::<Value>(&text).ok()?[member].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::Value;

    use super::{Typed, message, request};
    use crate::checkout::Checkout;
    use crate::manifest::{Trigger, read, tests};

    fn typed(line: &[&str]) -> Typed {
        Typed::read(line.iter().map(ToString::to_string).collect()).unwrap()
    }

    /// Nothing runs there, so everything must be given.
    fn nowhere() -> Checkout {
        Checkout::at(&std::env::temp_dir().join("xtask-event-nowhere"))
    }

    fn create_order(line: &[&str]) -> Result<Value, String> {
        let Trigger::Http(http) = read(tests::CREATE_ORDER, "http", "create-order").unwrap().trigger else { panic!("no endpoint") };
        request::event(&nowhere(), "create-order", &http, &typed(line)).map_err(|failure| failure.to_string())
    }

    fn on_payment_event(line: &[&str]) -> Result<Value, String> {
        let trigger = read(tests::ON_PAYMENT_EVENT, "consumers", "on-payment-event").unwrap().trigger;
        let Trigger::Consumer(consumer) = trigger else { panic!("no consumer") };
        message::event(&nowhere(), "on-payment-event", &consumer, &typed(line).options).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_request_is_signed_with_what_it_must_carry() {
        let event = create_order(&["--key-id", "key_1", "--secret", "osk_1", "--query", "a=%20", "--header", "X-Request-Id: r-1"]).unwrap();
        assert_eq!(
            (&event["version"], &event["rawPath"], &event["rawQueryString"]),
            (&"2.0".into(), &"/v1/orders".into(), &"a=%20".into())
        );
        assert_eq!((&event["isBase64Encoded"], &event["headers"]["x-request-id"]), (&false.into(), &"r-1".into()));
        assert!(serde_json::from_str::<Value>(event["body"].as_str().unwrap()).unwrap()["lines"].is_array());
        let input = event["headers"]["signature-input"].as_str().unwrap();
        assert!(input.contains("\"content-digest\" \"content-type\" \"idempotency-key\")") && input.contains("keyid=\"key_1\""), "{input}");
        assert!(event["headers"]["idempotency-key"].is_string() && event["headers"]["signature"].is_string());
    }

    #[test]
    fn a_webhook_is_signed_by_the_partner_and_has_a_sample() {
        let webhook = |line: &[&str]| {
            let text = tests::CREATE_ORDER.replace("orders:write", "webhook").replace("create-order", "receive-payment-webhook");
            let Trigger::Http(http) = read(&text, "http", "receive-payment-webhook").unwrap().trigger else { panic!("no endpoint") };
            request::event(&nowhere(), "receive-payment-webhook", &http, &typed(line)).map_err(|failure| failure.to_string())
        };
        let event = webhook(&["--secret", "whsec_AAAA", "--tenant", "ten_1", "--order", "ord_1"]).unwrap();
        let headers = &event["headers"];
        assert!(headers["webhook-signature"].as_str().unwrap().starts_with("v1,") && headers.get("signature").is_none(), "{headers}");
        let body: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
        assert_eq!((&body["type"], &body["data"]["order_id"]), (&"payment.captured".into(), &"ord_1".into()));
        assert!(webhook(&["--tenant", "ten_1"]).unwrap_err().contains("start cargo xtask dev once, or give --secret"));
    }

    #[test]
    fn without_a_key_it_says_what_to_do() {
        assert!(create_order(&[]).unwrap_err().contains("start cargo xtask dev once, or give --key-id and --secret"));
        assert!(create_order(&["--key-id", "key_1"]).unwrap_err().contains("belong together"));
        assert!(on_payment_event(&[]).unwrap_err().contains("or give --tenant"));
    }

    #[test]
    fn a_message_is_a_batch_of_one_cloud_event() {
        let event = on_payment_event(&["--tenant", "ten_1", "--order", "ord_1"]).unwrap();
        assert_eq!(event["eventSource"], "aws:rmq");
        let (queue, messages) = event["rmqMessagesByQueue"].as_object().unwrap().iter().next().unwrap();
        assert!(queue.ends_with("::/") && messages.as_array().unwrap().len() == 1, "{queue}");
        let data = STANDARD.decode(messages[0]["data"].as_str().unwrap()).unwrap();
        let message: Value = serde_json::from_slice(&data).unwrap();
        assert_eq!((&message["tenantid"], &message["subject"]), (&"ten_1".into(), &"ord_1".into()));
        assert!(message["type"].as_str().unwrap().starts_with("payment.") && message["data"]["amount"].is_number());
        assert!(
            on_payment_event(&["--tenant", "ten_1", "--type", "x.v1"]).unwrap_err().contains("does not understand x.v1; it takes payment.")
        );
    }
}
