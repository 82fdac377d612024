//! What an export has beside orders: its end.

use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Ref, RefOr, Schema, schema::OneOfBuilder},
};

use super::OrderView;
use crate::domain::ids::OrderId;

/// The last line of an export: without it, not everything has come.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExportEnd)]
pub struct ExportEndView {
    end: End,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExportSummary)]
struct End {
    /// Orders of this answer.
    orders: u64,
    /// The `after` of an export that brings what was placed since. The last minute comes again, because an order may be seen later than
    /// its id says; know orders by their `id`.
    next_after: OrderId,
}

impl ExportEndView {
    /// After so many orders, with where the next export begins.
    pub fn new(orders: u64, next_after: OrderId) -> Self {
        Self { end: End { orders, next_after } }
    }
}

/// Describes a line of an export: an order, or at last its end.
#[derive(Debug)]
pub struct ExportLine;

impl PartialSchema for ExportLine {
    fn schema() -> RefOr<Schema> {
        let line = OneOfBuilder::new();
        let line = line.item(Ref::from_schema_name(OrderView::name())).item(Ref::from_schema_name(ExportEndView::name()));
        line.description(Some("An order, or in the last line the end.")).into()
    }
}

impl ToSchema for ExportLine {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((OrderView::name().into_owned(), OrderView::schema()));
        OrderView::schemas(schemas);
        schemas.push((ExportEndView::name().into_owned(), ExportEndView::schema()));
        ExportEndView::schemas(schemas);
    }
}
