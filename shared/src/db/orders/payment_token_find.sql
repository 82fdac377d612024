-- The sealed token of a payment, until it is spent. $1 tenant, $2 payment.
SELECT token_sealed FROM payments WHERE tenant_id = $1 AND id = $2
