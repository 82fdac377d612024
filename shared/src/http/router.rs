//! From path and method to endpoint, and what is answered where there is none.

use axum::{
    Router,
    extract::Request,
    routing::{MethodFilter, on},
};
use http::{HeaderValue, Method, header::ALLOW};

use super::{Code, HttpFunction, Problem, State, wrapper};
use crate::{
    catalog,
    function::{Route, parameter},
};

/// Puts endpoints behind the wrapper.
///
/// A process may host one function of many, and every host must answer alike. So what is not hosted here is judged by the routes of
/// the whole catalog: a path that none has is 404; one with another method is 405 with `Allow`; one that another process hosts is 404.
///
/// # Panics
/// At start, when two endpoints have the same method and path or one has no valid method: the manifests' check excludes both.
pub fn router(functions: Vec<HttpFunction>, state: State) -> Router {
    let hosted = functions.iter().flat_map(|function| function.spec.routes);
    let known: Vec<&'static Route> = catalog::HTTP.iter().flat_map(|spec| spec.routes).chain(hosted).collect();
    let endpoints = functions.into_iter().flat_map(|function| function.spec.routes.iter().map(move |route| (function, route)));
    let router = endpoints.fold(Router::new(), |router, (function, route)| {
        let state = state.clone();
        let endpoint = move |request: Request| wrapper::serve(function, route, state.clone(), request);
        router.route(route.path, on(method_filter(route.method), endpoint))
    });
    let nowhere = move |request: Request| {
        let problem = no_endpoint(&known, request.method(), request.uri().path());
        wrapper::refuse(problem, request)
    };
    router.fallback(nowhere.clone()).method_not_allowed_fallback(nowhere)
}

/// GET takes HEAD as well; the answer then goes without its body.
#[expect(clippy::expect_used, reason = "manifests name HTTP methods; a build with another must not start")]
fn method_filter(method: &str) -> MethodFilter {
    let method = Method::from_bytes(method.as_bytes()).expect("a manifest names an HTTP method");
    MethodFilter::try_from(method).expect("a manifest names a routable HTTP method")
}

/// 404 or 405 for what this process does not host.
fn no_endpoint(known: &[&'static Route], method: &Method, path: &str) -> Problem {
    let allowed = allowed(known, path);
    if allowed.is_empty() {
        return Problem::not_found();
    }
    let code = if allowed.contains(&method.as_str()) { Code::NotFound } else { Code::MethodNotAllowed };
    // Methods are tokens, so their list is a header's value.
    match HeaderValue::from_str(&allowed.join(", ")) {
        Ok(value) => Problem::new(code).header(ALLOW, value),
        Err(_) => Problem::new(code),
    }
}

/// The methods of a path: those of the most literal template that it matches.
fn allowed(known: &[&'static Route], path: &str) -> Vec<&'static str> {
    let matching = known.iter().filter(|route| matches(route.path, path));
    let Some(best) = matching.map(|route| literals(route.path)).max() else { return Vec::new() };
    let routes = known.iter().filter(|route| matches(route.path, path) && literals(route.path) == best);
    let mut methods: Vec<_> = routes.map(|route| route.method).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.sort_unstable();
    methods.dedup();
    methods
}

/// Whether a path has a template's shape: literals where it has literals, anything but nothing for a parameter.
fn matches(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some(expected), Some(segment)) if parameter(expected).map_or(expected == segment, |_| !segment.is_empty()) => {}
            _ => return false,
        }
    }
}

/// Where a template is literal. Of two that match, the router takes the one that is literal first, and so do we.
fn literals(template: &str) -> Vec<bool> {
    template.split('/').map(|segment| parameter(segment).is_none()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn get(path: &'static str) -> Route {
        Route { method: "GET", path }
    }

    static KNOWN: [Route; 4] = [
        get("/v1/orders"),
        Route { method: "POST", path: "/v1/orders" },
        get("/v1/orders/{order_id}"),
        Route { method: "DELETE", path: "/v1/orders/stream" },
    ];

    #[test]
    fn a_path_allows_what_its_own_template_has() {
        let known: Vec<_> = KNOWN.iter().collect();
        for (path, methods) in [
            ("/v1/orders", &["GET", "HEAD", "POST"][..]),
            ("/v1/orders/ord_1", &["GET", "HEAD"]),
            ("/v1/orders/stream", &["DELETE"]),
            ("/v1/orders/", &[]),
            ("/v1/orders/ord_1/history", &[]),
            ("/", &[]),
        ] {
            assert_eq!(allowed(&known, path), methods, "{path}");
        }
    }
}
