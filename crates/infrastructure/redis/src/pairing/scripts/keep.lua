-- Notes what another node has to know to take over a seat that is not in the queue.
--
-- KEYS  seats families lines queue owners ends legacies
-- ARGV  1 time or nothing   2 not after   3 this node   4 seat   5 generation   6 phase: r, h or c
--       7 chat, other seat, no end, role   8 dossier
--       9 until when what is left of it is kept, or 0   10 what is left of it, sealed
-- Answer  ok   late
--
-- Idempotent, fenced by the generation, bounded: one seat, and up to four legacies whose time is over.
local me, seat, generation = ARGV[3], ARGV[4], ARGV[5]
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
call('HSET', SEATS, seat, ARGV[6] .. (old and sub(old, 2, 2) or '0') .. generation .. me
  .. (old and sub(old, 19, 26) or UNNAMED) .. ARGV[7] .. ARGV[8])
belongs(old, seat, me)
local kept_until = tonumber(ARGV[9])
if kept_until > 0 then
  call('HSET', LEGACIES, seat, generation .. bytes('>I8', kept_until) .. ARGV[10])
  call('ZADD', ENDS, kept_until, 'b' .. seat)
  forget(ENDS, LEGACIES, 4)
end
return {'ok'}
