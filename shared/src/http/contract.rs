//! What a function takes and answers, as its `lib.rs` says it with the types that parse and render.
//!
//! Nothing is built here: a contract holds pointers to functions that describe a type, and only [`openapi`](super::openapi) calls
//! them. A request meets none of it.

use utoipa::ToSchema;

use super::{Code, HttpFunction};
use crate::domain::schema::Shape;

/// A request's body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Takes {
    pub(super) shape: Shape,
    /// JSON that the function accepts.
    pub(super) example: &'static str,
    pub(super) required: bool,
    /// It is many of them, one a line, so many at most.
    pub(super) lines_max: Option<usize>,
}

/// What a success carries.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Answers {
    /// Nobody has said it yet, which fails the check of the document.
    #[default]
    Unsaid,
    Nothing,
    One(Shape),
    Page(Shape),
    /// One after the other, one a line.
    Lines(Shape),
    /// Ready-made content, by path: media type and what it is.
    Content(&'static [(&'static str, &'static str, &'static str)]),
    /// Events as they happen, `text/event-stream`: what they are.
    Events(&'static str),
}

/// The promises of one function.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Contract {
    pub(super) query: Option<Shape>,
    /// Filters beside the query's own parameters.
    pub(super) filters: Option<Shape>,
    pub(super) takes: Option<Takes>,
    pub(super) answers: Answers,
    pub(super) versioned: bool,
    /// A second status of success, and when it comes; 204 comes without the answer.
    pub(super) or_answers: Option<(u16, &'static str)>,
    /// A second media type of its success, and what it is.
    pub(super) or_serves: Option<(&'static str, &'static str)>,
    pub(super) refuses: &'static [Code],
}

impl Contract {
    /// Whether a query can mean anything. Ready-made content lets any pass, because people add them against caches.
    pub(super) const fn takes_query(&self) -> bool {
        self.query.is_some() || !matches!(self.answers, Answers::Nothing | Answers::One(_) | Answers::Lines(_) | Answers::Events(_))
    }
}

/// The contract, part by part.
impl HttpFunction {
    /// Query parameters: the members of a struct. A list's `limit` and `cursor` come with [`lists`](Self::lists).
    #[must_use]
    pub fn query<Q: ToSchema>(mut self) -> Self {
        self.contract.query = Some(Shape::of::<Q>());
        self
    }

    /// Filters beside them: the members of another struct.
    #[must_use]
    pub fn filters<F: ToSchema>(mut self) -> Self {
        self.contract.filters = Some(Shape::of::<F>());
        self
    }

    /// A JSON body, with an example that the function accepts.
    #[must_use]
    pub fn takes<B: ToSchema>(mut self, example: &'static str) -> Self {
        self.contract.takes = Some(Takes { shape: Shape::of::<B>(), example, required: true, lines_max: None });
        self
    }

    /// JSON bodies in lines, so many at most, with an example of one.
    #[must_use]
    pub fn takes_lines<B: ToSchema>(mut self, example: &'static str, lines_max: usize) -> Self {
        self.contract.takes = Some(Takes { shape: Shape::of::<B>(), example, required: true, lines_max: Some(lines_max) });
        self
    }

    /// A JSON body that may be left out.
    #[must_use]
    pub fn may_take<B: ToSchema>(mut self, example: &'static str) -> Self {
        self.contract.takes = Some(Takes { shape: Shape::of::<B>(), example, required: false, lines_max: None });
        self
    }

    /// One view.
    #[must_use]
    pub fn answers<V: ToSchema>(mut self) -> Self {
        self.contract.answers = Answers::One(Shape::of::<V>());
        self
    }

    /// Views in pages.
    #[must_use]
    pub fn lists<V: ToSchema>(mut self) -> Self {
        self.contract.answers = Answers::Page(Shape::of::<V>());
        self
    }

    /// Views in lines, for as long as there are any.
    #[must_use]
    pub fn answers_lines<V: ToSchema>(mut self) -> Self {
        self.contract.answers = Answers::Lines(Shape::of::<V>());
        self
    }

    /// The same in another media type, for who asks for it, and what it is.
    #[must_use]
    pub fn or_serves(mut self, media_type: &'static str, what: &'static str) -> Self {
        self.contract.or_serves = Some((media_type, what));
        self
    }

    /// No body.
    #[must_use]
    pub fn answers_nothing(mut self) -> Self {
        self.contract.answers = Answers::Nothing;
        self
    }

    /// Ready-made content of each route: path, media type, what it is.
    #[must_use]
    pub fn serves(mut self, contents: &'static [(&'static str, &'static str, &'static str)]) -> Self {
        self.contract.answers = Answers::Content(contents);
        self
    }

    /// Events as they happen, for as long as the stream lasts, and which ones.
    #[must_use]
    pub fn streams(mut self, what: &'static str) -> Self {
        self.contract.answers = Answers::Events(what);
        self
    }

    /// Its answer has an `ETag`; if it is a read, a caller who has that version gets a 304.
    #[must_use]
    pub fn versioned(mut self) -> Self {
        self.contract.versioned = true;
        self
    }

    /// The same answer under another status of success, or with 204 none, and when that comes.
    #[must_use]
    pub fn or_answers(mut self, status: u16, when: &'static str) -> Self {
        self.contract.or_answers = Some((status, when));
        self
    }

    /// Problems that are its own, beside those that its manifest and its types imply.
    #[must_use]
    pub fn refuses(mut self, codes: &'static [Code]) -> Self {
        self.contract.refuses = codes;
        self
    }
}
