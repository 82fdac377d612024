//! What a line of an import looks like, and what came of it.

use serde::Serialize;
use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr, Schema,
        schema::{AllOfBuilder, ObjectBuilder},
    },
};

use crate::{
    commands::import_orders::Imported,
    domain::{
        ids::OrderId,
        order::request::OrderRequest,
        schema::{OrderNumber, Reference},
    },
    http::Problem,
};

/// Describes a line of an import, which is parsed as an [`OrderRequest`] and then must have its reference.
#[derive(Debug)]
pub struct ImportLine;

impl PartialSchema for ImportLine {
    fn schema() -> RefOr<Schema> {
        let referenced = ObjectBuilder::new().property("external_reference", Reference::schema()).required("external_reference");
        AllOfBuilder::new()
            .item(Ref::from_schema_name(OrderRequest::name()))
            .item(referenced)
            .description(Some("An order, which its `external_reference` names for ever."))
            .into()
    }
}

impl ToSchema for ImportLine {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((OrderRequest::name().into_owned(), OrderRequest::schema()));
        OrderRequest::schemas(schemas);
    }
}

/// What came of a line: `id` and `number` when its order is there, else `problem`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportedLine)]
pub struct ImportedLineView {
    /// Its number in the body, from 1; blank lines count.
    #[schema(minimum = 1)]
    line: usize,
    /// As create-order would answer: 201 placed now, 200 there already, 4xx refused, 503 not reached: send the line again.
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    id: Option<OrderId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<OrderNumber>)]
    number: Option<String>,
    /// A problem (RFC 9457); its pointers lead into the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, schema_with = problem)]
    problem: Option<Value>,
}

fn problem() -> RefOr<Schema> {
    Ref::from_schema_name("Problem").into()
}

impl ImportedLineView {
    /// Its order is there.
    pub fn imported(line: usize, imported: &Imported) -> Self {
        let status = if imported.known { 200 } else { 201 };
        Self { line, status, id: Some(imported.id), number: Some(imported.number.to_string()), problem: None }
    }

    /// It is not.
    pub fn refused(line: usize, problem: Problem, request_id: &str) -> Self {
        Self { line, status: problem.code().status(), id: None, number: None, problem: Some(problem.into_document(request_id)) }
    }
}
