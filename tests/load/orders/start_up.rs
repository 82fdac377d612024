//! How fast one function's own process answers for the first time.

use std::{
    net::TcpListener,
    process::Stdio,
    time::{Duration, Instant},
};

use tests::{Program, Stack};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::measured::median;

/// Starts of which the median is taken.
const STARTS: usize = 9;

/// Medians over several starts.
#[derive(Debug)]
pub struct StartUp {
    /// From exec to the answer of /healthz.
    pub first_answer_ms: f64,
    /// From exec to the answer of /readyz, which asks PostgreSQL.
    pub first_ready_ms: f64,
}

/// Measures both.
pub async fn measure(stack: &Stack) -> StartUp {
    StartUp { first_answer_ms: medians(stack, "/healthz").await, first_ready_ms: medians(stack, "/readyz").await }
}

async fn medians(stack: &Stack, path: &str) -> f64 {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        times.push(one(stack, path).await.as_secs_f64() * 1e3);
    }
    median(times.into_iter())
}

async fn one(stack: &Stack, path: &str) -> Duration {
    // Freed at once: the process takes it before anybody else asks for one.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut environment = stack.environment().to_vec();
    environment.push(("PORT", port.to_string()));
    let started = Instant::now();
    let mut child = Program::Function("create-order").command(&[], &environment).stdout(Stdio::null()).spawn().unwrap();
    while !answers(port, path).await {
        assert!(started.elapsed() < Duration::from_secs(10), "create-order does not answer");
        tokio::task::yield_now().await;
    }
    let elapsed = started.elapsed();
    child.kill().unwrap();
    child.wait().unwrap();
    elapsed
}

async fn answers(port: u16, path: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else { return false };
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let mut answer = String::new();
    stream.write_all(request.as_bytes()).await.is_ok()
        && stream.read_to_string(&mut answer).await.is_ok()
        && answer.starts_with("HTTP/1.1 200")
}
