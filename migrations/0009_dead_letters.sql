-- What a person does about dead letters: they are found by their cause, then replayed or discarded, and a message that dies again while
-- its letter is open is counted on that letter. A deferred message counts each try before it is made, so that one that kills whoever
-- tries it comes to an end.
-- Locks: dead_letters, deferred_messages and tenants, each for a moment: columns with constant defaults rewrite nothing, and the indexes
-- are of rows that were written since their column is there, or of as many dead letters as there are.

ALTER TABLE dead_letters
    ADD COLUMN state         text    NOT NULL DEFAULT 'open',
    ADD COLUMN settled_at    timestamptz,
    ADD COLUMN occurrences   integer NOT NULL DEFAULT 1,
    ADD COLUMN last_seen_at  timestamptz,
    ADD COLUMN body_digest   bytea,
    ADD CONSTRAINT dead_letters_state_known CHECK (state IN ('open', 'replayed', 'discarded')) NOT VALID,
    ADD CONSTRAINT dead_letters_class_known CHECK (reason_class IN (
        'malformed', 'oversized', 'forged_source', 'unknown_type', 'unknown_tenant', 'poison', 'exhausted', 'never_known',
        'killed_consumer')) NOT VALID;
COMMENT ON COLUMN dead_letters.settled_at IS 'When a person replayed or discarded it.';
COMMENT ON COLUMN dead_letters.occurrences IS 'How often the same bytes died for this consumer while the letter was open.';
COMMENT ON COLUMN dead_letters.last_seen_at IS 'When they did so last; NULL: once, at created_at.';
COMMENT ON COLUMN dead_letters.body_digest IS 'SHA-256 of the message; NULL for letters older than this column.';

-- Only the same bytes are a repeat: nobody hides a message behind the id of another. (An index over rows without a digest would take all
-- of a tenant's for one message.)
CREATE UNIQUE INDEX dead_letters_open_key ON dead_letters (tenant_id, consumer, body_digest) NULLS NOT DISTINCT
    WHERE state = 'open' AND body_digest IS NOT NULL;
-- What list-dead-letters pages through, newest first: ids are made in the order of time.
CREATE INDEX dead_letters_state_idx ON dead_letters (state, id);
GRANT UPDATE (state, settled_at, occurrences, last_seen_at, reason_class, reason) ON dead_letters TO orders_app;

-- The operator (tenant 0) finds every letter, whosever it is, and writes only those that have no tenant: what is done about a tenant's is
-- done behind the tenant's wall.
ALTER POLICY operator ON dead_letters
    USING ((SELECT current_setting('app.tenant_id')::uuid) = '00000000-0000-0000-0000-000000000000');

ALTER TABLE deferred_messages ADD COLUMN tries integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN deferred_messages.tries IS 'Tries since the last one of which an outcome was written down: each was begun and never ended.';

-- The operator learns which tenants there are, so that what is asked of all can be done behind the wall of each.
CREATE POLICY operator ON tenants FOR SELECT TO orders_app
    USING ((SELECT current_setting('app.tenant_id')::uuid) = '00000000-0000-0000-0000-000000000000');
