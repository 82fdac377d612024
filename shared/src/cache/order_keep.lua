-- Keeps a view of an order, unless a newer version is known. The views of an older version go. Applied twice it does the same.
-- KEYS 1 the order · ARGV 1 the version · 2 the view's name · 3 the sealed view · 4 milliseconds
local version = tonumber(ARGV[1])
local known = tonumber(redis.call('HGET', KEYS[1], 'version') or 0)
if version < known then
    return 0
end
if version > known then
    redis.call('DEL', KEYS[1])
end
redis.call('HSET', KEYS[1], 'version', ARGV[1], ARGV[2], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
