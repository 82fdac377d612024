\set r random(1, 9000000000000000000)
BEGIN;
SELECT set_config('app.tenant_id', '{tenant}', true);
INSERT INTO idempotency_records (tenant_id, function, key, fingerprint, answer_sealed, created_at)
VALUES ('{tenant}', 'create-order', {r}::text, '\x00', decode(repeat('ab', 1500), 'hex'), clock_timestamp()) ON CONFLICT DO NOTHING;
INSERT INTO orders (
    tenant_id, id, number, external_reference, create_key, create_fingerprint, version, event_sequence, status, payment_status,
    fulfillment_status, return_status, stock_status, stock_attempt, currency, customer_reference, shipping, shipping_tax, discount, total,
    balances, holds, metadata, created_at, updated_at)
VALUES ('{tenant}', lpad(to_hex({r}), 32, '0')::uuid, {r}, 'ref-' || {r}, {r}::text, '\x00', 1, 1, 'pending', 'pending', 'unfulfilled', 'none',
    'requested', 1, 'EUR', 'cus_77', 490, 0, 0, 9990, '{"receivable": 9990, "sales": -9990}', '[]', '{"channel": "web"}',
    clock_timestamp(), clock_timestamp());
WITH contact AS (
    INSERT INTO order_contacts (tenant_id, order_id, email_normalized, customer, shipping_address)
    VALUES ('{tenant}', lpad(to_hex({r}), 32, '0')::uuid, 'kim@example.com', '{"email": "kim@example.com", "name": "Kim Lee"}',
        '{"name": "Kim Lee", "line1": "Main St 1", "postal_code": "1010", "city": "Wien", "country": "AT"}'))
INSERT INTO order_lines (
    tenant_id, order_id, id, position, sku, name, unit_price, discount, tax, requires_shipping, metadata, ordered, cancelled, fulfilled,
    shipped, delivered, returned)
SELECT '{tenant}', lpad(to_hex({r}), 32, '0')::uuid, gen_random_uuid(), n, 'TEA-' || n, 'Green tea', 1250, 0, 500, true, '{}', 2, 0, 0, 0, 0, 0
FROM generate_series(1, 3) AS n;
WITH tender AS (
    INSERT INTO payments (tenant_id, order_id, id, position, method, capture, amount, token_sealed, created_at)
    VALUES ('{tenant}', lpad(to_hex({r}), 32, '0')::uuid, lpad(to_hex({r}), 32, '1')::uuid, 0, 'card', 'automatic', 9990,
        decode(repeat('ab', 40), 'hex'), clock_timestamp())),
operation AS (
    INSERT INTO payment_operations (
        tenant_id, order_id, payment_id, id, kind, state, amount, reverse_on_success, conflicted, requested_at)
    VALUES ('{tenant}', lpad(to_hex({r}), 32, '0')::uuid, lpad(to_hex({r}), 32, '1')::uuid, gen_random_uuid(), 'capture', 'requested', 9990,
        false, false, clock_timestamp())),
history AS (
    INSERT INTO order_history (tenant_id, order_id, version, action, actor, to_status, correlation_id, at)
    VALUES ('{tenant}', lpad(to_hex({r}), 32, '0')::uuid, 1, 'created', 'key', 'pending', {r}::text, clock_timestamp()))
INSERT INTO ledger (tenant_id, order_id, transaction_id, account, amount, fact, at)
SELECT '{tenant}', lpad(to_hex({r}), 32, '0')::uuid, lpad(to_hex({r}), 32, '2')::uuid, e.account, e.amount, 'placed', clock_timestamp()
FROM (VALUES ('receivable', 9990), ('sales', -9990)) AS e (account, amount);
WITH deadlines AS (
    INSERT INTO timers (tenant_id, kind, subject_id, due_at)
    SELECT '{tenant}', k, gen_random_uuid(), clock_timestamp() FROM unnest(ARRAY['payment_deadline', 'payment_reconcile']) AS k)
INSERT INTO outbox (tenant_id, event_id, order_id, shard, exchange, routing_key, body, created_at)
SELECT '{tenant}', gen_random_uuid(), lpad(to_hex({r}), 32, '0')::uuid, ({r} % 16)::smallint, 'orders.events', 'order.created',
    decode(repeat('ab', 900), 'hex'), clock_timestamp()
FROM generate_series(1, 3);
COMMIT;
