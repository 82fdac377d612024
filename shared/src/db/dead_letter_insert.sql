-- Files a message that can never be applied.
-- $1: id; $2: tenant, NULL when the message names none that we know; $3: consumer; $4: source; $5: message id; $6: type;
-- $7: reason class; $8: reason; $9: masked preview; $10: the sealed message; $11: now.
INSERT INTO dead_letters
    (id, tenant_id, consumer, source, message_id, type, reason_class, reason, preview, body_sealed, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
