-- What money needs after it was taken: grants, last captures, successes that come undone, and what a person must settle.
-- Locks: payment_operations, order_lines, orders and fulfillments, each for a moment: columns with constant defaults rewrite nothing.

ALTER TABLE payment_operations
    ADD COLUMN attention  text,
    ADD COLUMN granted    bigint      NOT NULL DEFAULT 0,
    ADD COLUMN is_final   boolean     NOT NULL DEFAULT false,
    ADD COLUMN undone_at  timestamptz,
    ADD CONSTRAINT payment_operations_attention_known CHECK (attention IN (
        'conflicting_outcome', 'amount_differs', 'shared_reference', 'unanswered', 'refund_failed', 'void_failed', 'refund_reversed',
        'authorization_expired')) NOT VALID,
    ADD CONSTRAINT payment_operations_granted_range CHECK (granted BETWEEN 0 AND amount) NOT VALID;
COMMENT ON COLUMN payment_operations.attention IS 'Why a person must look; NULL once one has, or nobody must.';
COMMENT ON COLUMN payment_operations.granted IS 'Of a refund: the part that was not owed before, taken back if it fails.';
COMMENT ON COLUMN payment_operations.is_final IS 'Of a capture: the last one, what is left of the authorization is let go.';
COMMENT ON COLUMN payment_operations.undone_at IS 'When its success came undone: an authorization that expired, a refund that was reversed.';

-- What list-payment-operations pages through, newest first, over all tenants.
CREATE INDEX payment_operations_unsettled_idx ON payment_operations (id) WHERE attention IS NOT NULL OR state = 'unknown';
-- The operator (tenant 0) finds what must be settled, whosever it is. It reads and never writes: settling happens behind the wall of
-- the tenant.
CREATE POLICY operator ON payment_operations FOR SELECT TO orders_app
    USING ((SELECT current_setting('app.tenant_id')::uuid) = '00000000-0000-0000-0000-000000000000');

ALTER TABLE order_lines
    ADD COLUMN refunded bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT order_lines_refunded CHECK (refunded BETWEEN 0 AND ordered) NOT VALID;
COMMENT ON COLUMN order_lines.refunded IS 'Units that the customer was paid back for and keeps.';

ALTER TABLE orders ADD COLUMN shipping_refunded boolean NOT NULL DEFAULT false;

ALTER TABLE fulfillments ADD COLUMN cancel_requested boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN fulfillments.cancel_requested IS 'shipping.cancel is out and not answered.';
