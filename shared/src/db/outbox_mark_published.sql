-- Marks messages that the broker has confirmed. $1: tenants and $2: events, pairwise; $3: the moment.
UPDATE outbox AS o
SET published_at = $3
FROM unnest($1::uuid[], $2::uuid[]) AS confirmed (tenant_id, event_id)
WHERE o.tenant_id = confirmed.tenant_id AND o.event_id = confirmed.event_id
