//! The list of every function crate.

use shared::runtime::Functions;

/// Every function there is, in the order of the catalog.
pub fn all() -> Functions {
    Functions {
        http: vec![
            api_docs::function(),
            cancel_order::function(),
            capture_payment::function(),
            create_api_key::function(),
            create_order::function(),
            create_payment::function(),
            create_session::function(),
            create_tenant::function(),
            discard_dead_letters::function(),
            export_orders::function(),
            get_ledger::function(),
            get_order::function(),
            get_order_history::function(),
            get_tenant::function(),
            import_orders::function(),
            list_api_keys::function(),
            list_dead_letters::function(),
            list_orders::function(),
            list_payment_operations::function(),
            list_payments::function(),
            receive_payment_webhook::function(),
            refund_order::function(),
            replay_dead_letters::function(),
            republish_events::function(),
            resolve_payment_operation::function(),
            revoke_api_key::function(),
            revoke_session::function(),
            rotate_api_key::function(),
            stream_order::function(),
            stream_orders::function(),
            update_tenant::function(),
            void_payment::function(),
            wait_order::function(),
        ],
        consumers: vec![
            on_dead_letter::function(),
            on_inventory_event::function(),
            on_order_event::function(),
            on_payment_event::function(),
            on_shipment_event::function(),
            send_payment_operation::function(),
        ],
        jobs: vec![
            audit_ledger::function(),
            expire_orders::function(),
            migrate::function(),
            outbox_relay::function(),
            prune_records::function(),
            reconcile_payments::function(),
            retry_deferred_messages::function(),
        ],
    }
}
