//! From path and method to endpoint.

use axum::{
    Router,
    extract::Request,
    routing::{MethodFilter, on},
};
use http::Method;

use super::{Code, HttpFunction, State, wrapper};

/// Puts endpoints behind the wrapper. Another path is answered 404, another method 405 with `Allow`, both as problems.
///
/// # Panics
/// At start, when two endpoints have the same method and path or one has no valid method: the manifests' check excludes both.
pub fn router(functions: Vec<HttpFunction>, state: State) -> Router {
    let endpoints = functions.into_iter().fold(Router::new(), |router, function| {
        let state = state.clone();
        let endpoint = move |request: Request| wrapper::serve(function, state.clone(), request);
        router.route(function.spec.path, on(method_filter(function.spec.method), endpoint))
    });
    endpoints
        .fallback(|request: Request| wrapper::refuse(Code::NotFound, request))
        .method_not_allowed_fallback(|request: Request| wrapper::refuse(Code::MethodNotAllowed, request))
}

/// GET takes HEAD as well; the answer then goes without its body.
#[expect(clippy::expect_used, reason = "manifests name HTTP methods; a build with another must not start")]
fn method_filter(method: &str) -> MethodFilter {
    let method = Method::from_bytes(method.as_bytes()).expect("a manifest names an HTTP method");
    MethodFilter::try_from(method).expect("a manifest names a routable HTTP method")
}
