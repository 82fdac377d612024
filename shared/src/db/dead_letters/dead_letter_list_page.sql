-- A page of dead letters, newest first, without their messages: the shape of db::dead_letters. The operator, to whom a policy shows those of
-- all tenants and of none, names no tenant.
-- $1: tenant or NULL; $2: state; then each, if it is not NULL, must fit: $3: consumer; $4: type; $5: class; $6: reason; $7: filed at this
-- moment or later; $8: filed before this one. $9: older than this letter or NULL; $10: limit.
SELECT json_build_object(
    'id', id, 'tenant_id', tenant_id, 'consumer', consumer, 'source', source, 'message_id', message_id, 'type', type,
    'reason_class', reason_class, 'reason', reason, 'preview', preview, 'state', state, 'occurrences', occurrences,
    'created_at', created_at, 'last_seen_at', coalesce(last_seen_at, created_at), 'settled_at', settled_at) AS document
FROM dead_letters
WHERE ($1::uuid IS NULL OR tenant_id = $1)
    AND state = $2
    AND ($3::text IS NULL OR consumer = $3)
    AND ($4::text IS NULL OR type = $4)
    AND ($5::text IS NULL OR reason_class = $5)
    AND ($6::text IS NULL OR reason = $6)
    AND ($7::timestamptz IS NULL OR created_at >= $7)
    AND ($8::timestamptz IS NULL OR created_at < $8)
    AND ($9::uuid IS NULL OR id < $9)
ORDER BY id DESC
LIMIT $10
