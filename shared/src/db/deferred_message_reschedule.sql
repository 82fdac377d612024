-- Puts a deferred message that was refused again off. One that became due by itself meanwhile, because its order appeared or it came once
-- more, stays due. $1: tenant; $2: id; $3: class; $4: reason; $5: attempts; $6: when it is due; $7: the end of the lease under which it was tried.
UPDATE deferred_messages
SET class = $3, reason = $4, attempts = $5, tries = 0, due_at = CASE WHEN due_at = $7 THEN $6 ELSE due_at END
WHERE tenant_id = $1 AND id = $2
