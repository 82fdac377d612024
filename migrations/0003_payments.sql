-- Payments (tenders), the operations on them, and the double-entry ledger.
-- Locks: nothing that exists.

CREATE TABLE payments (
    tenant_id     uuid        NOT NULL,
    order_id      uuid        NOT NULL,
    id            uuid        NOT NULL,
    position      integer     NOT NULL,
    method        text        NOT NULL,
    capture       text        NOT NULL,
    amount        bigint      NOT NULL,
    token_sealed  bytea,
    created_at    timestamptz NOT NULL,
    CONSTRAINT payments_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT payments_order_fkey FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id),
    CONSTRAINT payments_amount_positive CHECK (amount > 0),
    CONSTRAINT payments_capture_known CHECK (capture IN ('automatic', 'manual'))
);
COMMENT ON COLUMN payments.token_sealed IS 'The payment method token, sealed; erased once the partner has it.';
CREATE INDEX payments_order_idx ON payments (tenant_id, order_id);
CALL secure_table('payments', 'SELECT, INSERT, UPDATE');

CREATE TABLE payment_operations (
    tenant_id           uuid        NOT NULL,
    order_id            uuid        NOT NULL,
    payment_id          uuid        NOT NULL,
    id                  uuid        NOT NULL,
    kind                text        NOT NULL,
    state               text        NOT NULL,
    amount              bigint      NOT NULL,
    settled_amount      bigint,
    provider_reference  text,
    failure_code        text,
    failure_message     text,
    next_action         jsonb,
    reverse_on_success  boolean     NOT NULL,
    conflicted          boolean     NOT NULL,
    requested_at        timestamptz NOT NULL,
    sent_at             timestamptz,
    settled_at          timestamptz,
    CONSTRAINT payment_operations_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT payment_operations_payment_fkey FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id),
    CONSTRAINT payment_operations_provider_reference_key UNIQUE (tenant_id, payment_id, kind, provider_reference),
    CONSTRAINT payment_operations_amount_positive CHECK (amount > 0),
    CONSTRAINT payment_operations_kind_known CHECK (kind IN ('authorize', 'capture', 'void', 'refund')),
    CONSTRAINT payment_operations_state_known CHECK (state IN ('requested', 'sent', 'succeeded', 'failed', 'unknown'))
);
COMMENT ON TABLE payment_operations IS 'What was asked of the payment service and what came of it. A timeout is unknown, never failed.';
CREATE INDEX payment_operations_order_idx ON payment_operations (tenant_id, order_id);
CALL secure_table('payment_operations', 'SELECT, INSERT, UPDATE');

CREATE TABLE ledger (
    tenant_id       uuid        NOT NULL,
    order_id        uuid        NOT NULL,
    transaction_id  uuid        NOT NULL,
    account         text        NOT NULL,
    amount          bigint      NOT NULL,
    fact            text        NOT NULL,
    operation_id    uuid,
    at              timestamptz NOT NULL,
    CONSTRAINT ledger_pkey PRIMARY KEY (tenant_id, order_id, transaction_id, account),
    CONSTRAINT ledger_order_fkey FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id),
    CONSTRAINT ledger_amount_not_zero CHECK (amount <> 0),
    CONSTRAINT ledger_account_known CHECK (account IN (
        'receivable', 'sales', 'authorized', 'authorized_contra', 'captured', 'refund_pending', 'refunded'))
);
COMMENT ON TABLE ledger IS 'Double entry per order: + debit, - credit. Append-only; every transaction sums to zero.';
CALL secure_table('ledger', 'SELECT, INSERT');

-- Deferred to COMMIT, so that the postings of a transaction may be written in any order.
CREATE FUNCTION ledger_check_balance() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    total numeric;
BEGIN
    SELECT sum(amount) INTO total
    FROM ledger
    WHERE tenant_id = NEW.tenant_id AND order_id = NEW.order_id AND transaction_id = NEW.transaction_id;
    IF total <> 0 THEN
        RAISE EXCEPTION 'ledger transaction % sums to %, not to zero', NEW.transaction_id, total
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balanced';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER ledger_balanced AFTER INSERT ON ledger
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_balance();
