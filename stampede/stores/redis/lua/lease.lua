-- The value; or the lease for this token; or who holds it.
-- KEYS: value, guard   ARGV: token, ttl in ms   Returns {envelope or false, holder or false, ms left}.
local value = redis.call('GET', KEYS[1])
if value then
  return {value, false, 0}
end
local holder = redis.call('GET', KEYS[2])
if holder and string.sub(holder, 1, 1) ~= '!' then
  return {false, holder, redis.call('PTTL', KEYS[2])}
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return {false, ARGV[1], tonumber(ARGV[2])}
