//! Manifests for Kubernetes are what its operators take. Their strict schemas are kept beside this repository, not in it.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use shared::{catalog::CONSUMERS, messaging::topology};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// The schemas, in a folder beside the checkout or further up.
const SCHEMAS: &str = "shared/k8s/schemas";

#[test]
fn the_resources_of_the_topology_are_what_the_operator_takes() {
    let Some(schemas) = beside_the_checkout() else {
        let why = format!("NOT TESTED: no {SCHEMAS} beside the checkout, so nobody knows whether an operator takes topology.yaml");
        return std::io::stderr().write_all(format!("\n{why}\n").as_bytes()).unwrap();
    };
    let validator = |kind: &str| {
        let text = std::fs::read_to_string(schemas.join(format!("rabbitmq.com_v1beta1_{kind}.json"))).unwrap();
        jsonschema::draft202012::new(&serde_json::from_str(&text).unwrap()).unwrap()
    };
    for resource in topology::resources(CONSUMERS) {
        let errors: Vec<_> = validator(resource["kind"].as_str().unwrap()).iter_errors(&resource).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?} in {resource:#}");
    }
    let mut misspelt = topology::resources(CONSUMERS).remove(0);
    misspelt["spec"]["durabel"] = true.into();
    assert!(!validator("Exchange").is_valid(&misspelt), "the schemas let anything pass");
}

#[test]
fn every_resource_has_a_name_of_its_own_that_kubernetes_takes() {
    let resources = topology::resources(CONSUMERS);
    let named = |resource: &Value| json!([resource["kind"], resource["metadata"]["name"]]).to_string();
    let names: std::collections::BTreeSet<_> = resources.iter().map(named).collect();
    assert_eq!(names.len(), resources.len());
    for resource in &resources {
        let name = resource["metadata"]["name"].as_str().unwrap();
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        assert!(name.len() <= 253 && name.bytes().all(fits) && !name.starts_with('-') && !name.ends_with('-'), "{name}");
    }
}

fn beside_the_checkout() -> Option<PathBuf> {
    let root = Path::new(ROOT).canonicalize().unwrap();
    root.ancestors().map(|folder| folder.join(SCHEMAS)).find(|path| path.is_dir())
}
