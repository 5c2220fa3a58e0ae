-- Extend the guard if it still holds the token.
-- KEYS: guard   ARGV: token, ttl in ms
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
