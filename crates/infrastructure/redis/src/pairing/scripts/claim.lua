-- Looks for the partner who fits best; if there is none, puts the seeker into the queue.
--
-- KEYS  seats families lines queue owners nodes blocks
-- ARGV  1 time or nothing   2 not after   3 this node   4 seat   5 generation, 8 bytes   6 dossier
--       7 until when it insists on a shared interest, or 0   8 until when on its language, or 0   9 chat
--       10 `r` if two of one origin may not meet   11 how long an offer to another node is open
--       12 where to go on looking: for each large family its name and the last place and seat that were looked at
-- Answer  w, when to ask again (8 bytes or nothing), where to go on, anomalies
--         o, seat and generation of one of this node     p, seat and record of one of another node
--         s if the store knows better                    late
--
-- Atomic as every script. Idempotent: repeated while it waits it looks again, and after it has come to an offer it is
-- stale. Fenced by the generation: what is older changes nothing. Bounded: of each family, of which there are at most 11, it
-- looks at 32 entries or, of a large one, at 64 of each of three lines; then it says where to go on.
local me, seat, generation, dossier = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local NODES, BLOCKS, LOOKS = KEYS[6], KEYS[7], 64
local FIRST_LOOKS = 4
local cursor = ARGV[12]

local old = call('HGET', SEATS, seat)
local phase = old and byte(old)
if old then
  local mine, known = number('>I8', generation), number('>I8', old, 3)
  if known > mine or phase == 103 or (known == mine and phase ~= 119 and phase ~= 108) then
    return {'s'}
  end
  if cursor ~= '' and (known ~= mine or phase ~= 119) then
    return {'s'}
  end
elseif cursor ~= '' then
  return {'s'}
end

-- Whether one entry stands before another. Texts are not compared as such: their order is that of the server's language.
local function comes_before(one, other)
  for at = 1, 21, 4 do
    local left, right = number('>I4', one, at), number('>I4', other, at)
    if left ~= right then return left < right end
  end
  return false
end

-- The openness of this moment, and when it changes.
local retry = 1e300
local open_interests, open_language = true, true
local until_interests, until_language = tonumber(ARGV[7]), tonumber(ARGV[8])
if until_interests > now then
  open_interests, retry = false, until_interests
end
if until_language > now then
  open_language = false
  if until_language < retry then retry = until_language end
end
local openness = (open_interests and (open_language and '3' or '1')) or (open_language and '2' or '0')
local state = openness .. generation .. me
local former = old and sub(old, 19, 26) or UNNAMED
local record = 'w' .. state .. former .. NO_LINK .. dossier

-- Most searches are repeated as they were, and stand where they stood.
local interests = byte(record, 131)
local stands = false
if phase == 119 then
  stands = byte(old, 2) == byte(record, 2) and sub(old, 114, 131 + 16 * interests) == sub(record, 114, 131 + 16 * interests)
  if not stands then leave(old, seat) end
end

-- Everybody who fits as far as interests and languages go, each once.
local names = families_of(record)
local values = #names > 0 and call('HMGET', FAMILIES, unpack(names)) or {}
local language = sub(record, 115, 122)
local seats, places, shared, count, has_large = {}, {}, {}, 0, false
local go_on, is_shared_open = '', false
for i = 1, #names do
  local value = values[i]
  local weight = i <= interests and 1 or 0
  local entries = value
  if cursor ~= '' and not find(cursor, names[i], 1, true) then
    entries = nil
  elseif value and byte(value) == 1 then
    -- A large family: the lines that this seat reads, no further than the first of them that has more. Where interests do
    -- not count the first who fits is the best, and is soon found.
    local family, looks = names[i], LOOKS
    if weight == 1 then
      has_large = true
    elseif cursor == '' then
      looks = FIRST_LOOKS
    end
    local lines = {family .. 'U'}
    if language == UNNAMED then
      lines[2], lines[3] = family .. 'S', family .. 'P'
    else
      lines[2] = family .. 'L' .. language
      if open_language then lines[3] = family .. 'P' end
    end
    local from = find(cursor, family, 1, true)
    from = from and sub(cursor, from + 17, from + 40) .. '\255' or ''
    local frontier, all = nil, {}
    for l = 1, #lines do
      local members = call('ZRANGEBYLEX', LINES, '(' .. lines[l] .. from, '(' .. lines[l] .. '\255', 'LIMIT', 0, looks)
      for m = 1, #members do
        all[#all + 1] = sub(members[m], -ENTRY)
      end
      if #members == looks then
        local last = sub(members[looks], -ENTRY)
        if not frontier or comes_before(last, frontier) then frontier = last end
      end
    end
    if frontier then
      local kept = {}
      for a = 1, #all do
        if not comes_before(frontier, all[a]) then kept[#kept + 1] = all[a] end
      end
      all = kept
      go_on = go_on .. family .. sub(frontier, 1, 24)
      if weight == 1 then is_shared_open = true end
    end
    entries = table.concat(all)
  end
  if entries then
    for at = 1, #entries, ENTRY do
      local theirs = sub(entries, at + 24, at + 31)
      if theirs == language or theirs == UNNAMED or language == UNNAMED
        or (open_language and byte(entries, at + 32) >= 50) then
        local candidate = sub(entries, at + 8, at + 23)
        if candidate ~= seat then
          if shared[candidate] then
            shared[candidate] = shared[candidate] + weight
          else
            count = count + 1
            seats[count], shared[candidate], places[candidate] = candidate, weight, (number('>I8', entries, at))
          end
        end
      end
    end
  end
end

-- The best comes first. What families do not show whole, the records do.
local records
if has_large and count > 0 then
  local theirs = call('HMGET', SEATS, unpack(seats))
  records = {}
  for i = 1, count do
    local in_common = 0
    if theirs[i] then
      for j = 1, interests do
        if find(theirs[i], sub(record, 116 + 16 * j, 131 + 16 * j), 132, true) then in_common = in_common + 1 end
      end
    end
    records[seats[i]], shared[seats[i]] = theirs[i], in_common
  end
end
if count > 1 then
  table.sort(seats, function(one, other)
    if shared[one] ~= shared[other] then return shared[one] > shared[other] end
    if places[one] ~= places[other] then return places[one] < places[other] end
    return comes_before('\0\0\0\0\0\0\0\0' .. one, '\0\0\0\0\0\0\0\0' .. other)
  end)
end

-- Until when one side's own list keeps it from meeting `whom`; 0 if it does not.
local function avoided_until(side, whom)
  local avoids = number('>I2', side, 112)
  if avoids == 0 then return 0 end
  local at, latest = 132 + 16 * byte(side, 131), 0
  local stop = at + 25 * avoids
  at = find(side, whom, at, true)
  while at and at < stop do
    local ends = number('>I8', side, at + 16)
    if ends > latest then latest = ends end
    at = find(side, whom, at + 25, true)
  end
  return latest
end

local blocked
for i = 1, count do
  local candidate = seats[i]
  if is_shared_open and shared[candidate] == 0 then
    -- Who shares an interest comes first, and not all who may have been looked at.
    go_on = go_on .. names[#names] .. UNNAMED .. ANYBODY
    break
  end
  local theirs
  if records then theirs = records[candidate] else theirs = call('HGET', SEATS, candidate) end
  if not theirs or byte(theirs) ~= 119 then
    anomalies = anomalies + 1
  else
    local owner = sub(theirs, 11, 18)
    local is_alive = owner == me
    if not is_alive then
      local lease = call('HGET', NODES, 'n' .. owner)
      is_alive = lease and now < number('>I8', lease)
    end
    if is_alive and (ARGV[10] ~= 'r' or sub(theirs, 68, 83) ~= sub(record, 68, 83)) then
      local apart = avoided_until(record, candidate)
      local ends = avoided_until(theirs, seat)
      if ends > apart then apart = ends end
      blocked = blocked or call('HGET', BLOCKS, sub(record, 84, 99)) or ''
      if blocked ~= '' then
        local at = find(blocked, sub(theirs, 84, 99), 1, true)
        if at then
          ends = number('>I8', blocked, at + 16)
          if ends > apart then apart = ends end
        end
      end
      if apart <= now then
        leave(theirs, candidate)
        if stands then
          leave(old, seat)
        elseif phase == 111 then
          lapse(old, seat)
        end
        local link, closes = ARGV[9], bytes('>I8', now + ARGV[11])
        call('HSET', SEATS, seat, 'o' .. state .. former .. link .. candidate .. closes .. 'i' .. dossier,
          candidate, 'o' .. sub(theirs, 2, 26) .. link .. seat .. closes .. 'r' .. sub(theirs, 68))
        belongs(old, seat, me)
        if owner == me then
          return {'o', candidate, sub(theirs, 3, 10)}
        end
        return {'p', candidate, theirs}
      end
      if apart < retry then retry = apart end
    end
  end
end

if phase == 111 then lapse(old, seat) end
if not stands then enter(record, seat, names, values) end
call('HSET', SEATS, seat, record)
belongs(old, seat, me)
return {'w', retry < 1e300 and bytes('>I8', retry) or '', go_on, tostring(anomalies)}
