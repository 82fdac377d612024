//! Scopes: what an API key may do.

use super::text_enum::text_enum;

text_enum! {
    /// One scope.
    Permission {
        /// Place and change orders.
        OrdersWrite = "orders:write",
        /// Read orders and their history.
        OrdersRead = "orders:read",
        /// Cancel orders.
        OrdersCancel = "orders:cancel",
        /// Import orders in bulk.
        OrdersImport = "orders:import",
        /// Add, capture and void payments.
        PaymentsWrite = "payments:write",
        /// Read payments, operations and ledgers.
        PaymentsRead = "payments:read",
        /// Give money back.
        PaymentsRefund = "payments:refund",
        /// Manage API keys.
        KeysWrite = "keys:write",
        /// Manage tenants.
        Admin = "admin",
        /// See what a person must settle.
        OpsRead = "ops:read",
        /// Settle it.
        OpsWrite = "ops:write",
    }
}
