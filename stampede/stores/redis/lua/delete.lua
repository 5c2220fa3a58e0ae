-- Invalidate: remove the value, void the guard, and tell who holds the key or waits, in one step.
-- KEYS: value, guard, waiting   ARGV: channel, message
local claimed = redis.pcall('GETRANGE', KEYS[1], 0, 0) == '~'
local held = redis.call('DEL', KEYS[2]) == 1 or claimed
redis.call('DEL', KEYS[1])
tell(KEYS[3], ARGV[1], ARGV[2], nil, held)
