-- Moves the transaction behind another tenant's wall, until its end or the next move. $1 tenant, as text.
SELECT set_config('app.tenant_id', $1, true)
