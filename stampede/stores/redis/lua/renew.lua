-- Extend the guards and claims that still hold their tokens.
-- KEYS: guard, value, guard, value, …   ARGV: ttl in ms, token, token, …   Returns 1 or 0 for each token.
local kept = {}
for n = 2, #ARGV do
  local guard, value = KEYS[2 * n - 3], KEYS[2 * n - 2]
  if redis.call('GET', guard) == ARGV[n] then
    kept[n - 1] = redis.call('PEXPIRE', guard, ARGV[1])
  elseif redis.pcall('GET', value) == '~' .. ARGV[n] then
    kept[n - 1] = redis.call('PEXPIRE', value, ARGV[1])
  else
    kept[n - 1] = 0
  end
end
return kept
