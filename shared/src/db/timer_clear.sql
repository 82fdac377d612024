-- Clears a timer whose subject is gone; every other is cleared by what settles its subject. $1: tenant; $2: kind; $3: subject.
DELETE FROM timers WHERE tenant_id = $1 AND kind = $2 AND subject_id = $3
