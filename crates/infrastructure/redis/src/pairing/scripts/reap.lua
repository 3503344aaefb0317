-- Forgets a part of what dead nodes left, and of what is over.
--
-- KEYS  book lines queue owners nodes ends blocks
-- ARGV  1 this node, not after, time or 0 (8 bytes each)
--       2 how long after the first look the second one agrees   3 how much longer when more than half of the nodes look dead
--       4 how long after the end of a node's lease its seats are forgotten   5 how many seats to look at
--       6 how long a lease is
-- Answer  more or done, how many seats were looked at, strays   late
--
-- A node is dead if its lease was over at two looks that are so far apart. Its seats leave the queue and their offers at once,
-- and stay to be taken over until they are forgotten. A node that speaks again is not dead any more: what was taken from the
-- queue is lapsed, so that the same search puts it back. Idempotent: each call does the next part. Bounded by what it is told
-- to look at, and by the number of nodes.
local NODES, BLOCKS = KEYS[5], KEYS[7]
local agrees, longer, grace, left = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local looked, has_more = 0, false

-- Owners of seats that nobody knows as nodes: they have not spoken since all was lost. They count as if they spoke now.
local last = ''
for i = 1, 64 do
  local member = call('ZRANGEBYLEX', OWNERS, '(' .. last, '+', 'LIMIT', 0, 1)[1]
  if not member then break end
  local owner = sub(member, 1, 8)
  call('HSETNX', NODES, 'n' .. owner, bytes('>I8', now + tonumber(ARGV[6])))
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
      local record = call('HGET', BOOK, seat)
      local phase = record and byte(record)
      if phase == 119 or phase == 111 then
        clear_up(seat, record)
        if not is_over then
          call('HSET', BOOK, seat, 'l' .. sub(record, 2, 26) .. NO_LINK)
        end
      end
      if is_over then
        if record and sub(record, 11, 18) == node then
          call('HDEL', BOOK, seat, 'd' .. seat, 'l' .. seat)
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
  local forgotten = forget(left)
  looked = looked + forgotten
  if forgotten == left then has_more = true end
end

-- The first of the queue wait for longest: who has no business there is found here.
local first = call('ZRANGE', QUEUE, 0, 8)
for i = 1, #first do
  if first[i] ~= '' then
    local record = call('HGET', BOOK, first[i])
    if not record or byte(record) ~= 119 then
      strays = strays + 1
      call('ZREM', QUEUE, first[i])
    end
  end
end

-- Blocks that are over, some at a time.
local over = call('ZRANGEBYSCORE', BLOCKS, 0, now, 'LIMIT', 0, 20)
for i = 1, #over do
  call('HDEL', BOOK, 'b' .. over[i])
  call('ZREM', BLOCKS, over[i])
end
return {has_more and 'more' or 'done', tostring(looked), tostring(strays)}
