-- Before every script: the processes that hold a key, or wait for it, are named in a text beside it, and only they are
-- told. No set: users whose rules allow values and guards shall need no further rule.

-- `who`: the process, or "". A server without room keeps no name: then the end of the lease is what is waited for.
local function register(waiting, who, ms)
  if who == '' then
    return
  end
  local names = redis.call('GET', waiting) or ''
  if not string.find(names, who, 1, true) then
    names = names .. who .. ' '
  end
  redis.pcall('SET', waiting, names, 'PX', ms + 1000)
end

-- `channel`: the beginning of everybody's own. `but`: who knows already.
local function tell(waiting, channel, message, but)
  for who in string.gmatch(redis.call('GET', waiting) or '', '%S+') do
    if who ~= but then
      redis.call('PUBLISH', channel .. who, message)
    end
  end
  redis.call('DEL', waiting)
end

