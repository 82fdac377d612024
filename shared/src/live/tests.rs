//! What a stream does in silence, at its end and with a slow reader. Time is tokio's own here, so that minutes take none; what is read from
//! PostgreSQL is tested from outside (`tests/it/stream_orders.rs`).
