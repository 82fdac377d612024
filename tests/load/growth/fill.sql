-- Two years of orders with all that belongs to them, the last of them now: what `cargo xtask bench growth` asks questions about.
-- {orders} how many · {tenant} the tenant that is asked about. Run by an administrator, in a database that is migrated and else empty.
--
-- Seven orders of ten are the tenant's, two are another's, and the tenth is of one of twenty small ones. What is asked for is there at every
-- size: a customer with ten orders and one with each hundredth, states of nine orders of ten and of each hundredth, states that only the
-- oldest hundred orders are in, and states that only another tenant's orders are in. What prune-records deletes is not there: answers older
-- than a day, claims of messages older than 14 days, messages older than 30.

-- Foreign keys and the balance of each transaction are triggers: what is made here is right, and checking it takes longer than making it.
SET session_replication_role = replica;
SET synchronous_commit = off;

CREATE FUNCTION pg_temp.uuid_of(what text, n bigint, at timestamptz) RETURNS uuid
LANGUAGE sql STABLE
RETURN (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(what || n), 1, 3)
    || '8' || substr(md5(what || n), 4, 15))::uuid;

-- Every order as its number says: `share` is evenly spread over 0 to 999, `ordinal` counts the tenant's own orders.
CREATE TEMPORARY TABLE plan AS
SELECT
    n,
    CASE
        WHEN n % 10 < 7 THEN '{tenant}'::uuid
        WHEN n % 10 < 9 THEN '00000000-0000-7000-8000-000000000001'::uuid
        ELSE ('00000000-0000-7000-8000-0000000001' || lpad((n / 10 % 20)::text, 2, '0'))::uuid
    END AS tenant_id,
    pg_temp.uuid_of('order', n, at) AS id,
    at,
    kind,
    kind NOT IN ('cancelled', 'rejected', 'failed', 'pending') AS is_paid,
    CASE WHEN share / 10 = 50 THEN 'market' ELSE ((n / 10 * 7 + n % 10) % ({orders} * 7 / 100))::text END AS customer,
    1 + n % 3 AS lines
FROM (
    SELECT n, now() - interval '730 days' * (({orders} - n)::float8 / {orders}) AS at, abs(hashint8extended(n, 0) % 100) * 10 + n % 10 AS share
    FROM generate_series(1, {orders}) AS n
) AS numbered
CROSS JOIN LATERAL (SELECT CASE
    WHEN n <= 100 THEN 'partially_fulfilled'
    WHEN n <= 200 THEN 'requested'
    WHEN n > {orders} * 0.99 THEN 'pending'
    WHEN n % 10 >= 7 AND share < 100 THEN 'failed'
    WHEN share / 10 = 97 THEN 'rejected'
    WHEN share / 10 = 98 THEN 'returned'
    WHEN share / 10 >= 90 THEN 'cancelled'
    ELSE 'completed'
END AS kind) AS kinds;

INSERT INTO orders (
    tenant_id, id, number, external_reference, create_key, create_fingerprint, version, event_sequence, status, payment_status,
    fulfillment_status, return_status, stock_status, stock_attempt, currency, customer_reference, shipping, shipping_tax, discount, total,
    balances, holds, metadata, created_at, updated_at)
SELECT tenant_id, id, n, 'cart-' || n, pg_temp.uuid_of('key', n, at), sha256(n::text::bytea), CASE WHEN is_paid THEN 6 ELSE 2 END,
    CASE WHEN is_paid THEN 8 ELSE 2 END, s.status, s.payment_status, s.fulfillment_status, s.return_status, s.stock_status, 1, 'EUR',
    'cus_' || customer, 990, 0, 0, 990 + lines * 3000,
    CASE WHEN is_paid THEN jsonb_build_object('sales', -990 - lines * 3000, 'captured', 990 + lines * 3000)
        ELSE jsonb_build_object('receivable', 990 + lines * 3000, 'sales', -990 - lines * 3000) END,
    '[]', '{"channel": "web"}', at, at + interval '3 days'
FROM plan
JOIN (VALUES
    ('completed', 'completed', 'paid', 'delivered', 'none', 'committed'),
    ('returned', 'completed', 'partially_refunded', 'delivered', 'returned', 'committed'),
    ('requested', 'completed', 'overpaid', 'delivered', 'requested', 'committed'),
    ('partially_fulfilled', 'processing', 'paid', 'partially_fulfilled', 'none', 'committed'),
    ('cancelled', 'cancelled', 'voided', 'unfulfilled', 'none', 'released'),
    ('rejected', 'rejected', 'unpaid', 'unfulfilled', 'none', 'rejected'),
    ('failed', 'awaiting_payment', 'failed', 'unfulfilled', 'none', 'reserved'),
    ('pending', 'pending', 'pending', 'unfulfilled', 'none', 'requested'))
    AS s (kind, status, payment_status, fulfillment_status, return_status, stock_status) USING (kind)
ORDER BY n;

INSERT INTO order_contacts (tenant_id, order_id, email_normalized, customer, shipping_address)
SELECT tenant_id, id, 'c' || customer || '@example.com',
    jsonb_build_object('reference', 'cus_' || customer, 'email', 'c' || customer || '@example.com', 'name', 'Kim Lee'),
    '{"name": "Kim Lee", "line1": "Main St 1", "postal_code": "1010", "city": "Wien", "country": "AT"}'
FROM plan
ORDER BY n;

INSERT INTO order_lines (
    tenant_id, order_id, id, position, sku, name, unit_price, discount, tax, requires_shipping, metadata, ordered, cancelled, fulfilled,
    shipped, delivered, returned)
SELECT tenant_id, id, pg_temp.uuid_of('line' || place, n, at), place, 'TEA-' || place, 'Green tea', 1250, 0, 500, true, '{}', 2, 0,
    delivered, delivered, delivered, 0
FROM plan, generate_series(0, lines - 1) AS place, LATERAL (SELECT CASE WHEN is_paid THEN 2 ELSE 0 END AS delivered) AS stage
ORDER BY n;

INSERT INTO order_history (tenant_id, order_id, version, action, actor, from_status, to_status, at)
SELECT tenant_id, id, version, 'changed', 'key_00000000000000000000000000000000', 'pending', 'confirmed', at + version * interval '1 hour'
FROM plan, generate_series(1, CASE WHEN is_paid THEN 6 ELSE 2 END) AS version
ORDER BY n;

INSERT INTO ledger (tenant_id, order_id, transaction_id, account, amount, fact, operation_id, at)
SELECT tenant_id, id, pg_temp.uuid_of(fact, n, at), account, sign * (990 + lines * 3000), fact, NULL, at
FROM plan
JOIN (VALUES ('placed', 'receivable', 1), ('placed', 'sales', -1), ('captured', 'captured', 1), ('captured', 'receivable', -1))
    AS postings (fact, account, sign) ON fact = 'placed' OR is_paid
ORDER BY n;

INSERT INTO payments (tenant_id, order_id, id, position, method, capture, amount, created_at)
SELECT tenant_id, id, pg_temp.uuid_of('payment', n, at), 0, 'card', 'automatic', 990 + lines * 3000, at
FROM plan
ORDER BY n;

INSERT INTO payment_operations (
    tenant_id, order_id, payment_id, id, kind, state, amount, settled_amount, provider_reference, reverse_on_success, conflicted, requested_at)
SELECT tenant_id, id, pg_temp.uuid_of('payment', n, at), pg_temp.uuid_of('operation', n, at), 'capture',
    CASE WHEN is_paid THEN 'succeeded' ELSE 'requested' END, 990 + lines * 3000, CASE WHEN is_paid THEN 990 + lines * 3000 END,
    CASE WHEN is_paid THEN 'ch_' || n END, false, false, at
FROM plan
ORDER BY n;

INSERT INTO fulfillments (tenant_id, order_id, id, status, carrier, tracking_number, created_at, updated_at)
SELECT tenant_id, id, pg_temp.uuid_of('fulfillment', n, at), 'delivered', 'post', 'T' || n, at, at
FROM plan
WHERE is_paid
ORDER BY n;

INSERT INTO fulfillment_lines (tenant_id, fulfillment_id, line_id, quantity)
SELECT tenant_id, pg_temp.uuid_of('fulfillment', n, at), pg_temp.uuid_of('line' || place, n, at), 2
FROM plan, generate_series(0, lines - 1) AS place
WHERE is_paid
ORDER BY n;

-- What is not kept for ever.
SELECT outbox_add_weeks(now() - interval '6 weeks', now());
INSERT INTO outbox (tenant_id, event_id, order_id, shard, exchange, routing_key, body, created_at, published_at)
SELECT tenant_id, pg_temp.uuid_of('event' || event, n, at), id, n % 16, 'orders.events', 'order.changed', decode(repeat('ab', 1000), 'hex'), at, at
FROM plan, generate_series(1, 6) AS event
WHERE at > now() - interval '30 days'
ORDER BY n;
INSERT INTO inbox (tenant_id, consumer, source, message_id, received_at)
SELECT tenant_id, 'on-payment-event', '/payments', pg_temp.uuid_of('message' || message, n, at), at
FROM plan, generate_series(1, 3) AS message
WHERE at > now() - interval '14 days'
ORDER BY n;
INSERT INTO idempotency_records (tenant_id, function, key, fingerprint, answer_sealed, created_at)
SELECT tenant_id, 'create-order', pg_temp.uuid_of('key', n, at), sha256(n::text::bytea), decode(repeat('ab', 1600), 'hex'), at
FROM plan
WHERE at > now() - interval '1 day'
ORDER BY n;
INSERT INTO timers (tenant_id, kind, subject_id, due_at)
SELECT tenant_id, 'payment_deadline', id, now() + interval '1 day'
FROM plan
WHERE kind = 'pending'
ORDER BY n;

INSERT INTO order_numbers (tenant_id, next) VALUES ('{tenant}', {orders} + 1)
ON CONFLICT (tenant_id) DO UPDATE SET next = excluded.next;

DROP TABLE plan;
RESET session_replication_role;
RESET synchronous_commit;

-- What autovacuum would look at while something is measured would be counted as if a request had.
DO $$
DECLARE
    filled regclass;
BEGIN
    FOR filled IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', filled);
    END LOOP;
END
$$;
