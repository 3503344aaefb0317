-- Keeps two lasting origins apart.
--
-- KEYS  book blocks
-- ARGV  1 this node, not after, time or 0 (8 bytes each)   2, 3 the two   4 until when   5 the most of one origin
--       6 the most origins
-- Answer  ok   late
--
-- The book has for `b` and a lasting origin those it is kept apart from: 24 bytes each, origin and until when, oldest first.
-- Each pair stands in both lists. KEYS[2] (`blocks`) has each such origin and when the last of its blocks ends. Idempotent: a
-- block that ends later stays as it is. Bounded: lists of bounded length, of which it changes four, and as many again when
-- there are too many and those of one origin are forgotten.
local BLOCKS, most = KEYS[2], tonumber(ARGV[5])
local both = {ARGV[2], ARGV[3]}
local ends = tonumber(ARGV[4])

-- A list without what is over and without one origin, and until when that one was in it.
local function without(list, other)
  local kept, ended = {}, 0
  for at = 1, #list, 24 do
    local origin, over = sub(list, at, at + 15), number('>I8', list, at + 16)
    if origin == other then
      ended = over
    elseif over > now then
      kept[#kept + 1] = sub(list, at, at + 23)
    end
  end
  return kept, ended
end

local function read(origin)
  return call('HGET', BOOK, 'b' .. origin) or ''
end

local function write(origin, kept)
  if #kept == 0 then
    call('HDEL', BOOK, 'b' .. origin)
    call('ZREM', BLOCKS, origin)
    return
  end
  local last = 0
  for i = 1, #kept do
    last = math.max(last, (number('>I8', kept[i], 17)))
  end
  call('HSET', BOOK, 'b' .. origin, table.concat(kept))
  call('ZADD', BLOCKS, last, origin)
end

-- Forgets all that keeps others from an origin.
local function forget_all(origin)
  local list = read(origin)
  for at = 1, #list, 24 do
    local other = sub(list, at, at + 15)
    write(other, (without(read(other), origin)))
  end
  write(origin, {})
end

if both[1] == both[2] or ends <= now then
  return {'ok'}
end
for i = 1, 2 do
  local mine, other = both[i], both[3 - i]
  local kept, was = without(read(mine), other)
  if was >= ends then
    return {'ok'}
  end
  kept[#kept + 1] = other .. bytes('>I8', ends)
  if #kept > most then
    local oldest = sub(table.remove(kept, 1), 1, 16)
    write(oldest, (without(read(oldest), mine)))
  end
  write(mine, kept)
end
if call('ZCARD', BLOCKS) > tonumber(ARGV[6]) then
  -- Beyond all bounds, what ends first is forgotten.
  local first = call('ZRANGEBYSCORE', BLOCKS, 0, '+inf', 'LIMIT', 0, 1)[1]
  if first then forget_all(first) end
end
return {'ok'}
