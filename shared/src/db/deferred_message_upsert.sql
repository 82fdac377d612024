-- Defers a message; one that is deferred already keeps its row, its body and its schedule, and is due no later than it would be anew.
-- $1: tenant; $2: id of a new row; $3: consumer; $4: source; $5: message id; $6: type; $7: order, if known; $8: class (retry, parked);
-- $9: reason; $10: the sealed message; $11: now; $12: when it is due.
INSERT INTO deferred_messages
    (tenant_id, id, consumer, source, message_id, type, order_id, class, reason, body_sealed, attempts, created_at, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $12)
ON CONFLICT ON CONSTRAINT deferred_messages_message_key DO UPDATE
SET due_at = least(deferred_messages.due_at, excluded.due_at)
