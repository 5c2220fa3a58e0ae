-- Write the value if the guard still holds the token; the guard stays, for others load under the same token.
-- KEYS: value, guard   ARGV: token, envelope, ttl in ms
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
