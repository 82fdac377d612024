-- Marks messages that the broker has confirmed. $1: tenants and $2: events, pairwise; $3: the moment.
-- It waits for no disk: a mark that a crash of PostgreSQL takes away means a message that goes out twice, which is allowed.
WITH durability AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true) AS setting
)
UPDATE outbox AS o
SET published_at = $3
FROM durability, unnest($1::uuid[], $2::uuid[]) AS confirmed (tenant_id, event_id)
WHERE o.tenant_id = confirmed.tenant_id AND o.event_id = confirmed.event_id AND durability.setting = 'off'
