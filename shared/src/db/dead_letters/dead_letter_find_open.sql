-- Where the open letters belong that fit, the oldest first. The operator, to whom a policy shows those of all tenants and of none, names no
-- tenant.
-- $1–$8 as in dead_letter_list_page.sql; $9: newer than this letter or NULL; $10: limit.
SELECT id, tenant_id FROM dead_letters
WHERE ($1::uuid IS NULL OR tenant_id = $1)
    AND state = $2
    AND ($3::text IS NULL OR consumer = $3)
    AND ($4::text IS NULL OR type = $4)
    AND ($5::text IS NULL OR reason_class = $5)
    AND ($6::text IS NULL OR reason = $6)
    AND ($7::timestamptz IS NULL OR created_at >= $7)
    AND ($8::timestamptz IS NULL OR created_at < $8)
    AND ($9::uuid IS NULL OR id > $9)
ORDER BY id
LIMIT $10
