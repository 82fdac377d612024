-- Deletes a deferred message: it took effect, or is dead. $1: tenant; $2: id.
DELETE FROM deferred_messages WHERE tenant_id = $1 AND id = $2
