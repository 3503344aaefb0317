-- The index of those who wait: read before each script that changes who does.
--
-- A family is an interest in one mode, or, for those who do not insist on a shared one, all zeros in one mode. Its name is
-- the mode and 16 bytes. KEYS[2] (`families`) holds under that name an entry of 33 bytes for each of its people: place,
-- seat, language, openness. Beyond 32 of them it holds `\1` and their number instead, and they stand in KEYS[3] (`lines`),
-- whose members all have the score 0 and are the family, a line and the entry:
--
--     U              who named no language
--     L and language who named it
--     P              who named one and takes any by now
--     S              who named one and insists on it
--
-- So whoever looks reads two or three short ranges, however many wait whom they do not fit. KEYS[4] (`queue`) has all who
-- wait by place, KEYS[5] (`owners`) all seats by owner.
--
-- Who is in the index is exactly who has a record that says so, as it says.
local ANYBODY, UNNAMED = '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0', '\0\0\0\0\0\0\0\0'
local ENTRY, MOST, FEW = 33, 32, 8
local anomalies = 0

-- The families that a record belongs to.
local function families_of(record)
  local mode, names, openness = sub(record, 114, 114), {}, byte(record, 2)
  local count = byte(record, 131)
  for i = 1, count do
    names[i] = mode .. sub(record, 116 + 16 * i, 131 + 16 * i)
  end
  if openness == 49 or openness == 51 then
    names[count + 1] = mode .. ANYBODY
  end
  return names
end

local function entry_of(record, seat)
  return sub(record, 123, 130) .. seat .. sub(record, 115, 122) .. sub(record, 2, 2)
end

-- Changes the lines of a large family: by ZADD or ZREM.
local function change_lines(verb, family, entry)
  local language = sub(entry, 25, 32)
  local first, second
  if language == UNNAMED then
    first = family .. 'U' .. entry
  else
    first = family .. 'L' .. language .. entry
    second = family .. (byte(entry, 33) >= 50 and 'P' or 'S') .. entry
  end
  if verb == 'ZADD' then
    if second then call(verb, LINES, 0, first, 0, second) else call(verb, LINES, 0, first) end
  elseif second then
    call(verb, LINES, first, second)
  else
    call(verb, LINES, first)
  end
end

-- A large family that has become a small one.
local function shrunk(family)
  local all = {}
  for _, range in ipairs({{'U', 'V'}, {'L', 'M'}}) do
    local members = call('ZRANGEBYLEX', LINES, '[' .. family .. range[1], '(' .. family .. range[2])
    for i = 1, #members do
      local entry = sub(members[i], -ENTRY)
      all[#all + 1] = entry
      change_lines('ZREM', family, entry)
    end
  end
  return table.concat(all)
end

-- Puts a seat into the index, as its record says. `values` is what its families hold.
local function enter(record, seat, names, values)
  local entry, changes = entry_of(record, seat), {}
  for i = 1, #names do
    local value = values[i]
    if not value then
      value = entry
    elseif byte(value) == 1 then
      change_lines('ZADD', names[i], entry)
      value = '\1' .. (sub(value, 2) + 1)
    elseif #value < ENTRY * MOST then
      value = value .. entry
    else
      for at = 1, #value, ENTRY do
        change_lines('ZADD', names[i], sub(value, at, at + ENTRY - 1))
      end
      change_lines('ZADD', names[i], entry)
      value = '\1' .. (MOST + 1)
    end
    changes[2 * i - 1], changes[2 * i] = names[i], value
  end
  if #changes > 0 then
    call('HSET', FAMILIES, unpack(changes))
  end
  call('ZADD', QUEUE, (number('>I8', entry)), seat)
end

-- Takes a seat out of the index. `record` is what it was put there with.
local function leave(record, seat)
  local names = families_of(record)
  if #names > 0 then
    local entry = entry_of(record, seat)
    local key = sub(entry, 1, 24)
    local values, changes, emptied = call('HMGET', FAMILIES, unpack(names)), {}, {}
    for i = 1, #names do
      local value, name = values[i], names[i]
      if not value then
        anomalies = anomalies + 1
      elseif byte(value) == 1 then
        change_lines('ZREM', name, entry)
        local left = sub(value, 2) - 1
        value = left > FEW and '\1' .. left or shrunk(name)
      else
        local at = find(value, key, 1, true)
        if at then
          value = sub(value, 1, at - 1) .. sub(value, at + ENTRY)
        else
          anomalies = anomalies + 1
        end
      end
      if value == '' then
        emptied[#emptied + 1] = name
      elseif value then
        changes[#changes + 1] = name
        changes[#changes + 1] = value
      end
    end
    if #emptied > 0 then call('HDEL', FAMILIES, unpack(emptied)) end
    if #changes > 0 then call('HSET', FAMILIES, unpack(changes)) end
  end
  call('ZREM', QUEUE, seat)
end

-- The offer of `seat` is over: its other side is in none any more.
local function lapse(record, seat)
  local other = sub(record, 43, 58)
  local theirs = call('HGET', SEATS, other)
  if theirs and byte(theirs) == 111 and sub(theirs, 27, 58) == sub(record, 27, 42) .. seat then
    call('HSET', SEATS, other, 'l' .. sub(theirs, 2, 26) .. NO_LINK .. sub(theirs, 68))
  end
end

-- Whose seat it is, if that is news.
local function belongs(old, seat, owner)
  if not old then
    call('ZADD', OWNERS, 0, owner .. '\0' .. seat)
  elseif sub(old, 11, 18) ~= owner then
    call('ZREM', OWNERS, sub(old, 11, 18) .. '\0' .. seat)
    call('ZADD', OWNERS, 0, owner .. '\0' .. seat)
  end
end
