-- The index of those who wait: read before each script that changes who does.
--
-- A family is an interest in one mode, or anybody in one mode: those who do not insist on a shared interest. Its name is the
-- mode and 16 bytes. The book holds under that name an entry of 33 bytes for each of its people: place, seat, language,
-- openness. Beyond 32 of them it holds `\1` and their number instead, and they stand in KEYS[2] (`lines`), whose members all
-- have the score 0 and are the family, a line and the entry:
--
--     U              who named no language
--     L and language who named it
--     P              who named one and takes any by now
--     S              who named one and insists on it
--
-- So whoever looks reads two or three short ranges, however many wait whom they do not fit. KEYS[3] (`queue`) has all who
-- wait by place, KEYS[4] (`owners`) all seats by owner.
--
-- Who is in the index is exactly who has a record that says so, as it says.
local LINES, QUEUE, OWNERS = KEYS[2], KEYS[3], KEYS[4]
local NOTHING, ENTRY, MOST, FEW = '\0\0\0\0\0\0\0\0', 33, 32, 8
local strays = 0

-- The families of somebody, by their dossier and openness, and how many of them are interests.
local function families_of(dossier, openness)
  local interests = byte(dossier, 63)
  local count = (openness == 49 or openness == 51) and interests + 1 or interests
  -- Most have one or two, and a table of a known size is made at once.
  local names
  if count == 1 then
    names = {sub(dossier, 64, 80)}
  else
    names = {sub(dossier, 64, 80), sub(dossier, 81, 97)}
    for i = 3, count do
      names[i] = sub(dossier, 47 + 17 * i, 63 + 17 * i)
    end
  end
  return names, interests
end

-- Adds an entry to a family that is large or becomes it, or takes one away. Answers with what the family holds then.
local function change_large(family, value, entry, is_added)
  local function change(verb, one)
    local language = sub(one, 25, 32)
    local first, second
    if language == NOTHING then
      first = family .. 'U' .. one
    else
      first = family .. 'L' .. language .. one
      second = family .. (byte(one, 33) >= 50 and 'P' or 'S') .. one
    end
    if verb == 'ZADD' then
      if second then call(verb, LINES, '0', first, '0', second) else call(verb, LINES, '0', first) end
    elseif second then
      call(verb, LINES, first, second)
    else
      call(verb, LINES, first)
    end
  end
  if is_added then
    local count = MOST
    if byte(value) == 1 then
      count = sub(value, 2)
    else
      for at = 1, #value, ENTRY do
        change('ZADD', sub(value, at, at + ENTRY - 1))
      end
    end
    change('ZADD', entry)
    return '\1' .. digits(count + 1)
  end
  change('ZREM', entry)
  local left = sub(value, 2) - 1
  if left > FEW then
    return '\1' .. digits(left)
  end
  -- It has become a small one.
  local all = {}
  for range = 1, 2 do
    local from, to = family .. (range == 1 and 'U' or 'L'), family .. (range == 1 and 'V' or 'M')
    local members = call('ZRANGEBYLEX', LINES, '[' .. from, '(' .. to)
    for i = 1, #members do
      local one = sub(members[i], -ENTRY)
      all[#all + 1] = one
      change('ZREM', one)
    end
  end
  return table.concat(all)
end

-- What a family holds without this entry; nothing if it was not there.
local function without(family, value, entry)
  if not value then
    strays = strays + 1
  elseif value == entry then
    return ''
  elseif byte(value) == 1 then
    return change_large(family, value, entry, false)
  else
    local at = find(value, sub(entry, 1, 24), 1, true)
    if at then
      return sub(value, 1, at - 1) .. sub(value, at + ENTRY)
    end
    strays = strays + 1
  end
end

-- Takes an entry out of these families, which hold `values` or are asked, and its seat out of the queue. What changes in
-- the book is added to `changes`, if there are some.
local function drop(seat, entry, names, values, changes)
  values = values or call('HMGET', BOOK, unpack(names))
  local is_mine = not changes
  changes = changes or {}
  local count, emptied = #changes, nil
  for i = 1, #names do
    local value = without(names[i], values[i], entry)
    if value == '' then
      emptied = emptied or {}
      emptied[#emptied + 1] = names[i]
    elseif value then
      changes[count + 1], changes[count + 2] = names[i], value
      count = count + 2
    end
  end
  if emptied then call('HDEL', BOOK, unpack(emptied)) end
  if is_mine and count > 0 then call('HSET', BOOK, unpack(changes)) end
  call('ZREM', QUEUE, seat)
end

local function entry_of(seat, dossier, openness)
  return sub(dossier, 55, 62) .. seat .. sub(dossier, 47, 54) .. openness
end

-- Takes a seat out of the index, which was put there with this record and dossier.
local function leave(seat, record, dossier)
  if dossier then
    drop(seat, entry_of(seat, dossier, sub(record, 2, 2)), (families_of(dossier, byte(record, 2))))
  else
    -- A part of what was known is lost. What stands in the index for this seat is dropped by who meets it.
    strays = strays + 1
    call('ZREM', QUEUE, seat)
  end
end

-- Undoes what the former phase of a seat meant for others: its place in the index, or an offer, whose other side is in
-- none any more.
local function clear_up(seat, old)
  local phase = byte(old)
  if phase == 119 then
    leave(seat, old, call('HGET', BOOK, 'd' .. seat))
  elseif phase == 111 then
    local other = sub(old, 43, 58)
    local theirs = call('HGET', BOOK, other)
    if theirs and byte(theirs) == 111 and sub(theirs, 27, 58) == sub(old, 27, 42) .. seat then
      call('HSET', BOOK, other, 'l' .. sub(theirs, 2, 26) .. NO_LINK)
    end
  end
end

-- Whose seat it is from now on, if that is news.
local function belongs(seat, old)
  if not old then
    call('ZADD', OWNERS, '0', me .. '\0' .. seat)
  elseif sub(old, 11, 18) ~= me then
    call('ZREM', OWNERS, sub(old, 11, 18) .. '\0' .. seat)
    call('ZADD', OWNERS, '0', me .. '\0' .. seat)
  end
end
