-- Looks for the partner who fits best; if there is none, puts the seeker into the queue.
--
-- Word    c, seat, generation, until when it insists on a shared interest or 0, until when on its language or 0 (8 bytes
--         each), chat; where to go on looking: for each large family its name and the last place and seat that were looked
--         at. The next word is the dossier.
-- Answer  w, when to ask again or 0 (8 bytes), strays (2 bytes), where to go on
--         o, seat and generation of one of this node     p, seat, record and dossier of one of another node
--         s if the store knows better
--
-- Idempotent: repeated while it waits it looks again, and after it has come to an offer it is stale. Fenced by the
-- generation: what is older changes nothing. Bounded: of each family, of which there are at most 11, it looks at 32 entries
-- or, of a large one, at 64 of each of three lines; then it says where to go on.
local NODES, LOOKS, FIRST_LOOKS = KEYS[5], 64, 4

-- Whether one entry stands before another. Texts are not compared as such: their order is that of the server's language.
local function comes_before(one, other)
  for at = 1, 21, 4 do
    local left, right = number('>I4', one, at), number('>I4', other, at)
    if left ~= right then return left < right end
  end
  return false
end

-- Those in a large family whom somebody of this language accepts and who accept them, no further than the first line that
-- has more. Answers with their entries and how far that was, if there are more.
local function look_into(family, language, open_language, from, looks)
  local lines = {family .. 'U'}
  if language == NOTHING then
    lines[2], lines[3] = family .. 'S', family .. 'P'
  else
    lines[2] = family .. 'L' .. language
    if open_language then lines[3] = family .. 'P' end
  end
  local frontier, all = nil, {}
  for l = 1, #lines do
    local members = call('ZRANGEBYLEX', LINES, '(' .. lines[l] .. from, '(' .. lines[l] .. '\255', 'LIMIT', '0', digits(looks))
    for m = 1, #members do
      all[#all + 1] = sub(members[m], -ENTRY)
    end
    if #members == looks then
      local last = sub(members[looks], -ENTRY)
      if not frontier or comes_before(last, frontier) then frontier = last end
    end
  end
  if not frontier then
    return table.concat(all)
  end
  local kept = {}
  for a = 1, #all do
    if not comes_before(frontier, all[a]) then kept[#kept + 1] = all[a] end
  end
  return table.concat(kept), sub(frontier, 1, 24)
end

-- Until when one side's own list keeps it from meeting `whom`; 0 if it does not.
local function avoided_until(dossier, whom)
  local avoids = number('>I2', dossier, 45)
  if avoids == 0 then return 0 end
  local at, latest = 81 + 17 * byte(dossier, 63), 0
  local stop = at + 25 * avoids
  at = find(dossier, whom, at, true)
  while at and at < stop do
    local ends = number('>I8', dossier, at + 16)
    if ends > latest then latest = ends end
    at = find(dossier, whom, at + 25, true)
  end
  return latest
end

-- What these families hold, if it is among what was read.
local function among(names, known_names, known_values)
  local values = {}
  for i = 1, #names do
    for k = 1, #known_names do
      if known_names[k] == names[i] then values[i] = known_values[k + 2] end
    end
    if not values[i] then return nil end
  end
  return values
end

local function claim(word, dossier)
  local seat, generation, until_interests, until_language, chat = number('>c16c8I8I8c16', word, 2)
  local cursor = #word > 57 and sub(word, 58)

  -- The openness of this moment, and when it changes.
  local retry, openness = 1e300, '3'
  local open_language = until_language <= now
  if until_interests > now then
    retry, openness = until_interests, open_language and '2' or '0'
  elseif not open_language then
    openness = '1'
  end
  if not open_language and until_language < retry then retry = until_language end

  local names, interests = families_of(dossier, byte(openness))
  local families, blocks = #names, 'b' .. sub(dossier, 17, 32)
  -- What the families hold begins at the third of these.
  local values = call('HMGET', BOOK, seat, blocks, unpack(names))
  local old, blocked = that_counts(values[1], generation), values[2]

  local phase
  if old then
    phase = byte(old)
    if sub(old, 3, 10) == generation then
      if phase ~= 119 and (phase ~= 108 or cursor) then return 's' end
    elseif cursor or phase == 103 or number('>I8', old, 3) > number('>I8', generation) then
      return 's'
    end
  elseif cursor then
    return 's'
  end

  -- Most searches are repeated as they were, and stand where they stood.
  local stands = false
  if phase == 119 then
    local known = call('HGET', BOOK, 'd' .. seat)
    stands = known and sub(old, 2, 2) == openness
      and sub(known, 47, 80 + 17 * interests) == sub(dossier, 47, 80 + 17 * interests)
    if not stands then
      leave(seat, old, known)
      values = call('HMGET', BOOK, seat, blocks, unpack(names))
    end
  end

  -- Everybody who fits as far as interests and languages go, each once.
  local language = sub(dossier, 47, 54)
  local count, seats, spots, shared, is_partial = 0, nil, nil, nil, false
  local go_on, may_share_more = '', false
  for i = 1, families do
    local entries = values[i + 2]
    if entries or cursor then
      local weight = i <= interests and 1 or 0
      local from = cursor and find(cursor, names[i], 1, true)
      if cursor and not from then
        entries = nil
      elseif entries and byte(entries) == 1 then
        -- Where interests do not count the first who fits is the best, and is soon found.
        local looks = (weight == 0 and not cursor) and FIRST_LOOKS or LOOKS
        local behind = from and sub(cursor, from + 17, from + 40) .. '\255' or ''
        local last
        entries, last = look_into(names[i], language, open_language, behind, looks)
        is_partial = is_partial or weight == 1
        if last then
          go_on = go_on .. names[i] .. last
          may_share_more = may_share_more or weight == 1
        end
      end
      for at = 1, entries and #entries or 0, ENTRY do
        local theirs = sub(entries, at + 24, at + 31)
        if theirs == language or theirs == NOTHING or language == NOTHING
          or (open_language and byte(entries, at + 32) >= 50) then
          local candidate = sub(entries, at + 8, at + 23)
          if not seats then
            seats, spots, shared = {}, {}, {}
          end
          if shared[candidate] then
            shared[candidate] = shared[candidate] + weight
          elseif candidate ~= seat then
            count = count + 1
            seats[count], shared[candidate], spots[candidate] = candidate, weight, sub(entries, at, at + ENTRY - 1)
          end
        end
      end
    end
  end

  -- The best comes first. What families do not show whole, the dossiers do.
  if is_partial and count > 0 then
    local fields = {}
    for i = 1, count do fields[i] = 'd' .. seats[i] end
    local all = call('HMGET', BOOK, unpack(fields))
    for i = 1, count do
      local in_common = 0
      for j = 1, all[i] and interests or 0 do
        if find(all[i], names[j], 64, true) then in_common = in_common + 1 end
      end
      shared[seats[i]] = in_common
    end
  end
  if count > 1 then
    table.sort(seats, function(one, other)
      if shared[one] ~= shared[other] then return shared[one] > shared[other] end
      return comes_before(spots[one], spots[other])
    end)
  end

  for i = 1, count do
    local candidate = seats[i]
    if may_share_more and shared[candidate] == 0 then
      -- Who shares an interest comes first, and not all who may have been looked at.
      go_on = go_on .. names[families] .. NOTHING .. NOTHING .. NOTHING
      break
    end
    local both = call('HMGET', BOOK, candidate, 'd' .. candidate)
    local record, theirs = both[1], both[2]
    if not record or not theirs or byte(record) ~= 119 then
      -- An entry that nobody stands for.
      strays = strays + 1
      drop(candidate, spots[candidate], names)
      values = nil
    else
      local owner = sub(record, 11, 18)
      local is_alive = owner == me
      if not is_alive then
        local lease = call('HGET', NODES, 'n' .. owner)
        is_alive = lease and now < number('>I8', lease)
      end
      if is_alive and (byte(ARGV[1], 29) ~= 114 or sub(theirs, 1, 16) ~= sub(dossier, 1, 16)) then
        local apart, ends = avoided_until(dossier, candidate), avoided_until(theirs, seat)
        if ends > apart then apart = ends end
        local at = blocked and find(blocked, sub(theirs, 17, 32), 1, true)
        if at then
          ends = number('>I8', blocked, at + 16)
          if ends > apart then apart = ends end
        end
        if apart <= now then
          if stands or phase == 111 then
            clear_up(seat, old)
            values = nil
          end
          -- Two of one node are in their chat. Two of different nodes are when both have agreed.
          local phase_now, closes = 'c', NOTHING
          if owner ~= me then
            phase_now, closes = 'o', bytes('>I8', now + number('>I4', ARGV[1], 25))
          end
          local changes = {
            seat, phase_now .. openness .. generation .. me .. (old and sub(old, 19, 26) or NOTHING) .. chat .. candidate
              .. closes .. 'i',
            'd' .. seat, dossier,
            candidate, phase_now .. sub(record, 2, 26) .. chat .. seat .. closes .. 'r',
          }
          local their_names = families_of(theirs, byte(record, 2))
          local entry = entry_of(candidate, theirs, sub(record, 2, 2))
          drop(candidate, entry, their_names, values and among(their_names, names, values), changes)
          call('HSET', BOOK, unpack(changes))
          belongs(seat, old)
          if owner == me then
            return 'o' .. candidate .. sub(record, 3, 10)
          end
          return 'p' .. candidate .. record .. theirs
        end
        if apart < retry then retry = apart end
      end
    end
  end

  if phase == 111 then clear_up(seat, old) end
  local changes = {
    seat, 'w' .. openness .. generation .. me .. (old and sub(old, 19, 26) or NOTHING) .. NO_LINK,
    'd' .. seat, dossier,
  }
  if not stands then
    local entry = entry_of(seat, dossier, openness)
    values = values or call('HMGET', BOOK, seat, blocks, unpack(names))
    for i = 1, families do
      local value = values[i + 2]
      if not value then
        value = entry
      elseif byte(value) ~= 1 and #value < ENTRY * MOST then
        value = value .. entry
      else
        value = change_large(names[i], value, entry, true)
      end
      changes[2 * i + 3], changes[2 * i + 4] = names[i], value
    end
    call('ZADD', QUEUE, digits(number('>I8', entry)), seat)
  end
  call('HSET', BOOK, unpack(changes))
  belongs(seat, old)
  return 'w' .. bytes('>I8I2', retry < 1e300 and retry or 0, strays) .. go_on
end
