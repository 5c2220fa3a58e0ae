-- Write the value over the claim, if it is still there, and tell who waits.
-- KEYS: value, waiting   ARGV: claim, envelope, ttl in ms, channel, message
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
tell(KEYS[2], ARGV[4], ARGV[5], nil, true)
return 1
