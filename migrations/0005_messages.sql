-- Messages in and out, idempotency records and timers: what makes every write happen exactly once.
-- Locks: nothing that exists.

CREATE TABLE outbox (
    tenant_id     uuid        NOT NULL,
    event_id      uuid        NOT NULL,
    seq           bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    tx            xid8        NOT NULL DEFAULT pg_current_xact_id(),
    order_id      uuid        NOT NULL,
    shard         smallint    NOT NULL,
    exchange      text        NOT NULL,
    routing_key   text        NOT NULL,
    body          bytea       NOT NULL,
    created_at    timestamptz NOT NULL,
    published_at  timestamptz,
    CONSTRAINT outbox_pkey PRIMARY KEY (tenant_id, event_id),
    CONSTRAINT outbox_shard_range CHECK (shard BETWEEN 0 AND 15)
);
COMMENT ON COLUMN outbox.seq IS 'Order of publication within one order. Allotted before commit: never a watermark across orders.';
COMMENT ON COLUMN outbox.tx IS 'With pg_snapshot_xmin it lets a reader resume without losing what commits late.';
COMMENT ON COLUMN outbox.body IS 'The final bytes: one structured-mode CloudEvent.';
CREATE INDEX outbox_unpublished_idx ON outbox (shard, seq) WHERE published_at IS NULL;
CALL secure_table('outbox', 'SELECT, INSERT');
CREATE POLICY relay ON outbox TO orders_relay USING (true) WITH CHECK (true);
GRANT SELECT ON outbox TO orders_relay;
GRANT UPDATE (published_at) ON outbox TO orders_relay;

CREATE TABLE inbox (
    tenant_id    uuid        NOT NULL,
    consumer     text        NOT NULL,
    source       text        NOT NULL,
    message_id   text        NOT NULL,
    received_at  timestamptz NOT NULL,
    CONSTRAINT inbox_pkey PRIMARY KEY (tenant_id, consumer, source, message_id)
);
COMMENT ON TABLE inbox IS 'Messages that took effect, written in the transaction of their effect.';
CALL secure_table('inbox', 'SELECT, INSERT');

CREATE TABLE idempotency_records (
    tenant_id      uuid        NOT NULL,
    function       text        NOT NULL,
    key            text        NOT NULL,
    fingerprint    bytea       NOT NULL,
    answer_sealed  bytea       NOT NULL,
    created_at     timestamptz NOT NULL,
    CONSTRAINT idempotency_records_pkey PRIMARY KEY (tenant_id, function, key)
);
COMMENT ON TABLE idempotency_records IS 'Answers of committed effects, replayed byte for byte for 24 h. The INSERT is the claim.';
CALL secure_table('idempotency_records', 'SELECT, INSERT, UPDATE');

CREATE TABLE timers (
    tenant_id   uuid        NOT NULL,
    kind        text        NOT NULL,
    subject_id  uuid        NOT NULL,
    due_at      timestamptz NOT NULL,
    attempts    integer     NOT NULL DEFAULT 0,
    CONSTRAINT timers_pkey PRIMARY KEY (tenant_id, kind, subject_id),
    CONSTRAINT timers_kind_known CHECK (kind IN ('payment_deadline', 'payment_reconcile'))
);
COMMENT ON TABLE timers IS 'Every deadline is a row: payment_deadline of an order, payment_reconcile of an operation.';
CREATE INDEX timers_due_idx ON timers (due_at);
CALL secure_table('timers', 'SELECT, INSERT, UPDATE, DELETE');
CREATE POLICY relay ON timers TO orders_relay USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON timers TO orders_relay;

CREATE TABLE deferred_messages (
    tenant_id    uuid        NOT NULL,
    id           uuid        NOT NULL,
    consumer     text        NOT NULL,
    source       text        NOT NULL,
    message_id   text        NOT NULL,
    type         text        NOT NULL,
    order_id     uuid,
    class        text        NOT NULL,
    reason       text        NOT NULL,
    body_sealed  bytea       NOT NULL,
    attempts     integer     NOT NULL,
    created_at   timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    CONSTRAINT deferred_messages_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT deferred_messages_message_key UNIQUE (tenant_id, consumer, source, message_id),
    CONSTRAINT deferred_messages_class_known CHECK (class IN ('retry', 'parked'))
);
COMMENT ON TABLE deferred_messages IS 'Messages to be tried again (retry) or waiting for their order to appear (parked).';
CREATE INDEX deferred_messages_due_idx ON deferred_messages (due_at);
CREATE INDEX deferred_messages_parked_idx ON deferred_messages (tenant_id, order_id) WHERE class = 'parked';
CALL secure_table('deferred_messages', 'SELECT, INSERT, UPDATE, DELETE');
CREATE POLICY relay ON deferred_messages TO orders_relay USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON deferred_messages TO orders_relay;

CREATE TABLE dead_letters (
    id            uuid        NOT NULL,
    tenant_id     uuid,
    consumer      text        NOT NULL,
    source        text,
    message_id    text,
    type          text,
    reason_class  text        NOT NULL,
    reason        text        NOT NULL,
    preview       jsonb       NOT NULL,
    body_sealed   bytea       NOT NULL,
    created_at    timestamptz NOT NULL,
    CONSTRAINT dead_letters_pkey PRIMARY KEY (id)
);
COMMENT ON COLUMN dead_letters.tenant_id IS 'NULL: the message names no tenant that we know; only operators see it.';
COMMENT ON COLUMN dead_letters.preview IS 'The message with every value masked: its shape, not its content.';
CREATE INDEX dead_letters_tenant_idx ON dead_letters (tenant_id, created_at);
CALL secure_table('dead_letters', 'SELECT, INSERT');
-- The operator (tenant 0) also owns what has no tenant.
CREATE POLICY operator ON dead_letters TO orders_app
    USING (tenant_id IS NULL AND (SELECT current_setting('app.tenant_id')::uuid) = '00000000-0000-0000-0000-000000000000')
    WITH CHECK (tenant_id IS NULL AND (SELECT current_setting('app.tenant_id')::uuid) = '00000000-0000-0000-0000-000000000000');
CREATE POLICY relay ON dead_letters TO orders_relay USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON dead_letters TO orders_relay;
