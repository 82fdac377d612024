//! Endpoints under three hosts: status, the headers that matter and the body of every answer.

use std::collections::{BTreeMap, BTreeSet};

use shared::catalog;
use tests::{Answer, Caller, Emulator, Options, Process, Program, Request, Stack, masked, masked_text};

use super::scripts;

/// The headers that are part of an answer's meaning; others are the host's own (`date`, `content-length`, …).
const HEADERS: [&str; 12] = [
    "accept-post",
    "accept-signature",
    "allow",
    "cache-control",
    "content-type",
    "etag",
    "idempotency-replayed",
    "link",
    "location",
    "retry-after",
    "www-authenticate",
    "x-request-id",
];

/// A conversation with one endpoint, written down as it goes.
pub struct Talk {
    /// Calls the endpoint where it is hosted.
    pub caller: Caller,
    /// The same in the operator's name.
    pub operator: Caller,
    /// Calls `standalone`, to prepare what the endpoint is asked about.
    pub service: Caller,
    said: Vec<String>,
}

impl Talk {
    /// Sends a request, which must be answered by this status, and writes the answer down.
    ///
    /// # Panics
    /// When it is answered otherwise.
    pub async fn say(&mut self, what: &str, status: u16, request: Request<'_>) -> Answer {
        let answer = request.send().await;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, status, "{what}: {body}");
        self.said.push(written_down(what, &answer, &body));
        answer
    }
}

fn written_down(what: &str, answer: &Answer, body: &str) -> String {
    let mut text = format!("{what}: {}", answer.status);
    for name in HEADERS {
        for value in answer.headers.get_all(name) {
            let value = masked_text(value.to_str().unwrap());
            text.push_str(&format!("\n  {name}: {value}"));
        }
    }
    // Documents may stand one a line.
    let line = |line: &str| serde_json::from_str(line).map_or_else(|_| line.to_owned(), |document| masked(&document).to_string());
    body.lines().fold(text, |text, body| text + "\n  " + &line(body))
}

#[test]
fn every_endpoint_has_a_script() {
    let scripted: BTreeSet<_> = scripts::ALL.iter().map(|script| script.function).collect();
    let endpoints: BTreeSet<_> = catalog::HTTP.iter().map(|spec| spec.name).collect();
    assert_eq!(scripted, endpoints, "every endpoint of the catalog has its script in tests/hosts/scripts.rs, and no other has");
}

#[tokio::test]
async fn endpoints_answer_alike_in_standalone_in_their_own_process_and_on_lambda() {
    let stack = Stack::start(Options::http()).await;
    let mut processes = BTreeMap::new();
    for spec in catalog::HTTP {
        processes.insert(spec.name, Process::start(Program::Function(spec.name), &[], stack.environment()).await);
    }
    let mut emulator = Emulator::start().await;
    for spec in catalog::HTTP {
        emulator.host(spec.name, stack.environment());
    }
    for script in scripts::ALL {
        let standalone = talk(&stack, script, stack.service.port("server.port")).await;
        let own = talk(&stack, script, processes[script.function].port("server.port")).await;
        assert_eq!(own, standalone, "{} in a process of its own", script.function);
        assert_eq!(talk(&stack, script, emulator.port()).await, standalone, "{} on Lambda", script.function);
    }
}

/// Runs a script with a tenant of its own against the port of one host.
async fn talk(stack: &Stack, script: &scripts::Script, port: u16) -> Vec<String> {
    let service = stack.tenant().await;
    let mut talk = Talk { caller: service.at(port), operator: stack.operator().at(port), service, said: Vec::new() };
    (script.run)(&mut talk).await;
    talk.said
}
