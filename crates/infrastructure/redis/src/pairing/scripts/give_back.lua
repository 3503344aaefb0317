-- Gives a seat back to the node that it was taken from: its user was not served here after all.
--
-- KEYS  book lines queue owners
-- ARGV  1 this node, not after, time or 0 (8 bytes each)   2 seat
-- Answer  ok   late
--
-- Idempotent. Fenced: only as long as this node has said nothing of the seat since it took it, and nobody has taken it since;
-- its generation becomes the first of another tenure, so that its owner learns that it is still its own. Bounded: one seat.
local seat, OWNERS = ARGV[2], KEYS[4]
local old = call('HGET', BOOK, seat)
if old and byte(old) ~= 103 and sub(old, 11, 18) == me and sub(old, 8, 10) == '\0\0\0' then
  local former = sub(old, 19, 26)
  if former ~= '\0\0\0\0\0\0\0\0' and former ~= me then
    call('HSET', BOOK, seat, sub(old, 1, 2) .. next_tenure(tenure(old, 3)) .. former .. me .. sub(old, 27))
    call('ZREM', OWNERS, me .. '\0' .. seat)
    call('ZADD', OWNERS, '0', former .. '\0' .. seat)
  end
end
return {'ok'}
