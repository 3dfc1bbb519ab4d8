-- One operation on the state of a plugin, which is in a hash of values, a sorted set of the times at which they end, and a
-- counter of the bytes that both names and values have.
local values, ends, bytes = KEYS[1], KEYS[2], KEYS[3]
local operation, key = ARGV[1], ARGV[2]
local most_keys, most_bytes, most_value = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
-- Milliseconds; none: it stays.
local ttl = tonumber(ARGV[6])

local DONE, QUOTA_EXCEEDED, TOO_LARGE, NOT_A_NUMBER = 0, 1, 2, 3

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function drop(name)
  local size = #name + redis.call('HSTRLEN', values, name)
  if redis.call('HDEL', values, name) == 1 then
    redis.call('DECRBY', bytes, size)
  end
  redis.call('ZREM', ends, name)
end

-- Drops some of what has ended, and tells if there may be more.
local function sweep()
  local ended = redis.call('ZRANGEBYSCORE', ends, '-inf', now, 'LIMIT', 0, 1000)
  for _, name in ipairs(ended) do
    drop(name)
  end
  return #ended == 1000
end

local function has_room(is_new, before, after)
  local keys = redis.call('HLEN', values)
  local used = tonumber(redis.call('GET', bytes) or '0')
  return (not is_new or keys < most_keys)
    and (after <= before or used - before + after <= most_bytes)
end

local function fits(is_new, before, after)
  if has_room(is_new, before, after) then
    return true
  end
  while sweep() do end
  return has_room(is_new, before, after)
end

local function set_end()
  if ttl then
    redis.call('ZADD', ends, now + ttl, key)
  else
    redis.call('ZREM', ends, key)
  end
end

-- Sets the value of the key, of which `was` is there, unless that takes more than there may be.
local function put(was, value)
  local before = was and #key + #was or 0
  local after = #key + #value
  if not fits(not was, before, after) then
    return false
  end
  redis.call('HSET', values, key, value)
  redis.call('INCRBY', bytes, after - before)
  return true
end

-- The state of a plugin that is gone for good ends with the last of its values.
local function settle()
  local keys = redis.call('HLEN', values)
  if keys == 0 then
    redis.call('DEL', values, ends, bytes)
  elseif redis.call('ZCARD', ends) == keys then
    local last = redis.call('ZRANGE', ends, -1, -1, 'WITHSCORES')[2]
    for _, name in ipairs(KEYS) do
      redis.call('PEXPIREAT', name, last)
    end
  else
    for _, name in ipairs(KEYS) do
      redis.call('PERSIST', name)
    end
  end
end

sweep()
local ended = redis.call('ZSCORE', ends, key)
if ended and tonumber(ended) <= now then
  drop(key)
end

if operation == 'get' then
  if redis.call('HSTRLEN', values, key) > most_value then
    return { TOO_LARGE }
  end
  return { DONE, redis.call('HGET', values, key) }
end

local was = redis.call('HGET', values, key)
local answer = 0

if operation == 'set' then
  if not put(was, ARGV[7]) then
    return { QUOTA_EXCEEDED }
  end
  set_end()
elseif operation == 'increment' then
  -- Redis counts with 64 bits, which Lua's numbers have no room for.
  local sum = redis.pcall('HINCRBY', values, key, ARGV[7])
  if type(sum) == 'table' and sum.err then
    return { NOT_A_NUMBER }
  end
  answer = redis.call('HGET', values, key)
  -- What there was is put back, and counted like any other value.
  if was then
    redis.call('HSET', values, key, was)
  else
    redis.call('HDEL', values, key)
  end
  if not put(was, answer) then
    return { QUOTA_EXCEEDED }
  end
  if not was then
    set_end()
  end
elseif operation == 'compare_and_set' then
  -- Each of both is `-` for nothing, or `+` and the value.
  local expected, value = ARGV[7], ARGV[8]
  if expected ~= (was and '+' .. was or '-') then
    return { DONE, 0 }
  end
  answer = 1
  if value == '-' then
    drop(key)
  elseif not put(was, string.sub(value, 2)) then
    return { QUOTA_EXCEEDED }
  else
    set_end()
  end
elseif operation == 'expire' then
  if was then
    set_end()
    answer = 1
  end
elseif operation == 'remove' then
  if was then
    drop(key)
    answer = 1
  end
end

settle()
return { DONE, answer }
