-- Files a message that can never be applied. While a letter of the same bytes is open, that one counts it and tells the newest reason; the
-- row, its preview and its sealed body stay.
-- $1: id; $2: tenant, NULL when the message names none that we know; $3: consumer; $4: source; $5: message id; $6: type;
-- $7: reason class; $8: reason; $9: masked preview; $10: the sealed message; $11: SHA-256 of the message; $12: now.
INSERT INTO dead_letters
    (id, tenant_id, consumer, source, message_id, type, reason_class, reason, preview, body_sealed, body_digest, created_at, last_seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
ON CONFLICT (tenant_id, consumer, body_digest) WHERE state = 'open' AND body_digest IS NOT NULL DO UPDATE
SET occurrences = dead_letters.occurrences + 1,
    reason_class = excluded.reason_class,
    reason = excluded.reason,
    last_seen_at = excluded.last_seen_at
