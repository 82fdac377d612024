-- Takes a block of order numbers; concurrent blocks wait for each other only for this statement. $1 tenant, $2 size of the block.
INSERT INTO order_numbers AS n (tenant_id, next)
VALUES ($1, 1000001 + $2)
ON CONFLICT (tenant_id) DO UPDATE SET next = n.next + $2
RETURNING next - $2 AS first
