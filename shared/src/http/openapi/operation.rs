//! One function on one of its routes, as an operation.

use serde_json::{Map, Value, json};

use super::{
    super::{Code, body::LINES_MEDIA_TYPES, contract::Answers},
    parts, responses, tag,
};
use crate::{
    domain::schema::Shapes,
    function::{Access, HttpSpec, Route},
    http::{HttpFunction, contract::Takes},
};

/// The operation.
///
/// # Errors
/// One sentence about what keeps it from being described.
pub(super) fn operation(function: &HttpFunction, route: &Route, schemas: &mut Shapes) -> Result<Value, String> {
    let spec = function.spec;
    let mut operation = json!({
        "operationId": operation_id(spec, route),
        "tags": [tag(spec)],
        "summary": spec.purpose,
        "description": description(spec),
        "parameters": parameters(function, route, schemas)?,
        "responses": responses::responses(function, route, schemas)?,
        "security": security(spec, route),
    });
    if let Access::Scope(scope) = spec.permission {
        operation["x-required-scope"] = scope.as_str().into();
    }
    if let Some(takes) = &function.contract.takes {
        operation["requestBody"] = request_body(takes, spec, route, schemas)?;
    }
    Ok(operation)
}

/// The function's name; with several routes, the name and the path.
fn operation_id(spec: &HttpSpec, route: &Route) -> String {
    if spec.routes.len() == 1 {
        return spec.name.to_owned();
    }
    let words = route.path.split(['/', '.']).filter(|word| !word.is_empty()).map(|word| word.trim_matches(['{', '}']));
    words.fold(spec.name.to_owned(), |name, word| name + "-" + word)
}

fn description(spec: &HttpSpec) -> String {
    let who = match spec.permission {
        Access::Public => "Open to everyone; the request is not signed.".to_owned(),
        Access::Any => "For every valid key.".to_owned(),
        Access::Scope(scope) => format!("The key needs the scope `{scope}`."),
        Access::Webhook => {
            "For the payment service alone, which signs with a secret of its own (Standard Webhooks); no key opens it.".to_owned()
        }
    };
    let once = if spec.idempotency { " Happens once per `Idempotency-Key`." } else { "" };
    let based = if spec.if_match { " The change is made only to the version that `If-Match` names." } else { "" };
    let answered = match spec.streams {
        true => "Answered at once, and then for as long as the stream lasts.".to_owned(),
        false => format!("Answered within {} s.", spec.timeout_seconds),
    };
    format!("{who}{once}{based} {answered}")
}

/// OpenAPI 3.1 lets a requirement of any scheme name roles: ours are scopes.
fn security(spec: &HttpSpec, route: &Route) -> Value {
    let scopes: Vec<_> = match spec.permission {
        Access::Public => return json!([]),
        Access::Webhook => return json!([{"webhook_id": [], "webhook_timestamp": [], "webhook_signature": []}]),
        Access::Any => Vec::new(),
        Access::Scope(scope) => vec![scope.as_str()],
    };
    let signed = json!({"signature": scopes, "signature_input": []});
    if route.method == "GET" { json!([signed, {"session": scopes}]) } else { json!([signed]) }
}

fn parameters(function: &HttpFunction, route: &Route, schemas: &mut Shapes) -> Result<Vec<Value>, String> {
    let (spec, contract) = (function.spec, &function.contract);
    let mut parameters = Vec::new();
    for name in route.parameters() {
        let schema = parts::path_parameter(name)
            .ok_or_else(|| format!("{{{name}}} has no schema: add it to path_parameter in http/openapi/parts.rs"))?;
        parameters.push(json!({"name": name, "in": "path", "required": true, "schema": schema}));
    }
    for query in [contract.query, contract.filters].into_iter().flatten() {
        let members = schemas.members(query)?;
        parameters.extend(members.into_iter().map(|(name, schema, required)| query_parameter(&name, schema, required)));
    }
    let shared = |name: &str| json!({"$ref": format!("#/components/parameters/{name}")});
    if matches!(contract.answers, Answers::Page(_)) {
        parameters.extend(["limit", "cursor"].map(shared));
    }
    for (name, taken) in [
        ("Idempotency-Key", spec.idempotency),
        ("If-Match", spec.if_match),
        ("If-Match-Optional", !spec.if_match && contract.refuses.contains(&Code::VersionMismatch)),
        ("Last-Event-ID", matches!(contract.answers, Answers::Events(_))),
        ("If-None-Match", contract.versioned && route.method == "GET"),
        ("Min-Version", function.view_of.is_some()),
        ("Content-Digest", contract.takes.is_some_and(|takes| takes.required) && spec.permission.is_by_key()),
        ("X-Request-Id", true),
        ("traceparent", true),
    ] {
        if taken {
            parameters.push(shared(name));
        }
    }
    Ok(parameters)
}

fn query_parameter(name: &str, mut schema: Value, required: bool) -> Value {
    // The sentence belongs to the parameter; beside a reference it would only repeat it.
    let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
    let mut parameter = json!({"name": name, "in": "query", "required": required, "schema": schema});
    if let Some(description) = description {
        parameter["description"] = description;
    }
    if parameter["schema"]["type"] == "array" {
        // `expand=a,b`, not `expand=a&expand=b`.
        parameter["style"] = "form".into();
        parameter["explode"] = false.into();
    }
    parameter
}

fn request_body(takes: &Takes, spec: &HttpSpec, route: &Route, schemas: &mut Shapes) -> Result<Value, String> {
    let example: Value = serde_json::from_str(takes.example).map_err(|error| format!("its example is no JSON: {error}"))?;
    let schema = schemas.reference(takes.shape);
    if let Some(lines_max) = takes.lines_max {
        let schema = json!({"type": "array", "items": schema, "minItems": 1, "maxItems": lines_max});
        let content = json!({"schema": schema, "example": [example]});
        let content: Map<_, _> = LINES_MEDIA_TYPES.map(|media_type| (media_type.to_owned(), content.clone())).into_iter().collect();
        let description = format!(
            "One JSON document a line; the schema sees the lines as an array. At most {lines_max} lines and {} bytes.",
            spec.body_max_bytes
        );
        return Ok(json!({"description": description, "required": true, "content": content}));
    }
    let content = json!({"schema": schema, "example": example});
    let content = match route.method {
        "PATCH" => json!({"application/merge-patch+json": content, "application/json": content}),
        _ => json!({"application/json": content}),
    };
    let description = format!("At most {} bytes.", spec.body_max_bytes);
    Ok(json!({"description": description, "required": takes.required, "content": content}))
}
