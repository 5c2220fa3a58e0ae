-- Release the guard of a load that failed and tell the watchers, if it still holds the token.
-- KEYS: guard   ARGV: token, note, ms to keep the note (0: do not), channel, message ("" tells nobody)
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if tonumber(ARGV[3]) > 0 then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
else
  redis.call('DEL', KEYS[1])
end
if ARGV[5] ~= '' then
  redis.call('PUBLISH', ARGV[4], ARGV[5])
end
return 1
