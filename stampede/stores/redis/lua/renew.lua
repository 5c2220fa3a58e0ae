-- Extend the guards and claims that still hold their tokens.
-- KEYS: guard, value, waiting, …   ARGV: ttl in ms, token, token, …   Returns 1 or 0 for each token.
local kept = {}
for n = 2, #ARGV do
  local guard, value, waiting = KEYS[3 * n - 5], KEYS[3 * n - 4], KEYS[3 * n - 3]
  if redis.call('GET', guard) == ARGV[n] then
    kept[n - 1] = redis.call('PEXPIRE', guard, ARGV[1])
  elseif redis.pcall('GET', value) == '~' .. ARGV[n] then
    kept[n - 1] = redis.call('PEXPIRE', value, ARGV[1])
  else
    kept[n - 1] = 0
  end
  if kept[n - 1] == 1 then
    redis.call('PEXPIRE', waiting, ARGV[1] + 1000)
  end
end
return kept
