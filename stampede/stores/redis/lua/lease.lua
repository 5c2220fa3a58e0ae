-- The value; or the lease for this token; or who holds it.
-- KEYS: value, guard, waiting   ARGV: token, ttl in ms, as for add: who wants to be told as the holder, and who waits
-- Returns {envelope or false, holder or false, ms left}.
local value = redis.call('GET', KEYS[1])
if value then
  return {value, false, 0}
end
local holder = redis.call('GET', KEYS[2])
if holder and string.sub(holder, 1, 1) ~= '!' then
  local left = redis.call('PTTL', KEYS[2])
  register(KEYS[3], ARGV[4], left)
  return {false, holder, left}
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
begin(KEYS[3], ARGV[3], tonumber(ARGV[2]))
return {false, ARGV[1], tonumber(ARGV[2])}
