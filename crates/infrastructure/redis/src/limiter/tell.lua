-- Tells how many seats of an origin a node has.
--
-- KEYS[1]  the hash of the origin, as in admit.lua
-- ARGV[1]  the node
-- ARGV[2]  the number of what it tells: what it told later is not changed by what it told before
-- ARGV[3]  how many seats it has
-- ARGV[4]  how long seats are remembered without being told of, in milliseconds
-- ARGV[5]  how long attempts are remembered, in milliseconds
--
-- Answers 1.

local field, number, seats = 's' .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local old = redis.call('HGET', KEYS[1], field)
local told = old and tonumber(string.match(old, '^%d+')) or 0
if told > number then
  return 1
end
if seats > 0 then
  redis.call('HSET', KEYS[1], field, string.format('%.0f %.0f', number, seats))
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  return 1
end
redis.call('HDEL', KEYS[1], field)
local left = redis.call('HLEN', KEYS[1])
if left == 0 or (left == 1 and redis.call('HEXISTS', KEYS[1], 't') == 1) then
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
end
return 1
