//! The document is OpenAPI 3.1, is what the functions say, and leaves nothing out.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::{
    catalog,
    http::{Code, openapi},
};
use tests::contract::{self, DOCUMENT};

/// Codes that no function can give yet, or that are given where there is no operation. Only shrinks.
const NOT_YET: [&str; 1] = ["method_not_allowed"];

#[test]
fn every_function_has_a_contract_and_the_document_says_it() {
    let document = openapi::document(&standalone::functions::all().http).unwrap_or_else(|errors| panic!("{}", errors.join("\n")));
    assert!(document == *DOCUMENT, "docs/openapi.json is not as the functions say; mend it with: cargo xtask sync");
}

#[test]
fn the_document_is_openapi_3_1() {
    let schema: Value = serde_json::from_str(include_str!("../fixtures/openapi-3.1.schema.json")).unwrap();
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(&DOCUMENT).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    // That schema lets any schema pass; JSON Schema's own does not.
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().unwrap() {
        jsonschema::meta::validate(schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let mut references = BTreeSet::new();
    collect_references(&DOCUMENT, &mut references);
    for reference in &references {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leaves the document"));
        assert!(DOCUMENT.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    for kind in ["schemas", "parameters", "headers"] {
        for name in DOCUMENT["components"][kind].as_object().unwrap().keys() {
            assert!(references.contains(&format!("#/components/{kind}/{name}")), "nobody uses {name}");
        }
    }
}

#[test]
fn operations_are_the_catalogs_routes() {
    let documented: BTreeSet<_> = contract::operations().map(|(path, method, _)| (path.to_owned(), method)).collect();
    let routes = catalog::HTTP.iter().flat_map(|spec| spec.routes);
    assert_eq!(documented, routes.map(|route| (route.path.to_owned(), route.method.to_owned())).collect());
    let ids: BTreeSet<_> = contract::operations().map(|(_, _, operation)| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), documented.len(), "two operations have one id");
}

#[test]
fn an_operation_names_its_scope_where_readers_and_tools_look() {
    for (path, method, operation) in contract::operations() {
        let Some(scope) = operation.get("x-required-scope") else { continue };
        assert_eq!(operation["security"][0]["signature"][0], *scope, "{method} {path}");
        assert!(operation["description"].as_str().unwrap().contains(scope.as_str().unwrap()), "{method} {path}");
    }
    let open = contract::operations().filter(|(_, _, operation)| operation["security"].as_array().unwrap().is_empty());
    assert!(open.map(|(_, _, operation)| &operation["tags"][0]).all(|tag| tag == "public"));
}

#[test]
fn every_code_is_documented() {
    let known: Vec<_> = DOCUMENT["components"]["schemas"]["ProblemCode"]["enum"].as_array().unwrap().iter().collect();
    assert_eq!(known, Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>());
    let given = contract::operations().map(|(_, _, operation)| operation["responses"].to_string()).collect::<String>();
    for code in Code::ALL.iter().map(|code| code.as_str()) {
        let in_an_operation = given.contains(&format!("\"{code}\""));
        assert!(in_an_operation || NOT_YET.contains(&code), "no operation gives {code}: say so with .refuses(&[Code::…])");
        assert!(!(in_an_operation && NOT_YET.contains(&code)), "{code} is given now: take it out of NOT_YET");
    }
}

#[test]
fn every_example_fits_its_own_schema() {
    for (path, method, operation) in contract::operations() {
        for content in operation["requestBody"]["content"].as_object().into_iter().flat_map(|content| content.values()) {
            let id = operation["operationId"].as_str().unwrap();
            contract::check_value(&format!("{id} request"), &content["schema"], &content["example"])
                .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        }
    }
}

fn collect_references(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                references.insert(reference.to_owned());
            }
            members.values().for_each(|member| collect_references(member, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, references)),
        _ => {}
    }
}
