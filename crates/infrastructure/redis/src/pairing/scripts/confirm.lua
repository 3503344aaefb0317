-- Both seats of an offer are in their chat.
--
-- KEYS  seats families lines queue owners
-- ARGV  1 time or nothing   2 not after   3 this node   4 chat   5, 6 who looked: seat, generation   7, 8 who was found
-- Answer  ok   late
--
-- Idempotent: the same words put the same in place of the same. Fenced: a seat of which something newer is known stays as
-- it is. Bounded: two seats.
local me, chat = ARGV[3], ARGV[4]
local seats = {ARGV[5], ARGV[7]}
local records = call('HMGET', SEATS, seats[1], seats[2])
local changes = {}
for side = 1, 2 do
  local seat, generation, old = seats[side], ARGV[4 + 2 * side], records[side]
  local phase = old and byte(old)
  if not old or (phase ~= 103 and number('>I8', old, 3) <= number('>I8', generation)) then
    local other = seats[3 - side]
    if phase == 119 then
      leave(old, seat)
    elseif phase == 111 and (sub(old, 43, 58) ~= other or sub(old, 27, 42) ~= chat) then
      lapse(old, seat)
    end
    changes[#changes + 1] = seat
    changes[#changes + 1] = 'c' .. (old and sub(old, 2, 2) or '0') .. generation .. me
      .. (old and sub(old, 19, 26) or UNNAMED) .. chat .. other .. UNNAMED .. (side == 1 and 'i' or 'r')
      .. (old and sub(old, 68) or '')
    belongs(old, seat, me)
  elseif phase == 111 and sub(old, 27, 42) == chat then
    -- It cannot be in the offer of a seat that is in a chat.
    changes[#changes + 1] = seat
    changes[#changes + 1] = 'l' .. sub(old, 2, 26) .. NO_LINK .. sub(old, 68)
  end
end
if #changes > 0 then
  call('HSET', SEATS, unpack(changes))
end
return {'ok'}
