-- Before every script: the processes that hold a key, or wait for it, are named in a text beside it, and only they are
-- told. No set: users whose rules allow values and guards shall need no further rule.
-- The list begins with its holder's right to load ("-"). One that was evicted, or had no room for a name, is none: then
-- everybody is told.

local function write(waiting, names, who, ms)
  if who ~= '' and not string.find(names, who, 1, true) then
    names = names .. who .. ' '
  end
  -- Others may wait for longer: their leases, or what is left of them, need not be the same.
  local written = redis.pcall('SET', waiting, names, 'PX', math.max(ms + 1000, redis.call('PTTL', waiting)))
  if written.err then
    redis.call('DEL', waiting)
  end
end

-- Who holds the key from now on; `who`: the process that wants to be told, or "".
local function begin(waiting, who, ms)
  write(waiting, redis.call('GET', waiting) or '- ', who, ms)
end

-- Who waits; `who`: the process, or "".
local function register(waiting, who, ms)
  local names = redis.call('GET', waiting)
  if names and who ~= '' then
    write(waiting, names, who, ms)
  end
end

-- `channel`: the beginning of everybody's own. `but`: who knows already. `held`: there was a holder, so also a list.
local function tell(waiting, channel, message, but, held)
  local names = redis.call('GET', waiting)
  if not names and held then
    redis.call('PUBLISH', string.sub(channel, 1, -2), message)
  end
  for who in string.gmatch(names or '', '[^%s-]+') do
    if who ~= but then
      redis.call('PUBLISH', channel .. who, message)
    end
  end
  redis.call('DEL', waiting)
end

