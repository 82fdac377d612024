//! Lists in pages: how many, from where, and the signed cursor that says where the next page begins.
//!
//! A cursor is base64url(position ‖ 16 bytes of HMAC-SHA-256). The MAC binds it to tenant, path and filters, so a cursor is
//! good for the list it came from and for no other; what the position means only the query knows.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::{Problem, Reply, query};
use crate::domain::ids::TenantId;

/// Items of a page unless the caller says otherwise.
pub(super) const DEFAULT_LIMIT: u32 = 20;
/// Items of a page at most; asking for more is refused.
pub(super) const MAX_LIMIT: u32 = 100;
/// Bytes of the MAC that a cursor carries: 128 bits, enough against guessing.
const MAC_LEN: usize = 16;
/// A longer cursor is none of ours.
pub(super) const MAX_CURSOR_LEN: usize = 512;

/// The key that cursors are signed with.
pub(super) struct CursorKey([u8; 32]);

impl CursorKey {
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The list that a cursor belongs to: whose, at which path, with which filters.
    pub(super) fn list(&self, tenant: TenantId, path: &str, filters: &str) -> List {
        let mut mac = hmac(&self.0);
        mac.update(tenant.uuid().as_bytes());
        // Fixed lengths on both sides keep the parts from flowing into one another.
        mac.update(&Sha256::digest(path));
        mac.update(&Sha256::digest(filters));
        List(mac)
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104 §2)")]
fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

/// One list of one tenant: makes and checks its cursors.
#[derive(Clone)]
pub(super) struct List(Hmac<Sha256>);

impl List {
    fn cursor(&self, position: &str) -> String {
        let mac = self.0.clone().chain_update(position).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([position.as_bytes(), &mac[..MAC_LEN]].concat())
    }

    fn position(&self, cursor: &str) -> Result<String, Problem> {
        self.verified(cursor)
            .ok_or_else(|| Problem::malformed("the cursor does not belong to this list with these filters").member("parameter", "cursor"))
    }

    fn verified(&self, cursor: &str) -> Option<String> {
        if cursor.len() > MAX_CURSOR_LEN {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (position, mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC_LEN)?)?;
        self.0.clone().chain_update(position).verify_truncated_left(mac).ok()?;
        String::from_utf8(position.to_vec()).ok()
    }
}

/// The page that a request asks for.
pub struct Page {
    /// Items at most.
    pub limit: u32,
    /// The position after which it begins, as [`reply`](Self::reply) was given it; `None` at the beginning.
    pub after: Option<String>,
    list: List,
    path: String,
    filters: String,
}

/// A list's answer on the wire.
#[derive(Serialize)]
struct View<'a, T> {
    data: &'a [T],
    next_cursor: Option<&'a str>,
    has_more: bool,
}

/// A query with `limit` and `cursor` taken out, which leaves the filters.
pub(super) struct ListQuery {
    limit: Option<String>,
    cursor: Option<String>,
    /// Encoded again, in the order they came.
    pub(super) filters: String,
}

impl ListQuery {
    /// Takes the query apart; a parameter given twice stays among the filters, where it is refused.
    pub(super) fn read(query: &str) -> Self {
        let (mut limit, mut cursor) = (None, None);
        let mut filters = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "limit" if limit.is_none() => limit = Some(value.into_owned()),
                "cursor" if cursor.is_none() => cursor = Some(value.into_owned()),
                _ => {
                    filters.append_pair(&name, &value);
                }
            }
        }
        Self { limit, cursor, filters: filters.finish() }
    }

    /// The page asked for.
    ///
    /// # Errors
    /// 422 for a limit out of range, 400 `malformed` for a cursor that is not this list's.
    pub(super) fn page(self, list: List, path: &str) -> Result<Page, Problem> {
        let limit = match self.limit {
            None => DEFAULT_LIMIT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MAX_LIMIT).contains(limit))
                .ok_or_else(|| query::misfit("limit", &format!("limit is a number from 1 to {MAX_LIMIT}")))?,
        };
        let after = self.cursor.map(|cursor| list.position(&cursor)).transpose()?;
        Ok(Page { limit, after, list, path: path.to_owned(), filters: self.filters })
    }
}

impl Page {
    /// Answers with the items of this page; `next` is the position of its last item when there are more after it.
    ///
    /// # Errors
    /// 500 when an item cannot be JSON.
    pub fn reply<T: Serialize>(&self, data: &[T], next: Option<&str>) -> Result<Reply, Problem> {
        let cursor = next.map(|position| self.list.cursor(position));
        let reply = Reply::json(200, &View { data, next_cursor: cursor.as_deref(), has_more: cursor.is_some() })?;
        Ok(match cursor {
            Some(cursor) => reply.link(&self.next_link(&cursor)),
            None => reply,
        })
    }

    /// The `Link` to the next page (RFC 8288): this request with another cursor.
    fn next_link(&self, cursor: &str) -> String {
        let separator = if self.filters.is_empty() { "" } else { "&" };
        format!("<{}?{}{separator}limit={}&cursor={cursor}>; rel=\"next\"", self.path, self.filters, self.limit)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{super::Code, *};
    use crate::fuzz::{changed, changes, fuzz};

    const TENANT: TenantId = TenantId::new(Uuid::from_u128(1));

    fn list(tenant: TenantId, path: &str, filters: &str) -> List {
        CursorKey::new([9; 32]).list(tenant, path, filters)
    }

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let cursor = list(TENANT, "/v1/orders", "status=pending").cursor("1732269600000000,ord_7");
        assert_eq!(list(TENANT, "/v1/orders", "status=pending").verified(&cursor).unwrap(), "1732269600000000,ord_7");
        for other in [
            list(TenantId::new(Uuid::from_u128(2)), "/v1/orders", "status=pending"),
            list(TENANT, "/v1/orders/ord_1/payments", "status=pending"),
            list(TENANT, "/v1/orders", "status=paid"),
            CursorKey::new([8; 32]).list(TENANT, "/v1/orders", "status=pending"),
        ] {
            assert_eq!(other.verified(&cursor), None);
        }
    }

    #[test]
    fn an_altered_cursor_is_refused_by_name() {
        let list = list(TENANT, "/v1/orders", "");
        let cursor = list.cursor("7");
        for (index, byte) in cursor.bytes().enumerate() {
            let mut altered = cursor.clone().into_bytes();
            altered[index] = if byte == b'A' { b'B' } else { b'A' };
            assert_eq!(list.verified(std::str::from_utf8(&altered).unwrap()), None, "{index}");
        }
        for none in ["", "AAAA", "not base64!", &"A".repeat(600), &format!("{cursor}="), &cursor[1..]] {
            assert_eq!(list.position(none).unwrap_err().code(), Code::Malformed, "{none}");
        }
    }

    /// A query of anybody's making: a cursor is good only if it is one that this list gives out.
    #[test]
    fn fuzz_cursor() {
        const WORDS: &str = r#"cursor= limit= = & % + %41 A _ - / 100 é"#;
        let list = list(TENANT, "list-orders", "status=paid");
        let query = format!("status=paid&limit=2&cursor={}", list.cursor("1732269600000000,ord_7"));
        fuzz(changes(), |changes| {
            let query = changed(query.as_bytes(), &changes, WORDS);
            let read = ListQuery::read(&String::from_utf8_lossy(&query));
            let (sent, filters) = (read.cursor.clone(), read.filters.clone());
            let Ok(page) = read.page(list.clone(), "/v1/orders") else { return };
            assert!((1..=MAX_LIMIT).contains(&page.limit));
            assert_eq!(page.filters, filters);
            assert_eq!(page.after.as_deref().map(|position| list.cursor(position)), sent, "a cursor is spelt in one way");
        });
    }

    #[test]
    fn limits_are_checked_and_the_rest_are_filters() {
        let page = |query: &str| ListQuery::read(query).page(list(TENANT, "f", ""), "/v1/orders");
        assert_eq!(page("").unwrap().limit, 20);
        assert_eq!(page("limit=1").unwrap().limit, 1);
        assert_eq!(page("limit=100").unwrap().limit, 100);
        for bad in ["limit=0", "limit=101", "limit=-1", "limit=", "limit=x", "limit=99999999999"] {
            assert_eq!(page(bad).err().unwrap().code(), Code::ValidationFailed, "{bad}");
        }
        assert_eq!(ListQuery::read("a=1&limit=5&b=x%20y&cursor=c&limit=6").filters, "a=1&b=x+y&limit=6");
    }

    #[test]
    fn the_answer_links_to_the_next_page() {
        let page = ListQuery::read("status=paid&limit=2").page(list(TENANT, "f", "status=paid"), "/v1/orders").unwrap();
        let reply = page.reply(&[1, 2], Some("2")).unwrap();
        let link = reply.headers()["link"].to_str().unwrap().to_owned();
        let cursor = link.strip_prefix("</v1/orders?status=paid&limit=2&cursor=").unwrap().strip_suffix(">; rel=\"next\"").unwrap();
        let next = ListQuery::read(&format!("status=paid&cursor={cursor}")).page(list(TENANT, "f", "status=paid"), "/").unwrap();
        assert_eq!(next.after.as_deref(), Some("2"));
        assert!(!page.reply(&[1], None).unwrap().headers().contains_key("link"));
    }
}
