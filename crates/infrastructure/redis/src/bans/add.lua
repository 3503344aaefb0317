-- Makes a ban, in place of an older one of the same origin.
--
-- KEYS[1]  the hash of bans: 'o' and an origin -> 'name offence until', 'n' and a name -> origin, 'last' -> last name
-- ARGV[1]  the origin
-- ARGV[2]  the offence, as a number
-- ARGV[3]  until when, in milliseconds since 1970; '-' for ever
-- ARGV[4]  how many bans there may be
--
-- Answers the name of the ban, or nothing if there is no room.

local older = redis.call('HGET', KEYS[1], 'o' .. ARGV[1])
if older then
  redis.call('HDEL', KEYS[1], 'n' .. string.match(older, '^%d+'))
elseif redis.call('HLEN', KEYS[1]) >= 2 * tonumber(ARGV[4]) then
  return false
end

local name = string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'last', 1))
redis.call('HSET', KEYS[1],
  'o' .. ARGV[1], name .. ' ' .. ARGV[2] .. ' ' .. ARGV[3],
  'n' .. name, ARGV[1])
return name
