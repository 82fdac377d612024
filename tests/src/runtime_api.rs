//! The Runtime API of AWS Lambda, for one function and with deadlines: cargo-lambda's emulator knows none.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
};

use super::{Process, Program, emulator::lambda_variables};

/// One function and what invokes it. Dropping the value stops the function.
#[derive(Debug)]
pub struct RuntimeApi {
    _function: Process,
    invocations: mpsc::UnboundedSender<Invocation>,
    outcomes: mpsc::UnboundedReceiver<Result<Value, Value>>,
}

#[derive(Debug)]
struct Invocation {
    event: Value,
    deadline_ms: u128,
}

/// The end that the function polls.
struct Polled {
    invocations: Mutex<mpsc::UnboundedReceiver<Invocation>>,
    outcomes: mpsc::UnboundedSender<Result<Value, Value>>,
}

impl RuntimeApi {
    /// Starts a function that polls it.
    ///
    /// # Panics
    /// When nobody may listen on this machine.
    pub async fn host(function: &'static str, environment: &[(&'static str, String)]) -> Self {
        let (invocations, polled_invocations) = mpsc::unbounded_channel();
        let (polled_outcomes, outcomes) = mpsc::unbounded_channel();
        let polled = Arc::new(Polled { invocations: Mutex::new(polled_invocations), outcomes: polled_outcomes });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let polled = Arc::clone(&polled);
                let service = service_fn(move |request| answer(Arc::clone(&polled), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        let environment = [environment, &lambda_variables(address, function)].concat();
        Self { _function: Process::spawn(Program::Function(function), &[], &environment), invocations, outcomes }
    }

    /// Invokes the function, which has this much time; its answer, or the error that it failed with.
    ///
    /// # Errors
    /// What the function answered in place of a success.
    ///
    /// # Panics
    /// When the function does not answer in its time.
    pub async fn invoke(&mut self, event: &Value, time: Duration) -> Result<Value, Value> {
        let deadline = SystemTime::now() + time;
        let deadline_ms = deadline.duration_since(UNIX_EPOCH).unwrap().as_millis();
        self.invocations.send(Invocation { event: event.clone(), deadline_ms }).unwrap();
        let outcome = tokio::time::timeout(time, self.outcomes.recv()).await;
        outcome.expect("Lambda would have ended the function now").unwrap()
    }
}

async fn answer(polled: Arc<Polled>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    if path.ends_with("/invocation/next") {
        let Some(Invocation { event, deadline_ms }) = polled.invocations.lock().await.recv().await else {
            return Ok(response(StatusCode::GONE, String::new()).unwrap());
        };
        let invocation = Response::builder()
            .header("lambda-runtime-aws-request-id", "1")
            .header("lambda-runtime-deadline-ms", deadline_ms.to_string())
            .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:tested");
        return Ok(invocation.body(event.to_string().into()).unwrap());
    }
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    // A streamed answer is none: a document, eight zero bytes, the pieces.
    let body = serde_json::from_slice(&body).unwrap_or_else(|_| String::from_utf8_lossy(&body).into());
    let _ = polled.outcomes.send(if path.ends_with("/error") { Err(body) } else { Ok(body) });
    Ok(response(StatusCode::ACCEPTED, "{}".to_owned()).unwrap())
}

fn response(status: StatusCode, body: String) -> http::Result<Response<Full<Bytes>>> {
    Response::builder().status(status).body(body.into())
}
