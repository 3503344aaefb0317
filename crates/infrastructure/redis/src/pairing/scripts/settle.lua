-- The owner of the one who was found agrees to an offer that another node's seat made; or either owner ends one.
--
-- Word    a to agree, s to end it; chat, who looked: seat, generation, who was found: seat, generation
-- Answer  y if both are in the chat   n if nothing came of the offer   u and the name of the memory, if it knows but one of
--         the seats, or neither
--
-- Idempotent: once it is agreed the records name the chat, and what is over stays over. Fenced: agreed to is only what is
-- open, with neither seat moved on; ended is the offer of this chat and no other. Bounded: two seats.
local function settle(word)
  local chat, seeker, seeker_at, found, found_at = number('>c16c16c8c16c8', word, 2)
  local records = call('HMGET', BOOK, seeker, found)
  local theirs, ours = records[1], records[2]
  local theirs_is = theirs and sub(theirs, 27, 42) == chat and byte(theirs)
  local ours_is = ours and sub(ours, 27, 42) == chat and byte(ours)
  if theirs_is == 99 or ours_is == 99 then
    return 'y'
  end
  if byte(word) == 115 and not (theirs and ours) then
    return 'u' .. (call('HGET', BOOK, '') or '')
  end
  if byte(word) == 97 and theirs_is == 111 and ours_is == 111 and sub(theirs, 3, 10) == seeker_at
    and sub(ours, 3, 10) == found_at and now < number('>I8', ours, 59) then
    call('HSET', BOOK, seeker, 'c' .. sub(theirs, 2), found, 'c' .. sub(ours, 2))
    return 'y'
  end
  if theirs_is == 111 then call('HSET', BOOK, seeker, 'l' .. sub(theirs, 2, 26) .. NO_LINK) end
  if ours_is == 111 then call('HSET', BOOK, found, 'l' .. sub(ours, 2, 26) .. NO_LINK) end
  return 'n'
end
