-- The outbox becomes a table of weeks, so that what is old is dropped with its week and never deleted row by row (docs/adr/0010). A row may
-- also name an event whose bytes are to be sent again, instead of having bytes of its own.
-- Locks: outbox against everything, while its rows are read three times: a second and a half for each million of them. None is copied: the
-- table as it was becomes the first partition.

-- The least UUIDv7 of a moment. They begin with their milliseconds since 1970, and event ids are such: a time is a range of ids.
CREATE FUNCTION uuidv7_floor(at timestamptz) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;
COMMENT ON FUNCTION uuidv7_floor IS 'The least UUIDv7 of a moment: ids of the service are made in the order of time.';

-- What every partition gets. Requests and jobs come through the outbox itself, whose policies and privileges hold then; nobody but the owner
-- may touch a partition.
CREATE PROCEDURE secure_partition(target regclass)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY owner ON %s TO orders_migrator USING (true) WITH CHECK (true)', target);
END
$$;
COMMENT ON PROCEDURE secure_partition IS 'Closes a partition to everybody but its owner.';

-- The table as it was, closed and with the columns and constraints that a partition must share with its parent.
ALTER TABLE outbox RENAME TO outbox_first;
ALTER INDEX outbox_pkey RENAME TO outbox_first_pkey;
ALTER INDEX outbox_unpublished_idx RENAME TO outbox_first_unpublished_idx;
ALTER SEQUENCE outbox_seq_seq RENAME TO outbox_first_seq_seq;
DROP POLICY tenant ON outbox_first;
DROP POLICY owner ON outbox_first;
DROP POLICY auditor ON outbox_first;
DROP POLICY relay ON outbox_first;
REVOKE ALL ON outbox_first FROM orders_app, orders_relay, orders_auditor;
CALL secure_partition('outbox_first');
ALTER TABLE outbox_first
    ALTER COLUMN body DROP NOT NULL,
    ADD COLUMN republishes uuid,
    ADD CONSTRAINT outbox_body_or_republishes CHECK (num_nonnulls(body, republishes) = 1);

CREATE TABLE outbox (
    tenant_id     uuid        NOT NULL,
    event_id      uuid        NOT NULL,
    seq           bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    tx            xid8        NOT NULL DEFAULT pg_current_xact_id(),
    order_id      uuid        NOT NULL,
    shard         smallint    NOT NULL,
    exchange      text        NOT NULL,
    routing_key   text        NOT NULL,
    body          bytea,
    created_at    timestamptz NOT NULL,
    published_at  timestamptz,
    republishes   uuid,
    CONSTRAINT outbox_pkey PRIMARY KEY (tenant_id, event_id),
    CONSTRAINT outbox_shard_range CHECK (shard BETWEEN 0 AND 15),
    CONSTRAINT outbox_body_or_republishes CHECK (num_nonnulls(body, republishes) = 1)
) PARTITION BY RANGE (event_id);
COMMENT ON COLUMN outbox.seq IS 'Order of publication within one order. Allotted before commit: never a watermark across orders.';
COMMENT ON COLUMN outbox.tx IS 'With pg_snapshot_xmin it lets a reader resume without losing what commits late.';
COMMENT ON COLUMN outbox.body IS 'The final bytes: one structured-mode CloudEvent. NULL: those of the event that it republishes.';
COMMENT ON COLUMN outbox.republishes IS 'The event of the same tenant whose bytes are sent again. Its week is not dropped before they are.';
CREATE INDEX outbox_unpublished_idx ON outbox (shard, seq) WHERE published_at IS NULL;
CALL secure_table('outbox', 'SELECT, INSERT');
CREATE POLICY relay ON outbox TO orders_relay USING (true) WITH CHECK (true);
GRANT SELECT ON outbox TO orders_relay;
GRANT UPDATE (published_at) ON outbox TO orders_relay;

-- seq goes on where it was.
SELECT setval('outbox_seq_seq', last_value, is_called) FROM outbox_first_seq_seq;
ALTER TABLE outbox_first ALTER COLUMN seq DROP IDENTITY;

-- What has no week of its own: no order fails because a partition is missing.
CREATE TABLE outbox_default PARTITION OF outbox DEFAULT;
CALL secure_partition('outbox_default');
CREATE INDEX outbox_default_event_idx ON outbox_default (event_id);
COMMENT ON TABLE outbox_default IS 'What has no week of its own. Empty as long as prune-records runs.';

-- Its weeks as the catalogue has them.
CREATE VIEW outbox_partitions WITH (security_invoker = true) AS
SELECT c.oid::regclass AS partition, bound[1]::uuid AS first_event_id, bound[2]::uuid AS end_event_id
FROM pg_inherits AS i
JOIN pg_class AS c ON c.oid = i.inhrelid
CROSS JOIN regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''(.+)''\) TO \(''(.+)''\)') AS bound
WHERE i.inhparent = 'outbox'::regclass AND bound IS NOT NULL;
COMMENT ON VIEW outbox_partitions IS 'The partitions of the outbox that have bounds: ids from the first one to before the end.';

-- Makes the partitions of the weeks that begin after one moment and until another, and says how many were missing. A week that has begun is
-- not made: its rows are in outbox_default already. Nobody who writes to another partition waits for this. Whoever reads the outbox does, for
-- as long as this waits for its locks and reads outbox_default, and both have limits that are shorter than an order waits for its claim.
CREATE FUNCTION outbox_add_weeks(after timestamptz, until timestamptz) RETURNS integer
LANGUAGE plpgsql
SET lock_timeout = '50ms' SET timezone = 'UTC' AS $$
DECLARE
    -- Beyond it reading outbox_default would take too long while others wait: a person empties it first.
    default_limit_bytes CONSTANT bigint := 64 * 1024 * 1024;
    week timestamptz;
    partition text;
    added integer := 0;
BEGIN
    -- One at a time: the next one sees what this one made.
    PERFORM pg_advisory_xact_lock(hashtext('outbox_add_weeks'));
    FOR week IN
        SELECT monday FROM generate_series(date_trunc('week', after) + interval '1 week', until, interval '1 week') AS monday
        WHERE NOT EXISTS (SELECT FROM outbox_partitions
            WHERE uuidv7_floor(monday) >= first_event_id AND uuidv7_floor(monday) < end_event_id)
    LOOP
        IF pg_relation_size('outbox_default') > default_limit_bytes THEN
            RAISE 'outbox_default holds too much to be read while others wait for it' USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        partition := format('outbox_%s', to_char(week, 'YYYYMMDD'));
        EXECUTE format('CREATE TABLE %I (LIKE outbox INCLUDING CONSTRAINTS)', partition);
        CALL secure_partition(partition::regclass);
        EXECUTE format('ALTER TABLE outbox ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            partition, uuidv7_floor(week), uuidv7_floor(week + interval '1 week'));
        added := added + 1;
    END LOOP;
    RETURN added;
END
$$;
COMMENT ON FUNCTION outbox_add_weeks IS 'Makes the partitions of the weeks that begin after one moment and until another.';

-- Drops a week, and says whether it did: not if something of it is still to be sent, for the first time or again. Everybody who comes to the
-- outbox meanwhile waits behind this, so it waits for its lock less than an order waits for its claim.
CREATE FUNCTION outbox_drop_week(week regclass) RETURNS boolean
LANGUAGE plpgsql STRICT
SET lock_timeout = '50ms' AS $$
DECLARE
    bounds record;
BEGIN
    SELECT first_event_id AS first, end_event_id AS after_last INTO bounds FROM outbox_partitions WHERE partition = week;
    IF NOT FOUND OR EXISTS (
        SELECT FROM outbox
        WHERE published_at IS NULL AND (event_id >= bounds.first AND event_id < bounds.after_last
            OR republishes >= bounds.first AND republishes < bounds.after_last)
    ) THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP TABLE %s', week);
    RETURN true;
END
$$;
COMMENT ON FUNCTION outbox_drop_week IS 'Drops a week of which nothing is to be sent any more.';

-- The table as it was holds everything until a Monday that is at least a day away, whatever the clocks of its writers say; then weeks begin.
DO $$
DECLARE
    first_week timestamptz;
    end_week CONSTANT timestamptz := date_trunc('week', now() + interval '1 day', 'UTC') + interval '7 days';
    partition text;
BEGIN
    SELECT date_trunc('week', least(now(), min(created_at)), 'UTC') INTO first_week FROM outbox_first;
    partition := format('outbox_%s', to_char(first_week AT TIME ZONE 'UTC', 'YYYYMMDD'));
    EXECUTE format('ALTER TABLE outbox_first RENAME TO %I', partition);
    EXECUTE format('ALTER TABLE outbox ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        partition, uuidv7_floor(first_week), uuidv7_floor(end_week));
    PERFORM outbox_add_weeks(now(), now() + interval '3 weeks');
END
$$;
