-- Takes the shards that no other relay holds, for as long as this session lives.
-- $1: the lock class of the outbox; $2: shards to try. Answers those that are ours now. An empty $2 only asks whether PostgreSQL is there.
SELECT candidate.shard::smallint
FROM unnest($2::integer[]) AS candidate (shard)
WHERE pg_try_advisory_lock($1, candidate.shard)
