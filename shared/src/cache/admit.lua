-- One request on its way in: is it new, may it come now, and what is known of what it asks for. Nothing is counted for a request that is
-- not let in, but its nonce is spent. Applied twice by one attempt it says the same of the nonce; the request then counts twice.
--
-- KEYS 1 the nonce, or the session · 2 the key's rate · 3 the tenant's rate · 4 an order, or an answer, if one is asked for
-- ARGV 1 'nonce' or 'session' · 2 this attempt · 3 seconds that a nonce is remembered · 4 the key's requests a second · 5 the tenant's
--      · 6 the view of the order that is asked for; without it KEYS 4 is an answer
-- Answers {1 if the nonce is new or the session there, else 0; requests left to the key; to the tenant; microseconds to wait, 0: come in;
--      what was found: {version, view}, or an answer}. A part that is not there is nil.

-- Moments are microseconds since 2026, in which a double has room for thousandths.
local EPOCH_S = 1767225600
local BURST_US = 1000000

local passes
if ARGV[1] == 'session' then
    passes = redis.call('EXISTS', KEYS[1]) == 1
else
    local holder = redis.call('SET', KEYS[1], ARGV[2], 'NX', 'GET', 'EX', ARGV[3])
    passes = not holder or holder == ARGV[2]
end
if not passes then
    return {0}
end

local time = redis.call('TIME')
local now = (time[1] - EPOCH_S) * 1000000 + time[2]

-- GCRA: when the next request would be due if this one came, how many more may come now, and how long this one has to wait.
local function next_of(due_now, per_second)
    local interval = 1000000 / per_second
    local due = math.max(now, tonumber(due_now or 0)) + interval
    local room = now + BURST_US - due
    return due, math.max(0, math.floor(room / interval)), math.max(0, -room)
end

local due = redis.call('MGET', KEYS[2], KEYS[3])
local key_due, key_left, key_wait = next_of(due[1], tonumber(ARGV[4]))
local tenant_due, tenant_left, tenant_wait = next_of(due[2], tonumber(ARGV[5]))
-- A thousandth of a microsecond is no reason to refuse.
local wait = math.floor(math.max(key_wait, tenant_wait))
if wait > 0 then
    return {1, key_left, tenant_left, wait}
end
local function keep(key, due)
    redis.call('SET', key, string.format('%.3f', due), 'PX', math.max(1, math.ceil((due - now) / 1000)))
end
keep(KEYS[2], key_due)
keep(KEYS[3], tenant_due)

local found = false
if KEYS[4] and ARGV[6] then
    found = redis.call('HMGET', KEYS[4], 'version', ARGV[6])
elseif KEYS[4] then
    found = redis.call('GET', KEYS[4])
end
return {1, key_left, tenant_left, 0, found}
