-- Put a claim ("~token") in the value's own place unless something is there, or a live token holds the guard.
-- KEYS: value, guard, waiting   ARGV: claim, ttl in ms, the process that wants to be told of the end ("": nobody)
-- Returns what is there now, or the guard's token as if it were a claim.
local there = redis.call('GET', KEYS[1])
if there then
  if string.sub(there, 1, 1) == '~' then
    register(KEYS[3], ARGV[3], tonumber(ARGV[2]))
  end
  return there
end
local holder = redis.call('GET', KEYS[2])
if holder and string.sub(holder, 1, 1) ~= '!' then
  register(KEYS[3], ARGV[3], tonumber(ARGV[2]))
  return '~' .. holder
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
begin(KEYS[3], ARGV[3], tonumber(ARGV[2]))
return ARGV[1]
