-- Deadlines that jobs act on: each job looks for one kind of timer, and must not read past the backlog of another.
-- Locks: timers against writes while its index is built; the table is as small as the work that is open.

CREATE INDEX timers_kind_due_idx ON timers (kind, due_at);
DROP INDEX timers_due_idx;
