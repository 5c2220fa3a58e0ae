-- Invalidate: remove the value, void the guard, and tell the fleet, in one step.
-- KEYS: value, guard   ARGV: channel, message
redis.call('DEL', KEYS[1], KEYS[2])
return redis.call('PUBLISH', ARGV[1], ARGV[2])
