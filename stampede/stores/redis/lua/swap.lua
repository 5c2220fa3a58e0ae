-- Write the value over the claim, if it is still there: SET … IFEQ for servers that do not have it.
-- KEYS: value   ARGV: claim, envelope, ttl in ms
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
