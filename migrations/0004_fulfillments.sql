-- Fulfilments: what a shipping partner was asked to deliver, and how far it has come.
-- Locks: nothing that exists.

CREATE TABLE fulfillments (
    tenant_id        uuid        NOT NULL,
    order_id         uuid        NOT NULL,
    id               uuid        NOT NULL,
    status           text        NOT NULL,
    carrier          text,
    tracking_number  text,
    tracking_url     text,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    CONSTRAINT fulfillments_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT fulfillments_order_fkey FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id),
    CONSTRAINT fulfillments_status_known CHECK (status IN (
        'requested', 'accepted', 'packed', 'shipped', 'delivered', 'cancelled', 'delivery_failed'))
);
CREATE INDEX fulfillments_order_idx ON fulfillments (tenant_id, order_id);
CALL secure_table('fulfillments', 'SELECT, INSERT, UPDATE');

CREATE TABLE fulfillment_lines (
    tenant_id       uuid   NOT NULL,
    fulfillment_id  uuid   NOT NULL,
    line_id         uuid   NOT NULL,
    quantity        bigint NOT NULL,
    CONSTRAINT fulfillment_lines_pkey PRIMARY KEY (tenant_id, fulfillment_id, line_id),
    CONSTRAINT fulfillment_lines_fulfillment_fkey FOREIGN KEY (tenant_id, fulfillment_id) REFERENCES fulfillments (tenant_id, id),
    CONSTRAINT fulfillment_lines_quantity_positive CHECK (quantity > 0)
);
CALL secure_table('fulfillment_lines', 'SELECT, INSERT');
