-- Write the value, release the guard and tell who waits, if the guard still holds the token (the fence).
-- KEYS: value, guard, waiting   ARGV: token, envelope, ttl in ms, channel, message ("" tells nobody), this process
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
if ARGV[5] ~= '' then
  tell(KEYS[3], ARGV[4], ARGV[5], ARGV[6], true)
else
  redis.call('DEL', KEYS[3])
end
return 1
