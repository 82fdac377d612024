//! An HTTP endpoint: what its manifest declares and the function that answers.

pub use futures_util::future::BoxFuture;

use super::{Call, Problem, Reply, contract::Contract};
use crate::function::HttpSpec;

/// What a handler is once its future is boxed.
pub(super) type Handle = fn(Call) -> BoxFuture<'static, Result<Reply, Problem>>;

/// One endpoint: its manifest's policy, its handler, and its contract (the methods of `contract`), which only the document reads.
///
/// ```ignore
/// pub fn function() -> HttpFunction {
///     HttpFunction::new(&catalog::GET_ORDER, |call| Box::pin(handle(call))).query::<Query>().answers::<OrderView<'_>>().versioned()
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct HttpFunction {
    /// Route and policy, from the manifest.
    pub spec: &'static HttpSpec,
    pub(super) handle: Handle,
    pub(super) contract: Contract,
    pub(super) view_of: Option<ViewOf>,
}

/// The name of the view of an order that a query asks for; nothing when the query is no good.
pub(super) type ViewOf = fn(query: &str) -> Option<&'static str>;

impl HttpFunction {
    /// An endpoint of this manifest. The future is boxed where it is made, so that the wrapper is compiled once and not per function.
    pub fn new(spec: &'static HttpSpec, handle: fn(Call) -> BoxFuture<'static, Result<Reply, Problem>>) -> Self {
        Self { spec, handle, contract: Contract::default(), view_of: None }
    }

    /// Shows the order of its path, in views of these names: one that is kept is answered without the
    /// handler, which makes the others ([`Call::new_view`](super::Call::new_view)).
    #[must_use]
    pub fn shows_orders(mut self, view_of: fn(&str) -> Option<&'static str>) -> Self {
        self.view_of = Some(view_of);
        self
    }
}
