-- Notes what another node has to know to take over a seat that is not in the queue.
--
-- Word    k, phase: r, h or c; seat, generation, link: chat, other seat, no end, role (41 bytes);
--         until when what is left of it is kept, or 0 (8 bytes); all there is left, sealed. The next word is the dossier.
-- Answer  nothing
--
-- Idempotent, fenced by the generation, bounded: one seat, and up to four legacies whose time is over.
local function keep(word, dossier)
  local phase, seat, generation, link, kept_until = number('>c1c16c8c41I8', word, 2)
  local old = that_counts(call('HGET', BOOK, seat), generation)
  local was = old and byte(old)
  if old and (was == 103 or number('>I8', old, 3) > number('>I8', generation)) then
    return ''
  end
  if was == 119 or was == 111 then clear_up(seat, old) end
  call('HSET', BOOK, seat, phase .. (old and sub(old, 2, 2) or '0') .. generation .. me
    .. (old and sub(old, 19, 26) or NOTHING) .. link, 'd' .. seat, dossier)
  belongs(seat, old)
  if kept_until > 0 then
    call('HSET', BOOK, 'l' .. seat, generation .. bytes('>I8', kept_until) .. sub(word, 76))
    call('ZADD', ENDS, digits(kept_until), 'b' .. seat)
    forget(4)
  end
  return ''
end
