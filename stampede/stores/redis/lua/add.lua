-- Take the guard unless a live token holds it; the note of a failed load ("!token!message") holds nothing.
-- KEYS: guard   ARGV: token, ttl in ms, the token whose note may be replaced ("*": any)
-- Returns the token that holds the guard now, or whose note is there.
local holder = redis.call('GET', KEYS[1])
if holder and string.sub(holder, 1, 1) ~= '!' then
  return holder
end
if holder and ARGV[3] ~= '*' then
  local failed = string.match(holder, '^!([^!]*)!')
  if failed ~= ARGV[3] then
    return failed
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
