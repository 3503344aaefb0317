-- Counts attempts of an origin and, if both limits allow it, a seat for the last of them.
--
-- KEYS[1]  the hash of the origin:
--            't' -> when the present step of five seconds began, and the attempts in it and the eleven before, newest
--            first; 's' and a node -> the number of what it told last, and how many seats it has
-- ARGV[1]  how far the clock is ahead, in milliseconds: 0 outside tests
-- ARGV[2]  the most seats; 0 is no limit
-- ARGV[3]  the most attempts within a minute; 0 is no limit, and none is counted
-- ARGV[4]  the node
-- ARGV[5]  the number of what it tells
-- ARGV[6]  how many seats it has, this one included
-- ARGV[7]  how long seats are remembered without being told of, in milliseconds
-- ARGV[8]  how many attempts: those before the last were refused without asking
-- ARGV...  nodes that are dead: their seats are forgotten
--
-- Answers {1} if the seat is counted; {0, milliseconds} if there are too many attempts, for so long; {-1, nodes...} if
-- there are too many seats, and which other nodes have some. Told twice it counts the attempts twice and the seat once.

local STEPS, STEP = 12, 5000
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[1])
local most_seats, most_attempts = tonumber(ARGV[2]), tonumber(ARGV[3])

for i = 9, #ARGV do
  redis.call('HDEL', KEYS[1], 's' .. ARGV[i])
end

local own, others, nodes, told = 0, 0, {}, 0
local fields = redis.call('HGETALL', KEYS[1])
local began, counts = now, {}
for i = 1, #fields, 2 do
  local field, value = fields[i], fields[i + 1]
  if field == 't' then
    for number in string.gmatch(value, '%d+') do
      counts[#counts + 1] = tonumber(number)
    end
    began = table.remove(counts, 1)
  else
    local number, seats = string.match(value, '^(%d+) (%d+)$')
    if field == 's' .. ARGV[4] then
      told, own = tonumber(number), tonumber(seats)
    else
      others = others + tonumber(seats)
      nodes[#nodes + 1] = string.sub(field, 2)
    end
  end
end

local refused
if most_attempts > 0 then
  -- A clock that was set back must not keep anybody out for ever.
  local passed = began <= now and math.floor((now - began) / STEP) or STEPS
  local total = 0
  for i = 1, #counts do
    total = total + counts[i]
  end
  if passed >= STEPS or total == 0 then
    began, counts = now, {}
    for i = 1, STEPS do
      counts[i] = 0
    end
  else
    for _ = 1, passed do
      table.remove(counts)
      table.insert(counts, 1, 0)
    end
    began = began + passed * STEP
  end
  counts[1] = counts[1] + tonumber(ARGV[8])
  total = 0
  for i = 1, STEPS do
    total = total + counts[i]
  end
  redis.call('HSET', KEYS[1], 't', string.format('%.0f,', began) .. table.concat(counts, ','))
  if total > most_attempts then
    -- When so many steps more are over, the oldest of today's counts do not matter any more.
    local left, steps = total, STEPS
    for i = 1, STEPS - 1 do
      left = left - counts[STEPS + 1 - i]
      if left < most_attempts then
        steps = i
        break
      end
    end
    refused = {0, began + STEP * steps - now}
  end
end

if not refused and most_seats > 0 then
  -- What was told later is known better.
  local number, seats = tonumber(ARGV[5]), tonumber(ARGV[6])
  if told > number then
    seats = math.max(seats, own + 1)
  end
  if others + seats > most_seats then
    refused = {-1, unpack(nodes)}
  else
    own = seats
    redis.call('HSET', KEYS[1], 's' .. ARGV[4], string.format('%.0f %.0f', math.max(told, number), seats))
  end
end

local lasting = (own > 0 or others > 0) and tonumber(ARGV[7]) or (STEPS + 1) * STEP
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', lasting))
return refused or {1}
