-- create-order: claim, order, lines, history, ledger, payments, outbox and answer in one autocommit statement.
--
-- The tenant is set first, by a MATERIALIZED CTE that every arm hangs on, so that row-level security holds in each of them. A lost
-- claim writes nothing and returns false: the caller then reads the stored record in a new, younger statement.
--
-- $1 tenant, $2 order · $3–$7 history, $8 actor, $9 correlation id, $10 now · $11–$15 ledger · $16–$19 outbox, $20 shard ·
-- $21–$39 operations · $40–$49 fulfilments · $50–$52 timers · $54–$64 the order's state (these are the parameters of order_save.sql
-- too) · $65–$68 claim · $69–$80 the order · $81–$84 contact · $85–$95 lines · $96–$101 payments.
WITH tenant AS MATERIALIZED (
    SELECT set_config('app.tenant_id', $1::uuid::text, true)
),
claim AS (
    INSERT INTO idempotency_records (tenant_id, function, key, fingerprint, answer_sealed, created_at)
    SELECT $1, $65, $66, $67, $68, $10 FROM tenant
    ON CONFLICT DO NOTHING
    RETURNING tenant_id
),
changed AS (
    INSERT INTO orders (
        tenant_id, id, version, event_sequence, status, payment_status, fulfillment_status, return_status, stock_status, stock_attempt,
        balances, updated_at, shipping_refunded, number, external_reference, create_key, create_fingerprint, currency, customer_reference, shipping,
        shipping_tax, discount, total, holds, metadata, created_at)
    SELECT claim.tenant_id, $2, $54, $55, $56, $57, $58, $59, $60, $61, $62::jsonb, $63, $64,
        $69, $70, $71, $72, $73, $74, $75, $76, $77, $78, $79::jsonb, $80::jsonb, $10
    FROM claim
    RETURNING tenant_id, id
),
contact AS (
    INSERT INTO order_contacts (tenant_id, order_id, email_normalized, customer, shipping_address, billing_address)
    SELECT changed.tenant_id, changed.id, $81, $82::jsonb, $83::jsonb, $84::jsonb
    FROM changed
),
lines AS (
    INSERT INTO order_lines (
        tenant_id, order_id, id, position, sku, name, unit_price, discount, tax, requires_shipping, metadata, ordered, cancelled,
        fulfilled, shipped, delivered, returned)
    SELECT changed.tenant_id, changed.id, l.id, l.position - 1, l.sku, l.name, l.unit_price, l.discount, l.tax, l.requires_shipping,
        l.metadata::jsonb, l.ordered, l.cancelled, l.fulfilled, 0, 0, 0
    FROM changed, unnest(
        $85::uuid[], $86::text[], $87::text[], $88::bigint[], $89::bigint[], $90::bigint[], $91::boolean[], $92::text[], $93::bigint[],
        $94::bigint[], $95::bigint[])
        WITH ORDINALITY
        AS l (id, sku, name, unit_price, discount, tax, requires_shipping, metadata, ordered, cancelled, fulfilled, position)
),
tenders AS (
    INSERT INTO payments (tenant_id, order_id, id, position, method, capture, amount, token_sealed, created_at)
    SELECT changed.tenant_id, changed.id, p.id, p.position, p.method, p.capture, p.amount, p.token_sealed, $10
    FROM changed, unnest($96::uuid[], $97::integer[], $98::text[], $99::text[], $100::bigint[], $101::bytea[])
        AS p (id, position, method, capture, amount, token_sealed)
),
awaited AS (
    UPDATE deferred_messages AS d SET due_at = $10 -- news of this order that came before it
    FROM changed
    WHERE d.tenant_id = changed.tenant_id AND d.order_id = changed.id AND d.class = 'parked'
),
history AS (
    INSERT INTO order_history (tenant_id, order_id, version, action, actor, from_status, to_status, reason, correlation_id, at)
    SELECT changed.tenant_id, changed.id, h.version, h.action, $8, h.from_status, h.to_status, h.reason, $9, $10
    FROM changed, unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[])
        AS h (version, action, from_status, to_status, reason)
),
posted AS (
    INSERT INTO ledger (tenant_id, order_id, transaction_id, account, amount, fact, operation_id, at)
    SELECT changed.tenant_id, changed.id, p.transaction_id, p.account, p.amount, p.fact, p.operation_id, $10
    FROM changed, unnest($11::uuid[], $12::text[], $13::bigint[], $14::text[], $15::uuid[])
        AS p (transaction_id, account, amount, fact, operation_id)
),
published AS (
    INSERT INTO outbox (tenant_id, event_id, order_id, shard, exchange, routing_key, body, created_at)
    SELECT changed.tenant_id, m.event_id, changed.id, $20, m.exchange, m.routing_key, m.body, $10
    FROM changed, unnest($16::uuid[], $17::text[], $18::text[], $19::bytea[])
        WITH ORDINALITY AS m (event_id, exchange, routing_key, body, position)
    ORDER BY m.position -- seq is the order of publication
),
operations AS (
    INSERT INTO payment_operations (
        tenant_id, order_id, id, payment_id, kind, state, amount, settled_amount, provider_reference, failure_code, failure_message,
        next_action, reverse_on_success, conflicted, requested_at, sent_at, settled_at, attention, granted, is_final, undone_at)
    SELECT changed.tenant_id, changed.id, o.id, o.payment_id, o.kind, o.state, o.amount, o.settled_amount, o.provider_reference,
        o.failure_code, o.failure_message, o.next_action::jsonb, o.reverse_on_success, o.conflicted, o.requested_at, o.sent_at,
        o.settled_at, o.attention, o.granted, o.is_final, o.undone_at
    FROM changed, unnest(
        $21::uuid[], $22::uuid[], $23::text[], $24::text[], $25::bigint[], $26::bigint[], $27::text[], $28::text[], $29::text[],
        $30::text[], $31::boolean[], $32::boolean[], $33::timestamptz[], $34::timestamptz[], $35::timestamptz[],
        $36::text[], $37::bigint[], $38::boolean[], $39::timestamptz[])
        AS o (id, payment_id, kind, state, amount, settled_amount, provider_reference, failure_code, failure_message, next_action,
              reverse_on_success, conflicted, requested_at, sent_at, settled_at, attention, granted, is_final, undone_at)
    ON CONFLICT (tenant_id, id) DO UPDATE SET
        state = excluded.state,
        settled_amount = excluded.settled_amount,
        provider_reference = excluded.provider_reference,
        failure_code = excluded.failure_code,
        failure_message = excluded.failure_message,
        next_action = excluded.next_action,
        reverse_on_success = excluded.reverse_on_success,
        conflicted = excluded.conflicted,
        sent_at = excluded.sent_at,
        settled_at = excluded.settled_at,
        attention = excluded.attention,
        undone_at = excluded.undone_at
),
fulfilments AS (
    INSERT INTO fulfillments (
        tenant_id, order_id, id, status, carrier, tracking_number, tracking_url, created_at, cancel_requested, updated_at)
    SELECT changed.tenant_id, changed.id, f.id, f.status, f.carrier, f.tracking_number, f.tracking_url, f.created_at,
        f.cancel_requested, $10
    FROM changed, unnest($40::uuid[], $41::text[], $42::text[], $43::text[], $44::text[], $45::timestamptz[], $46::boolean[])
        AS f (id, status, carrier, tracking_number, tracking_url, created_at, cancel_requested)
    ON CONFLICT (tenant_id, id) DO UPDATE SET
        status = excluded.status,
        carrier = excluded.carrier,
        tracking_number = excluded.tracking_number,
        tracking_url = excluded.tracking_url,
        cancel_requested = excluded.cancel_requested,
        updated_at = excluded.updated_at
),
fulfilment_parts AS (
    INSERT INTO fulfillment_lines (tenant_id, fulfillment_id, line_id, quantity)
    SELECT changed.tenant_id, p.fulfillment_id, p.line_id, p.quantity
    FROM changed, unnest($47::uuid[], $48::uuid[], $49::bigint[]) AS p (fulfillment_id, line_id, quantity)
    ON CONFLICT DO NOTHING
),
deadlines AS (
    INSERT INTO timers (tenant_id, kind, subject_id, due_at, attempts)
    SELECT changed.tenant_id, t.kind, t.subject_id, t.due_at, t.attempts
    FROM changed, unnest($50::text[], $51::uuid[], $52::timestamptz[], $53::integer[])
        AS t (kind, subject_id, due_at, attempts)
    ON CONFLICT (tenant_id, kind, subject_id) DO UPDATE SET due_at = excluded.due_at, attempts = excluded.attempts
)
SELECT EXISTS (SELECT FROM claim) AS claimed
