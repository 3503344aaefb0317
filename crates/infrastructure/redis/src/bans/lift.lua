-- Removes bans.
--
-- KEYS[1]  the hash of bans, as in add.lua
-- ARGV     the names of the bans
--
-- Answers what the bans were, those that were there: 'name offence until' each.

local lifted = {}
for _, name in ipairs(ARGV) do
  local origin = redis.call('HGET', KEYS[1], 'n' .. name)
  if origin then
    lifted[#lifted + 1] = redis.call('HGET', KEYS[1], 'o' .. origin)
    redis.call('HDEL', KEYS[1], 'n' .. name, 'o' .. origin)
  end
end
return lifted
