//! Programs that sign and share no code with us: those of docs/signing.md, taken from the document, and two public libraries as they are.

use std::process::Stdio;

use serde_json::Value;
use tests::{Caller, Options, Stack, sample};
use tokio::{io::AsyncWriteExt as _, process::Command};

const DOCUMENT: &str = include_str!("../../docs/signing.md");
/// What the documents promise of their programs.
const LINES_MAX: usize = 12;

/// The one program of a document in this language.
pub(super) fn program(document: &'static str, language: &str) -> &'static str {
    let (_, rest) = document.split_once(&format!("\n```{language}\n")).unwrap_or_else(|| panic!("the document has no {language}"));
    let (program, after) = rest.split_once("\n```").unwrap();
    assert!(!after.contains(&format!("\n```{language}\n")), "the document has more than one {language}");
    assert!(program.lines().count() <= LINES_MAX, "{language} has more than {LINES_MAX} lines");
    program
}

/// A variable that `cargo xtask test` sets once it has installed the libraries.
pub(super) fn installed(name: &str) -> String {
    let why = "the libraries that sign are not installed: run this with `cargo xtask test`, which says why if it cannot install them";
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: {why}"))
}

pub(super) fn fixture(name: &str) -> String {
    format!("{}/fixtures/signers/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A program that sends `METHOD PATH[?QUERY] [BODY]` and prints the answer's body.
struct Signer {
    name: &'static str,
    command: Vec<String>,
    /// What the command reads on stdin: the program itself, if it is no file.
    input: &'static str,
    environment: Vec<(&'static str, String)>,
}

impl Signer {
    fn new(name: &'static str, command: &[&str]) -> Self {
        Self { name, command: command.iter().map(ToString::to_string).collect(), input: "", environment: Vec::new() }
    }

    /// The document's program in this language, handed to its interpreter.
    fn of_document(language: &'static str, command: &[&str]) -> Self {
        Self { input: program(DOCUMENT, language), ..Self::new(language, command) }
    }

    fn set(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    async fn run(&self, caller: &Caller, service: &str, arguments: &[&str]) -> std::process::Output {
        let (name, program) = (self.name, &self.command[0]);
        let mut command = Command::new(program);
        command.args(&self.command[1..]).args(arguments).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Nothing of the developer's own environment reaches it, but for where programs lie.
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("ORDERS_URL", service).env("ORDERS_KEY_ID", &caller.key.key_id).env("ORDERS_SECRET", &caller.key.secret);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} needs {program}, which cannot be started: {error}"));
        child.stdin.take().unwrap().write_all(self.input.as_bytes()).await.unwrap();
        child.wait_with_output().await.unwrap()
    }

    async fn send(&self, caller: &Caller, service: &str, arguments: &[&str]) -> Value {
        let output = self.run(caller, service, arguments).await;
        let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{} {arguments:?}: {said}{complained}", self.name);
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{}: {error}: {said}{complained}", self.name))
    }

    /// Places an order and finds it again with a query that has to be encoded.
    async fn try_out(&self) {
        let stack = Stack::start(Options::http()).await;
        let caller = stack.tenant().await;
        let reference = "Größe 7 & more";
        let order = sample::with(|order| order["external_reference"] = reference.into()).to_string();
        let placed = self.send(&caller, &stack.url(), &["POST", "/v1/orders", &order]).await;
        assert_eq!(placed["status"], "pending", "{}", self.name);
        let found =
            self.send(&caller, &stack.url(), &["GET", "/v1/orders?external_reference=Gr%C3%B6%C3%9Fe+7%20%26%20more&limit=1"]).await;
        assert_eq!(found["data"][0]["id"], placed["id"], "{}: {found}", self.name);
        self.is_refused_with_another_secret(&caller, &stack.url()).await;
    }

    /// Its acceptance means something: a wrong secret is refused.
    async fn is_refused_with_another_secret(&self, caller: &Caller, service: &str) {
        let stranger = caller.with_key(tests::Key { secret: format!("{}x", caller.key.secret), ..caller.key.clone() });
        let refused = self.run(&stranger, service, &["GET", "/v1/orders"]).await;
        assert!(!refused.status.success(), "{}", self.name);
    }
}

#[tokio::test]
async fn the_python_program_of_the_document_is_understood() {
    Signer::of_document("python", &["python3", "-"]).try_out().await;
}

#[tokio::test]
async fn the_node_program_of_the_document_is_understood() {
    Signer::of_document("js", &["node", "-"]).try_out().await;
}

#[tokio::test]
async fn the_bash_program_of_the_document_is_understood() {
    for tool in ["openssl", "curl"] {
        let found = Command::new(tool).arg(if tool == "curl" { "--version" } else { "version" }).output().await;
        found.unwrap_or_else(|error| panic!("the bash program needs {tool}, which cannot be started: {error}"));
    }
    Signer::of_document("bash", &["bash", "-s", "--"]).try_out().await;
}

#[tokio::test]
async fn the_library_of_pypi_is_understood() {
    let python = installed("TEST_SIGNERS_PYTHON");
    Signer::new("pypi", &[&python, &fixture("pypi.py")]).try_out().await;
}

#[tokio::test]
async fn the_library_of_npm_is_understood() {
    let modules = installed("TEST_SIGNERS_NODE_PATH");
    Signer::new("npm", &["node", &fixture("npm.cjs")]).set("NODE_PATH", &modules).try_out().await;
}

/// The printer of the vectors that the room of signatures is tested with.
#[tokio::test]
async fn what_the_printer_of_vectors_prints_is_understood() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let body = sample::order().to_string();
    let fields = ["Content-Type: application/json", "Idempotency-Key: from-python"];
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/sign_orders_v1.py");
    let arguments = [script, "POST", "/v1/orders", "", &body, &caller.key.key_id, &caller.key.secret];
    let output = Command::new("python3").args(arguments).args(fields.iter().flat_map(|field| ["-H", field])).output().await;
    let output = output.unwrap_or_else(|error| panic!("python3 is needed for this test and cannot be started: {error}"));
    assert!(output.status.success(), "{output:?}");

    let mut request = caller.post("/v1/orders").unsigned().bytes(body);
    for line in fields.into_iter().chain(std::str::from_utf8(&output.stdout).unwrap().lines()) {
        let (name, value) = line.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    request.send().await.expect(201);
}
