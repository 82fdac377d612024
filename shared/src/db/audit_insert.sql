-- One administrative action, in the transaction of its effect. $1 tenant, $2 id, $3 actor, $4 action, $5 subject, $6 detail, $7 now.
INSERT INTO audit (tenant_id, id, actor, action, subject, detail, at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
