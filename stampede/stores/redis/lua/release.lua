-- Give a guard, or a claim, back if it is still the token's own, and tell who waits.
-- KEYS: guard or value, waiting
-- ARGV: token or claim, note, ms to keep the note (0: do not), channel, message ("": tell nobody)
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
local noted = tonumber(ARGV[3]) > 0 and redis.pcall('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if not noted or noted.err then -- out of memory, say
  redis.call('DEL', KEYS[1])
end
if ARGV[5] ~= '' then
  tell(KEYS[2], ARGV[4], ARGV[5], nil, true)
else
  redis.call('DEL', KEYS[2])
end
return 1
