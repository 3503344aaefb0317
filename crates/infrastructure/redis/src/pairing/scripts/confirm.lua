-- Both seats of an offer are in their chat.
--
-- Word    f, chat, who looked: seat, generation, who was found: seat, generation
-- Answer  nothing
--
-- Idempotent: the same words put the same in place of the same. Fenced: a seat of which something newer is known stays as
-- it is. Bounded: two seats.
local function note_chat(seat, generation, record, chat, other, role)
  local old = that_counts(record, generation)
  local phase = old and byte(old)
  if not old or (phase ~= 103 and number('>I8', old, 3) <= number('>I8', generation)) then
    -- The other side of this very offer is told of its own.
    if phase == 119 or (phase == 111 and sub(old, 27, 58) ~= chat .. other) then clear_up(seat, old) end
    call('HSET', BOOK, seat, 'c' .. (old and sub(old, 2, 2) or '0') .. generation .. me
      .. (old and sub(old, 19, 26) or NOTHING) .. chat .. other .. NOTHING .. role)
    belongs(seat, old)
  elseif phase == 111 and sub(old, 27, 42) == chat then
    -- It cannot be in the offer of a seat that is in a chat.
    call('HSET', BOOK, seat, 'l' .. sub(old, 2, 26) .. NO_LINK)
  end
end

local function confirm(word)
  local chat, one, one_at, other, other_at = number('>c16c16c8c16c8', word, 2)
  local records = call('HMGET', BOOK, one, other)
  local ours, theirs = records[1], records[2]
  if ours and theirs and byte(ours) == 111 and byte(theirs) == 111
    and sub(ours, 11, 18) == me and sub(ours, 27, 58) == chat .. other
    and sub(theirs, 11, 18) == me and sub(theirs, 27, 58) == chat .. one
    and number('>I8', ours, 3) <= number('>I8', one_at) and number('>I8', theirs, 3) <= number('>I8', other_at) then
    -- As it nearly always is.
    call('HSET', BOOK, one, 'c' .. sub(ours, 2, 2) .. one_at .. sub(ours, 11),
      other, 'c' .. sub(theirs, 2, 2) .. other_at .. sub(theirs, 11))
  else
    note_chat(one, one_at, ours, chat, other, 'i')
    note_chat(other, other_at, theirs, chat, one, 'r')
  end
  return ''
end
