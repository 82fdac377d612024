-- Orders, the personal data of each, their lines and their history.
-- Money is bigint minor units; states are text with a CHECK, because text comparisons are leakproof and enum ones are not:
-- under row-level security only leakproof conditions can use an index.
-- Locks: nothing that exists.

CREATE TABLE orders (
    tenant_id           uuid        NOT NULL,
    id                  uuid        NOT NULL,
    number              bigint      NOT NULL,
    external_reference  text,
    create_key          text        NOT NULL,
    create_fingerprint  bytea       NOT NULL,
    version             bigint      NOT NULL,
    event_sequence      bigint      NOT NULL,
    status              text        NOT NULL,
    payment_status      text        NOT NULL,
    fulfillment_status  text        NOT NULL,
    return_status       text        NOT NULL,
    stock_status        text        NOT NULL,
    stock_attempt       integer     NOT NULL,
    currency            text        NOT NULL,
    customer_reference  text,
    shipping            bigint      NOT NULL,
    shipping_tax        bigint      NOT NULL,
    discount            bigint      NOT NULL,
    total               bigint      NOT NULL,
    balances            jsonb       NOT NULL,
    holds               jsonb       NOT NULL,
    metadata            jsonb       NOT NULL,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    CONSTRAINT orders_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT orders_number_key UNIQUE (tenant_id, number),
    CONSTRAINT orders_external_reference_key UNIQUE (tenant_id, external_reference),
    CONSTRAINT orders_create_key_key UNIQUE (tenant_id, create_key),
    CONSTRAINT orders_version_positive CHECK (version >= 1),
    CONSTRAINT orders_total_range CHECK (total BETWEEN 0 AND 9007199254740991),
    CONSTRAINT orders_status_known CHECK (status IN (
        'pending', 'awaiting_payment', 'confirmed', 'processing', 'completed', 'cancelling', 'cancelled', 'expired', 'rejected')),
    CONSTRAINT orders_payment_status_known CHECK (payment_status IN (
        'not_required', 'voided', 'refunded', 'partially_refunded', 'overpaid', 'paid', 'partially_paid', 'authorized',
        'partially_authorized', 'pending', 'failed', 'unpaid')),
    CONSTRAINT orders_fulfillment_status_known CHECK (fulfillment_status IN (
        'not_required', 'unfulfilled', 'partially_fulfilled', 'fulfilled', 'partially_shipped', 'shipped', 'partially_delivered', 'delivered')),
    CONSTRAINT orders_return_status_known CHECK (return_status IN ('none', 'requested', 'partially_returned', 'returned')),
    CONSTRAINT orders_stock_status_known CHECK (stock_status IN (
        'off', 'requested', 'reserved', 'committing', 'committed', 'rejected', 'expired', 'releasing', 'released'))
);
COMMENT ON TABLE orders IS 'One row an order: what is decided, and the statuses derived from its ledger and quantities. No personal data.';
COMMENT ON COLUMN orders.create_key IS 'The Idempotency-Key of its creation, kept for ever: one order per (tenant, key).';
COMMENT ON COLUMN orders.event_sequence IS 'Number of order.* events so far: the dense sequence its consumers see.';
COMMENT ON COLUMN orders.balances IS 'domain::payments::ledger::Balances: the balance of every account, equal to the sums of its ledger rows.';
-- No foreign key to tenants: each order would lock the one tenant row, and a tenant is never deleted.
CREATE INDEX orders_status_idx ON orders (tenant_id, status, id);
CREATE INDEX orders_payment_status_idx ON orders (tenant_id, payment_status, id);
CREATE INDEX orders_fulfillment_status_idx ON orders (tenant_id, fulfillment_status, id);
CREATE INDEX orders_return_status_idx ON orders (tenant_id, return_status, id) WHERE return_status <> 'none';
CREATE INDEX orders_customer_reference_idx ON orders (tenant_id, customer_reference, id) WHERE customer_reference IS NOT NULL;
CALL secure_table('orders', 'SELECT, INSERT, UPDATE');

CREATE TABLE order_contacts (
    tenant_id         uuid  NOT NULL,
    order_id          uuid  NOT NULL,
    email_normalized  text,
    customer          jsonb NOT NULL,
    shipping_address  jsonb,
    billing_address   jsonb,
    CONSTRAINT order_contacts_pkey PRIMARY KEY (tenant_id, order_id),
    CONSTRAINT order_contacts_order_fkey FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id)
);
COMMENT ON TABLE order_contacts IS 'The personal data of an order. Beside it only the outbox has some: the address in shipping.request, until its rows are pruned.';
CREATE INDEX order_contacts_email_idx ON order_contacts (tenant_id, email_normalized, order_id) WHERE email_normalized IS NOT NULL;
CALL secure_table('order_contacts', 'SELECT, INSERT, UPDATE');

CREATE TABLE order_lines (
    tenant_id          uuid    NOT NULL,
    order_id           uuid    NOT NULL,
    id                 uuid    NOT NULL,
    position           integer NOT NULL,
    sku                text    NOT NULL,
    name               text    NOT NULL,
    unit_price         bigint  NOT NULL,
    discount           bigint  NOT NULL,
    tax                bigint  NOT NULL,
    requires_shipping  boolean NOT NULL,
    metadata           jsonb   NOT NULL,
    ordered            bigint  NOT NULL,
    cancelled          bigint  NOT NULL,
    fulfilled          bigint  NOT NULL,
    shipped            bigint  NOT NULL,
    delivered          bigint  NOT NULL,
    returned           bigint  NOT NULL,
    CONSTRAINT order_lines_pkey PRIMARY KEY (tenant_id, order_id, id),
    CONSTRAINT order_lines_order_fkey FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id),
    CONSTRAINT order_lines_ordered_positive CHECK (ordered >= 1),
    CONSTRAINT order_lines_allotted CHECK (ordered >= cancelled + fulfilled),
    CONSTRAINT order_lines_stages CHECK (
        cancelled >= 0 AND fulfilled >= shipped AND shipped >= delivered AND delivered >= returned AND returned >= 0)
);
COMMENT ON TABLE order_lines IS 'A price snapshot and the quantity counters of each stage.';
CALL secure_table('order_lines', 'SELECT, INSERT, UPDATE');

CREATE TABLE order_history (
    tenant_id       uuid        NOT NULL,
    order_id        uuid        NOT NULL,
    version         bigint      NOT NULL,
    action          text        NOT NULL,
    actor           text        NOT NULL,
    from_status     text,
    to_status       text        NOT NULL,
    reason          text,
    correlation_id  text,
    at              timestamptz NOT NULL,
    CONSTRAINT order_history_pkey PRIMARY KEY (tenant_id, order_id, version),
    CONSTRAINT order_history_order_fkey FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id)
);
COMMENT ON TABLE order_history IS 'One row a version: who changed what, when, why. Append-only; names of things, never personal values.';
CALL secure_table('order_history', 'SELECT, INSERT');
