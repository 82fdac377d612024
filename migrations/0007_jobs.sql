-- What jobs look for: due timers of one kind, which must not wait behind another's backlog, and ended orders that hold stock.
-- Locks: timers and orders against writes while an index is built. The first is as small as the work that is open; of the second the
-- index holds what is wrong, and building it reads the table once.

CREATE INDEX timers_kind_due_idx ON timers (kind, due_at);
DROP INDEX timers_due_idx;

CREATE INDEX orders_ended_holding_idx ON orders (tenant_id, id)
    WHERE status IN ('cancelled', 'expired', 'rejected') AND stock_status NOT IN ('off', 'rejected', 'expired', 'released');
