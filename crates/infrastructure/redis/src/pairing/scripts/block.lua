-- Keeps two lasting origins apart.
--
-- KEYS  blocks
-- ARGV  1 time or nothing   2 not after   3, 4 the two   5 until when   6 the most of one origin   7 the most origins
-- Answer  ok   late
--
-- `blocks` has for each lasting origin those it is kept apart from: 24 bytes each, origin and until when, oldest first. Each
-- pair stands in both lists. Idempotent: a block that ends later stays as it is. Bounded: four lists of bounded length.
local BLOCKS, most = KEYS[1], tonumber(ARGV[6])
local both = {ARGV[3], ARGV[4]}
local ends = tonumber(ARGV[5])

-- A list without what is over and without one origin, and until when that one was in it.
local function without(list, other)
  local kept, ended = {}, 0
  for at = 1, #list, 24 do
    local origin, until_ = sub(list, at, at + 15), number('>I8', list, at + 16)
    if origin == other then
      ended = until_
    elseif until_ > now then
      kept[#kept + 1] = sub(list, at, at + 23)
    end
  end
  return kept, ended
end

local function write(origin, kept)
  if #kept == 0 then
    call('HDEL', BLOCKS, origin)
  else
    call('HSET', BLOCKS, origin, table.concat(kept))
  end
end

if both[1] == both[2] or ends <= now then
  return {'ok'}
end
for i = 1, 2 do
  local mine, other = both[i], both[3 - i]
  local kept, was = without(call('HGET', BLOCKS, mine) or '', other)
  if was >= ends then
    return {'ok'}
  end
  kept[#kept + 1] = other .. bytes('>I8', ends)
  if #kept > most then
    local oldest = sub(table.remove(kept, 1), 1, 16)
    write(oldest, (without(call('HGET', BLOCKS, oldest) or '', mine)))
  end
  write(mine, kept)
end
if call('HLEN', BLOCKS) > tonumber(ARGV[7]) then
  -- Beyond all bounds somebody is forgotten, with all that keeps others from them.
  local origin = call('HRANDFIELD', BLOCKS)
  if origin ~= '' and origin ~= both[1] and origin ~= both[2] then
    local list = call('HGET', BLOCKS, origin)
    for at = 1, #list, 24 do
      local other = sub(list, at, at + 15)
      write(other, (without(call('HGET', BLOCKS, other) or '', origin)))
    end
    call('HDEL', BLOCKS, origin)
  end
end
return {'ok'}
