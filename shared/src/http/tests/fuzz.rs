//! Bodies of `create-order` of anybody's making, on their way from bytes to an order that may exist.

use uuid::Uuid;

use crate::{
    domain::{
        ids::{NewIds, TenantId},
        money::Amount,
        order::{
            place::{Placement, place},
            request::{NewOrder, OrderRequest},
        },
        policy::TenantPolicy,
        timestamp::Timestamp,
    },
    fuzz::{changed, changes, fuzz},
    http::{json_shape, strict_json},
};

const ORDER: &str = r#"{"external_reference":"r-1","currency":"EUR","customer":{"reference":"cus_77","email":"kim@example.com"},
"shipping_address":{"name":"Kim Lee","line1":"Main St 1","postal_code":"1010","city":"Wien","country":"AT"},
"lines":[{"sku":"TEA-1","name":"Green tea","quantity":2,"unit_price":1250,"discount":10,"tax":500,"metadata":{"a":[1.5,null]}},
{"sku":"EBOOK-1","name":"On tea","quantity":1,"unit_price":990,"requires_shipping":false}],"shipping":490,"shipping_tax":98,
"discount":100,"payments":[{"method":"card","token":"tok_visa","amount":4458,"capture":"automatic"}],"metadata":{"channel":"web"}}"#;

const WORDS: &str = r#"{ } [ ] , : " \ \u0000 \ud800 null true 0 -1 1.5 1e400 9007199254740991 9007199254740992 9223372036854775807 18446744073709551616 1000000 "lines": "quantity": "amount": "EUR" "JPY" "manual" é"#;

struct Counter(u128);

impl NewIds for Counter {
    fn next_uuid(&mut self) -> Uuid {
        self.0 += 1;
        Uuid::from_u128(self.0)
    }
}

#[test]
fn fuzz_order_body() {
    fuzz(changes(), |changes| {
        let body = changed(ORDER.as_bytes(), &changes, WORDS);
        let Ok(document) = strict_json::parse(&body) else { return };
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap(), document, "strict is a part of JSON");
        let Ok(request) = json_shape::read::<OrderRequest>(&document) else { return };
        let (policy, mut ids) = (TenantPolicy::default(), Counter(0));
        let new = match NewOrder::parse(request, &policy, &mut ids) {
            Ok(new) => new,
            Err(errors) => return assert!(!errors.is_empty(), "a refusal without a reason"),
        };
        let total = new.total();
        assert!((Amount::ZERO..=Amount::MAX).contains(&total), "{total}");
        let placement = Placement { tenant: TenantId::OPERATOR, number: 1, policy: &policy, now: Timestamp::from_microsecond(0) };
        if let Ok(draft) = place(new, &placement, &mut ids) {
            draft.finish();
        }
    });
}

#[test]
fn the_target_starts_from_an_order_that_can_be_placed() {
    let document = strict_json::parse(ORDER.as_bytes()).unwrap();
    let request = json_shape::read::<OrderRequest>(&document).unwrap();
    let (policy, mut ids) = (TenantPolicy::default(), Counter(0));
    let new = NewOrder::parse(request, &policy, &mut ids).unwrap();
    let placement = Placement { tenant: TenantId::OPERATOR, number: 1, policy: &policy, now: Timestamp::from_microsecond(0) };
    assert!(place(new, &placement, &mut ids).is_ok());
}
