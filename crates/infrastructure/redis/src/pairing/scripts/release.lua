-- The seat is out of the queue and out of any chat.
--
-- Word    r, then r to rest, h to be held, g gone for ever; seat, generation,
--         how long a seat that is gone is remembered, so that no late word brings it back (4 bytes)
-- Answer  nothing
--
-- Idempotent, fenced by the generation, bounded: one seat, and up to four that went long ago.
local function release(word)
  local kind, seat, generation, remembered = number('>c1c16c8I4', word, 2)
  local old = that_counts(call('HGET', BOOK, seat), generation)
  local phase = old and byte(old)
  if old and (phase == 103 or number('>I8', old, 3) > number('>I8', generation)) then
    return ''
  end
  if phase == 119 or phase == 111 then clear_up(seat, old) end
  if kind ~= 'g' then
    call('HSET', BOOK, seat, kind .. (old and sub(old, 2, 2) or '0') .. generation .. me
      .. (old and sub(old, 19, 26) or NOTHING) .. NO_LINK)
    belongs(seat, old)
    return ''
  end
  call('HSET', BOOK, seat, 'g0' .. generation .. me .. NOTHING .. NO_LINK)
  call('ZADD', ENDS, digits(now + remembered), 'g' .. seat)
  if old then
    call('HDEL', BOOK, 'd' .. seat)
    call('ZREM', OWNERS, sub(old, 11, 18) .. '\0' .. seat)
  end
  forget(4)
  return ''
end
