//! What a request asks of Redis, in one round trip: whether its nonce is new or its session lasts, whether it may come now, and what is
//! known of the order or the answer that it asks for. The script (`admit.lua`) says how.

use std::{sync::LazyLock, time::Duration};

use redis::{FromRedisValue, ParsingError, Value};

use super::{AnswerKey, Cache, OrderKey, SealedView, Unavailable, script::Script, tag};
use crate::{
    domain::{
        ids::{KeyId, SessionId},
        rate::{Quota, Standing},
    },
    secrets,
};

/// How long a nonce is remembered. A signature is acceptable for 300 s after and 60 s before its moment; the rest is room for
/// clocks that differ. Beyond it the signature itself is too old.
const NONCE_TTL_S: u32 = 660;

static ADMIT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("admit.lua")));

/// A request whose caller has proved who it is.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The key that signed it, or that lent the session.
    pub key: KeyId,
    /// What it came in with.
    pub pass: Pass<'a>,
    /// How many such requests there may be.
    pub quota: Quota,
    /// What else it wants to know.
    pub wanted: Wanted<'a>,
}

/// What lets a request in once, or for a while.
#[derive(Debug, Clone, Copy)]
pub enum Pass<'a> {
    /// The nonce of a signature, good once.
    Nonce(&'a str),
    /// A session, good until it ends.
    Session(SessionId),
}

/// What may be known of what a request asks for.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// Nothing is kept of such a thing.
    Nothing,
    /// The answer of an earlier request with the same idempotency key.
    Answer(AnswerKey<'a>),
    /// A view of an order.
    Order(OrderKey),
}

/// What Redis says of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    /// Its nonce was used before, or its session has ended.
    Refused,
    /// It is good; whether it may come now, its standing says.
    Good(Standing, Found),
}

/// What is known of what a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A sealed answer.
    Answer(Vec<u8>),
    /// A sealed view of an order.
    Order(SealedView),
}

impl Cache {
    /// Lets a request in, and counts it.
    ///
    /// # Errors
    /// [`Unavailable`]: nothing is known.
    pub async fn admit(&self, entry: &Entry<'_>) -> Result<Admission, Unavailable> {
        let Entry { key: KeyId { tenant, key }, pass, quota, wanted } = *entry;
        let (tag, class) = (tag(tenant), quota.class.as_str());
        let (mode, name, holder) = match pass {
            Pass::Nonce(nonce) => ("nonce", format!("n:{tag}:{}:{nonce}", key.simple()), key.simple().to_string()),
            Pass::Session(session) => ("session", super::sessions::name(tenant, session), session.uuid().simple().to_string()),
        };
        let mut keys = vec![name, format!("l:{tag}:{holder}:{class}"), format!("l:{tag}:{class}")];
        match wanted {
            Wanted::Nothing => {}
            Wanted::Answer(answer) => keys.push(answer.name()),
            Wanted::Order(order) => keys.push(order.name()),
        }
        let mut call = ADMIT.call(&keys);
        let attempt: [u8; 8] = secrets::random();
        call.arg(mode).arg(&attempt).arg(NONCE_TTL_S).arg(quota.key.per_second()).arg(quota.tenant.per_second());
        if let Wanted::Order(order) = wanted {
            call.arg(order.view);
        }
        let answer: Answer = self.run(tenant, &ADMIT, &call).await?;
        Ok(answer.admission(quota, wanted))
    }
}

/// The script's answer.
struct Answer {
    passes: bool,
    key_left: u32,
    tenant_left: u32,
    wait_us: u64,
    found: Value,
}

impl FromRedisValue for Answer {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let mut parts = Vec::<Value>::from_redis_value(value)?.into_iter();
        let mut number = || parts.next().map_or(Ok(0), u64::from_redis_value);
        let (passes, key_left, tenant_left, wait_us) = (number()? == 1, number()?, number()?, number()?);
        let left = |left: u64| u32::try_from(left).unwrap_or(u32::MAX);
        Ok(Self { passes, key_left: left(key_left), tenant_left: left(tenant_left), wait_us, found: parts.next().unwrap_or(Value::Nil) })
    }
}

impl Answer {
    fn admission(self, quota: Quota, wanted: Wanted<'_>) -> Admission {
        if !self.passes {
            return Admission::Refused;
        }
        let wait = (self.wait_us > 0).then(|| Duration::from_micros(self.wait_us));
        let standing = Standing { quota, key_left: self.key_left, tenant_left: self.tenant_left, wait };
        let found = match (wanted, self.found) {
            (Wanted::Answer(_), Value::BulkString(sealed)) => Found::Answer(sealed),
            (Wanted::Order(_), found) => SealedView::read(found).map_or(Found::Nothing, Found::Order),
            _ => Found::Nothing,
        };
        Admission::Good(standing, found)
    }
}
