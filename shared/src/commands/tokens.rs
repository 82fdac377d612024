//! Payment tokens at rest: sealed with their payment, opened for the one request that needs them.

use super::Context;
use crate::{
    db::orders::SealedToken,
    domain::{
        ids::{PaymentId, TenantId},
        order::Order,
    },
    secrets,
};

pub(super) use crate::domain::order::tender::Token;

/// Seals the tokens of new payments, each bound to its payment.
pub(super) fn seal(context: &Context, order: &Order, payments: &[PaymentId], tokens: &[Option<Token>]) -> Vec<SealedToken> {
    let seal = |payment, token: &Token| context.keyring.seal(&aad(order.tenant, payment), token.expose().as_bytes());
    payments.iter().zip(tokens).map(|(payment, token)| token.as_ref().map(|token| seal(*payment, token))).collect()
}

/// Binds a sealed token to its payment.
pub(super) fn aad(tenant: TenantId, payment: PaymentId) -> Vec<u8> {
    secrets::row_aad("payments", tenant, &payment.to_string())
}
