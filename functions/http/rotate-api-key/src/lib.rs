//! `POST /v1/api-keys/{key_id}/rotate`: a new key takes the place of an old one, which goes on for an overlap. This answer and its
//! replays show the new secret, and nothing else ever does.
//!
//! The body is [`RotationRequest`] and may be left out.

use shared::{
    catalog,
    commands::rotate_api_key::{self, RotateApiKey},
    domain::api_key::RotationRequest,
    http::{Call, Code, HttpFunction, Problem, Reply, views},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::ROTATE_API_KEY, |call| Box::pin(handle(call)))
        .may_take::<RotationRequest>(r#"{"overlap_seconds": 3600}"#)
        .answers::<views::RotatedKeyView<'_>>()
        .refuses(&[Code::KeyEnded])
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let request: RotationRequest = call.json_or_default()?;
    let caller = call.principal()?;
    let command = RotateApiKey { key: call.path("key_id")?, scopes: &caller.scopes, request: &request };
    let render = |rotated: &_| views::rotated_key(rotated, caller.key, catalog::ROTATE_API_KEY.success);
    let executed = rotate_api_key::execute(call.context(), &call.origin()?, &command, &render).await?;
    Ok(Reply::from(executed).never_stored())
}
