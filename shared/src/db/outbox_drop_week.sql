-- Drops a week of the outbox; false if something of it is still to be sent, or if it is gone. $1: its name.
SELECT coalesce(outbox_drop_week(to_regclass($1)), false)
