-- Says that a node lives, and asks which others do.
--
-- KEYS[1]  the hash of nodes: each -> when it last said so; 'since' -> when the hash was made
-- ARGV[1]  the node
-- ARGV[2]  after how long in silence a node is dead, in milliseconds
--
-- Answers the nodes that live; nothing while the hash is so young that some may not have had time to say so.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local silence = tonumber(ARGV[2])

redis.call('HSETNX', KEYS[1], 'since', string.format('%.0f', now))
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', 2 * silence))

local living, since = {}, now
local fields = redis.call('HGETALL', KEYS[1])
for i = 1, #fields, 2 do
  local node, at = fields[i], tonumber(fields[i + 1])
  if node == 'since' then
    since = at
  elseif now - at > silence then
    redis.call('HDEL', KEYS[1], node)
  else
    living[#living + 1] = node
  end
end
if now - since <= silence then
  return {}
end
return living
