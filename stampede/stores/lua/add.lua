-- Take the guard unless a live token holds it; the note of a failed load ("!token!message") holds nothing.
-- KEYS: guard   ARGV: token, ttl in ms   Returns the token that holds the guard now.
local holder = redis.call('GET', KEYS[1])
if holder and string.sub(holder, 1, 1) ~= '!' then
  return holder
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
