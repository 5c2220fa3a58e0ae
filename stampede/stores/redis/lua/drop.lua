-- Remove the guard if it still holds the token: only one's own lock is released.
-- KEYS: guard   ARGV: token
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[1])
