-- Write the value, release the guard and tell the watchers, if the guard still holds the token (the fence).
-- KEYS: value, guard   ARGV: token, envelope, ttl in ms, channel, message ("" tells nobody)
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
if ARGV[5] ~= '' then
  redis.call('PUBLISH', ARGV[4], ARGV[5])
end
return 1
