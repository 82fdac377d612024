-- Notes the versions that orders have, so that views of older ones go and none of them comes back: a reader that has loaded one just before
-- a change would keep it otherwise. Applied twice it does the same.
-- KEYS orders · ARGV 1 milliseconds · 2, 3, … the version of each
for index, order in ipairs(KEYS) do
    local version = ARGV[index + 1]
    local known = tonumber(redis.call('HGET', order, 'version') or 0)
    if tonumber(version) > known then
        redis.call('DEL', order)
        redis.call('HSET', order, 'version', version)
        redis.call('PEXPIRE', order, ARGV[1])
    end
end
