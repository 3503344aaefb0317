-- Forgets a part of what dead nodes left, and of what is over.
--
-- KEYS  seats families lines queue owners nodes blocks meta ends legacies
-- ARGV  1 time or nothing   2 not after
--       3 how long after the first look the second one agrees   4 how much longer when more than half of the nodes look dead
--       5 how long after the end of a node's lease its seats are forgotten   6 how many seats to look at
-- Answer  more or done, how many seats were looked at, anomalies   late
--
-- A node is dead if its lease was over at two looks that are so far apart. Its seats leave the queue and their offers at once,
-- and stay to be taken over until they are forgotten. A node that speaks again is not dead any more: what was taken from the
-- queue is lapsed, so that the same search puts it back. Idempotent: each call does the next part. Bounded by what it is told
-- to look at, and by the number of nodes.
local NODES, BLOCKS, META, ENDS, LEGACIES = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local agrees, longer, grace, left = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local looked, has_more = 0, false

-- Owners of seats that nobody knows as nodes: they never spoke, or were forgotten too early.
local last = ''
for i = 1, 64 do
  local member = call('ZRANGEBYLEX', OWNERS, '(' .. last, '+', 'LIMIT', 0, 1)[1]
  if not member then break end
  local owner = sub(member, 1, 8)
  call('HSETNX', NODES, 'n' .. owner, bytes('>I8', now))
  last = owner .. '\1'
end

local all, known, silent, notes = call('HGETALL', NODES), 0, {}, {}
for i = 1, #all, 2 do
  local field, value = all[i], all[i + 1]
  local kind = byte(field)
  if kind == 110 then
    known = known + 1
    if number('>I8', value) <= now then
      silent[#silent + 1] = {sub(field, 2), (number('>I8', value))}
    end
  elseif kind then
    notes[field] = value
  end
end
if #silent * 2 > known then agrees = agrees + longer end

local function withdraw(seat, record)
  if byte(record) == 119 then
    leave(record, seat)
  else
    lapse(record, seat)
  end
end

for i = 1, #silent do
  local node, ended = silent[i][1], silent[i][2]
  local since = notes['s' .. node]
  if not since then
    call('HSET', NODES, 's' .. node, bytes('>I8', now))
  elseif left > 0 and now - number('>I8', since) >= agrees then
    local is_over = now >= ended + grace
    local from = not is_over and notes['k' .. node] or node
    local members = call('ZRANGEBYLEX', OWNERS, '(' .. from, '(' .. node .. '\1', 'LIMIT', 0, left)
    for m = 1, #members do
      local seat = sub(members[m], 10)
      local record = call('HGET', SEATS, seat)
      local phase = record and byte(record)
      if phase == 119 or phase == 111 then
        withdraw(seat, record)
        if not is_over then
          call('HSET', SEATS, seat, 'l' .. sub(record, 2, 26) .. NO_LINK .. sub(record, 68))
        end
      end
      if is_over then
        if record and sub(record, 11, 18) == node then
          call('HDEL', SEATS, seat)
          call('HDEL', LEGACIES, seat)
        end
        call('ZREM', OWNERS, members[m])
      end
    end
    left, looked = left - #members, looked + #members
    if left == 0 then
      has_more = true
      if not is_over then call('HSET', NODES, 'k' .. node, members[#members]) end
    elseif is_over then
      call('HDEL', NODES, 'n' .. node, 's' .. node, 'k' .. node)
    elseif #members > 0 then
      call('HSET', NODES, 'k' .. node, members[#members])
    end
  end
end

if left > 0 then
  local forgotten = forget(ENDS, LEGACIES, left)
  looked = looked + forgotten
  if forgotten == left then has_more = true end
end

-- The first of the queue wait for longest: who has no business there is found here.
local first = call('ZRANGE', QUEUE, 0, 8)
for i = 1, #first do
  if first[i] ~= '' then
    local record = call('HGET', SEATS, first[i])
    if not record or byte(record) ~= 119 then
      anomalies = anomalies + 1
      call('ZREM', QUEUE, first[i])
    end
  end
end

-- Blocks that are over, some at a time.
local scanned = call('HSCAN', BLOCKS, call('HGET', META, 'blocks') or '0', 'COUNT', 20)
call('HSET', META, 'blocks', scanned[1])
for i = 1, #scanned[2], 2 do
  local origin, list, kept = scanned[2][i], scanned[2][i + 1], {}
  for at = 1, #list, 24 do
    if number('>I8', list, at + 16) > now then kept[#kept + 1] = sub(list, at, at + 23) end
  end
  if origin ~= '' and #kept * 24 < #list then
    if #kept == 0 then
      call('HDEL', BLOCKS, origin)
    else
      call('HSET', BLOCKS, origin, table.concat(kept))
    end
  end
end
return {has_more and 'more' or 'done', tostring(looked), tostring(anomalies)}
