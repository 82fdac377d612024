//! AWS Lambda as `cargo lambda watch` emulates it: the real binaries poll it for invocations, requests reach them by
//! `CargoLambda.toml`.

use std::{net::TcpListener, path::PathBuf, process::Command};

use serde_json::Value;
use tokio::net::TcpStream;

use super::{Process, Program, Servers, until};

/// A running emulator with the functions that poll it. Fields are dropped in this order: functions first.
#[derive(Debug)]
pub struct Emulator {
    functions: Vec<Process>,
    http: reqwest::Client,
    port: u16,
    _process: Process,
}

impl Emulator {
    /// Starts it, without functions.
    ///
    /// # Panics
    /// When `TEST_CARGO_LAMBDA` does not name it: a test of Lambda without Lambda fails, it is never skipped.
    pub async fn start() -> Self {
        let program = std::env::var_os("TEST_CARGO_LAMBDA").map(PathBuf::from);
        let program = program.expect("TEST_CARGO_LAMBDA is not set: these tests need cargo-lambda, run them with `cargo xtask test`");
        // Should somebody take the port before the emulator does, its end explains the failed wait below.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        command.args(["lambda", "watch", "--only-lambda-apis", "--invoke-address", "127.0.0.1", "--invoke-port", &port.to_string()]);
        let process = Process::of("cargo-lambda", command);
        until("the emulator listens", async || TcpStream::connect(("127.0.0.1", port)).await.ok()).await;
        Self { functions: Vec::new(), http: Servers::http_client(), port, _process: process }
    }

    /// Its port, where requests go the ways of `CargoLambda.toml`.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Lets a function's own binary poll for its invocations, with what Lambda sets besides the function's own environment.
    pub fn host(&mut self, function: &'static str, environment: &[(&'static str, String)]) {
        let lambda = lambda_variables(format!("{}/.rt/{function}", self.url()), function);
        self.functions.push(Process::spawn(Program::Function(function), &[], &[environment, &lambda].concat()));
    }

    /// The process of the function that was hosted first, second, …
    #[must_use]
    pub fn function(&self, position: usize) -> &Process {
        &self.functions[position]
    }

    /// Invokes a function, as a trigger does; its answer, or the error that it failed with.
    ///
    /// # Errors
    /// What the function answered in place of a success.
    ///
    /// # Panics
    /// When nothing answers.
    pub async fn invoke(&self, function: &str, event: &Value) -> Result<Value, Value> {
        let address = format!("{}/2015-03-31/functions/{function}/invocations", self.url());
        let answer = self.http.post(address).body(event.to_string()).send().await.unwrap();
        let fine = answer.status().is_success();
        let body = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        if fine { Ok(body) } else { Err(body) }
    }
}

/// What Lambda sets in the environment of a function.
pub(crate) fn lambda_variables(runtime_api: String, function: &str) -> [(&'static str, String); 4] {
    [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_LAMBDA_FUNCTION_NAME", function.to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
    ]
}
