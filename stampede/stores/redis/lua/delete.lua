-- Invalidate: remove the value, void the guard, and tell who holds the key or waits, in one step.
-- KEYS: value, guard, waiting   ARGV: channel, message
redis.call('DEL', KEYS[1], KEYS[2])
tell(KEYS[3], ARGV[1], ARGV[2])
