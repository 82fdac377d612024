//! Many orders in one call: lines that come in and lines that go out, one after the other, in memory that does not grow with them.
//!
//! In reading order: `lines` takes a body of lines apart, `import` places the order of each, `export` reads orders page by page, `csv`
//! writes them as rows; `pieces` is the answer of both, which is made while it is sent. What a line comes to is decided by the command
//! ([`import_orders`](crate::commands::import_orders)), not here.

mod csv;
mod export;
mod import;
mod lines;
mod pieces;

pub use self::{
    export::{Export, ExportFormat, export_orders},
    import::import_orders,
    lines::LINES_MAX,
};
