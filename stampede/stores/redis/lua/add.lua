-- Take the guard unless a live token holds it, or has a claim ("~token") in the value's place; the note of a failed
-- load ("!token!message") holds nothing.
-- KEYS: guard, value, waiting   ARGV: token, ttl in ms, the token whose note may be replaced ("*": any), the process
-- that wants to be told if it holds the guard, and the one that wants to be told if another one does ("": nobody)
-- Returns the token that holds the key now, or whose note is there.
local holder = redis.call('GET', KEYS[1])
if holder and string.sub(holder, 1, 1) ~= '!' then
  register(KEYS[3], ARGV[5], tonumber(ARGV[2]))
  return holder
end
if holder and ARGV[3] ~= '*' then
  local failed = string.match(holder, '^!([^!]*)!')
  if failed ~= ARGV[3] then
    return failed
  end
end
if redis.call('GETRANGE', KEYS[2], 0, 0) == '~' then
  register(KEYS[3], ARGV[5], tonumber(ARGV[2]))
  return string.sub(redis.call('GET', KEYS[2]), 2)
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
begin(KEYS[3], ARGV[4], tonumber(ARGV[2]))
return ARGV[1]
