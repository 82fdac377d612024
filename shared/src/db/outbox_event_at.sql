-- Whether a tenant has an event at a position that was written at a moment or later. $1: tenant; $2: transaction; $3: number; $4: the moment.
SELECT EXISTS (
    SELECT FROM outbox
    WHERE tenant_id = $1 AND exchange = 'orders.events' AND republishes IS NULL AND tx = $2::text::xid8 AND seq = $3 AND created_at >= $4
)
