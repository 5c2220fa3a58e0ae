-- Put a claim ("~token") in the value's own place unless something is there.
-- KEYS: value   ARGV: claim, ttl in ms   Returns what is there now.
local there = redis.call('GET', KEYS[1])
if there then
  return there
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
