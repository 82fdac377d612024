//! How types describe themselves, and the named schemas of a document: collected from whatever it speaks of, named once each.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::{Map, Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

/// How a type describes itself. Nothing is built until a document asks.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    name: fn() -> Cow<'static, str>,
    schema: fn() -> RefOr<Schema>,
    /// Adds the named types inside it.
    parts: fn(&mut Vec<(String, RefOr<Schema>)>),
}

impl Shape {
    /// Of this type.
    pub fn of<T: ToSchema>() -> Self {
        Self { name: T::name, schema: <T as PartialSchema>::schema, parts: T::schemas }
    }
}

/// `components.schemas` as it grows.
#[derive(Debug, Default)]
pub struct Shapes {
    named: BTreeMap<String, Value>,
    clashes: Vec<String>,
}

impl Shapes {
    /// A reference to a type, which is brought in with all that it is made of.
    pub fn reference(&mut self, shape: Shape) -> Value {
        let name = (shape.name)().into_owned();
        let reference = json!({"$ref": format!("#/components/schemas/{name}")});
        self.add(name, (shape.schema)());
        self.add_parts(shape);
        reference
    }

    /// A type as a schema of its own that is referred to by nobody; the types inside it are brought in.
    pub fn inline(&mut self, shape: Shape) -> Value {
        self.add_parts(shape);
        to_json((shape.schema)())
    }

    /// The members of a struct that stands for a query: name, schema, whether it must be there.
    ///
    /// # Errors
    /// When the type is no struct.
    pub fn members(&mut self, shape: Shape) -> Result<Vec<(String, Value, bool)>, String> {
        self.add_parts(shape);
        let schema = to_json((shape.schema)());
        let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|required| required == name));
        let members = schema["properties"].as_object().ok_or_else(|| format!("{} is no struct of query parameters", (shape.name)()))?;
        Ok(members.iter().map(|(name, member)| (name.clone(), not_null(member.clone()), required(name))).collect())
    }

    fn add_parts(&mut self, shape: Shape) {
        let mut parts = Vec::new();
        (shape.parts)(&mut parts);
        for (name, schema) in parts {
            self.add(name, schema);
        }
    }

    fn add(&mut self, name: String, schema: RefOr<Schema>) {
        let schema = to_json(schema);
        match self.named.get(&name) {
            Some(known) if *known != schema => self.clashes.push(format!("two types are called {name}: give one #[schema(as = …)]")),
            Some(_) => {}
            None => drop(self.named.insert(name, schema)),
        }
    }

    /// The types, with those that the document itself defines, and what is wrong with them.
    pub fn finish(mut self, own: Vec<(&str, Value)>) -> (Map<String, Value>, Vec<String>) {
        for (name, schema) in own {
            if self.named.insert(name.to_owned(), schema).is_some() {
                self.clashes.push(format!("{name} is the document's own name: give the type #[schema(as = …)]"));
            }
        }
        (self.named.into_iter().collect(), self.clashes)
    }
}

/// A schema always serialises.
fn to_json(schema: RefOr<Schema>) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}

/// A member that may be `null` in JSON is a parameter that may be absent: a query has no `null`.
fn not_null(mut schema: Value) -> Value {
    if let Some(types) = schema.get_mut("type").filter(|types| types.is_array()) {
        let other = types.as_array().and_then(|types| types.iter().find(|name| *name != "null").cloned());
        *types = other.unwrap_or_default();
    }
    if let Some(alternatives) = schema["oneOf"].as_array() {
        let mut others: Vec<Value> = alternatives.iter().filter(|one| one["type"] != "null").cloned().collect();
        if let (1, Some(only)) = (others.len(), others.pop()) {
            return only;
        }
    }
    schema
}
