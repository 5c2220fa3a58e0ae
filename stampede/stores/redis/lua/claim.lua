-- Put a claim ("~token") in the value's own place unless something is there, or a live token holds the guard.
-- KEYS: value, guard   ARGV: claim, ttl in ms   Returns what is there now, or the guard's token as if it were a claim.
local there = redis.call('GET', KEYS[1])
if there then
  return there
end
local holder = redis.call('GET', KEYS[2])
if holder and string.sub(holder, 1, 1) ~= '!' then
  return '~' .. holder
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
