-- The seat is out of the queue and out of any chat.
--
-- KEYS  seats families lines queue owners ends legacies
-- ARGV  1 time or nothing   2 not after   3 this node   4 seat   5 generation   6 r rest, h hold, g gone for ever
--       7 how long a seat that is gone is remembered, so that no late word brings it back
-- Answer  ok   late
--
-- Idempotent, fenced by the generation, bounded: one seat, and up to four that went long ago.
local me, seat, generation, kind = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local ENDS, LEGACIES = KEYS[6], KEYS[7]
local old = call('HGET', SEATS, seat)
local phase = old and byte(old)
if old and (phase == 103 or number('>I8', old, 3) > number('>I8', generation)) then
  return {'ok'}
end
if phase == 119 then
  leave(old, seat)
elseif phase == 111 then
  lapse(old, seat)
end
if kind ~= 'g' then
  call('HSET', SEATS, seat, kind .. (old and sub(old, 2, 2) or '0') .. generation .. me
    .. (old and sub(old, 19, 26) or UNNAMED) .. NO_LINK .. (old and sub(old, 68) or ''))
  belongs(old, seat, me)
  return {'ok'}
end
call('HSET', SEATS, seat, 'g0' .. generation .. me .. UNNAMED .. NO_LINK)
call('ZADD', ENDS, now + ARGV[7], 'g' .. seat)
if old then
  call('ZREM', OWNERS, sub(old, 11, 18) .. '\0' .. seat)
end
forget(ENDS, LEGACIES, 4)
return {'ok'}
