-- The causes of dead letters, the one that appeared last first: its oldest letter is its place, so that a cause keeps it however many more
-- letters come. The operator, to whom a policy shows the letters of all tenants and of none, names no tenant.
-- $1–$8 as in dead_letter_list_page.sql; $9: causes whose oldest letter is older than this one, or NULL; $10: limit.
SELECT json_build_object(
    'first_id', min(id::text COLLATE "C"), 'example_id', max(id::text COLLATE "C"), 'consumer', consumer, 'type', type,
    'reason_class', reason_class, 'reason', reason, 'count', count(*), 'occurrences', sum(occurrences),
    'first_seen_at', min(created_at), 'last_seen_at', max(coalesce(last_seen_at, created_at))) AS document
FROM dead_letters
WHERE ($1::uuid IS NULL OR tenant_id = $1)
    AND state = $2
    AND ($3::text IS NULL OR consumer = $3)
    AND ($4::text IS NULL OR type = $4)
    AND ($5::text IS NULL OR reason_class = $5)
    AND ($6::text IS NULL OR reason = $6)
    AND ($7::timestamptz IS NULL OR created_at >= $7)
    AND ($8::timestamptz IS NULL OR created_at < $8)
GROUP BY consumer, type, reason_class, reason
HAVING $9::uuid IS NULL OR min(id::text COLLATE "C")::uuid < $9
ORDER BY min(id::text COLLATE "C") DESC
LIMIT $10
