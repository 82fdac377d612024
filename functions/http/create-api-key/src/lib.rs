//! `POST /v1/api-keys`: one more key of the caller's tenant, with scopes that the calling key holds itself. This answer and its replays
//! show the secret, and nothing else ever does.
//!
//! The body is [`ApiKeyRequest`].

use shared::{
    catalog,
    commands::create_api_key,
    domain::api_key::ApiKeyRequest,
    http::{Call, Code, HttpFunction, Problem, Reply, views},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::CREATE_API_KEY, |call| Box::pin(handle(call)))
        .takes::<ApiKeyRequest>(r#"{"name": "till 3", "scopes": ["orders:read"], "expires_at": null}"#)
        .answers::<views::SecretKeyView<'_>>()
        .refuses(&[Code::KeyEnded])
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let request: ApiKeyRequest = call.json()?;
    let scopes = &call.principal()?.scopes;
    let render = |fresh: &_| views::created_key(fresh, catalog::CREATE_API_KEY.success);
    let executed = create_api_key::execute(call.context(), &call.origin()?, scopes, request, &render).await?;
    Ok(Reply::from(executed).never_stored())
}
