-- Saves a changed order: its state and everything that commits with it, in one statement of an open tenant transaction. The order's
-- row is locked already.
--
-- $1–$64 as in order_create.sql ($1 is bound for that numbering; row-level security supplies the tenant) · $65–$71 line counters ·
-- $72–$73 timers to clear · $74 payments whose token is spent · $75–$80 new payments · $81–$83 the claimed idempotency key and its
-- answer, NULL for a change that is no answer to a request.
WITH changed AS (
    UPDATE orders SET
        version = $54,
        event_sequence = $55,
        status = $56,
        payment_status = $57,
        fulfillment_status = $58,
        return_status = $59,
        stock_status = $60,
        stock_attempt = $61,
        balances = $62::jsonb,
        updated_at = $63,
        shipping_refunded = $64
    WHERE tenant_id = $1 AND id = $2
    RETURNING tenant_id, id
),
lines AS (
    UPDATE order_lines AS l SET
        cancelled = n.cancelled,
        fulfilled = n.fulfilled,
        shipped = n.shipped,
        delivered = n.delivered,
        returned = n.returned,
        refunded = n.refunded
    FROM changed, unnest($65::uuid[], $66::bigint[], $67::bigint[], $68::bigint[], $69::bigint[], $70::bigint[], $71::bigint[])
        AS n (id, cancelled, fulfilled, shipped, delivered, returned, refunded)
    WHERE l.tenant_id = changed.tenant_id AND l.order_id = changed.id AND l.id = n.id
        AND (l.cancelled, l.fulfilled, l.shipped, l.delivered, l.returned, l.refunded)
            IS DISTINCT FROM (n.cancelled, n.fulfilled, n.shipped, n.delivered, n.returned, n.refunded)
),
cleared AS (
    DELETE FROM timers AS t
    USING changed, unnest($72::text[], $73::uuid[]) AS c (kind, subject_id)
    WHERE t.tenant_id = changed.tenant_id AND t.kind = c.kind AND t.subject_id = c.subject_id
),
spent AS (
    UPDATE payments AS p SET token_sealed = NULL
    FROM changed
    WHERE p.tenant_id = changed.tenant_id AND p.id = ANY ($74::uuid[]) AND p.token_sealed IS NOT NULL
),
tenders AS (
    INSERT INTO payments (tenant_id, order_id, id, position, method, capture, amount, token_sealed, created_at)
    SELECT changed.tenant_id, changed.id, p.id, p.position, p.method, p.capture, p.amount, p.token_sealed, $10
    FROM changed, unnest($75::uuid[], $76::integer[], $77::text[], $78::text[], $79::bigint[], $80::bytea[])
        AS p (id, position, method, capture, amount, token_sealed)
),
answered AS (
    UPDATE idempotency_records AS r SET answer_sealed = $83
    FROM changed
    WHERE r.tenant_id = changed.tenant_id AND r.function = $81 AND r.key = $82
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
SELECT count(*) AS saved FROM changed
