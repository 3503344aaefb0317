-- The owner of the one who was found agrees to an offer that another node's seat made.
--
-- KEYS  seats
-- ARGV  1 time or nothing   2 not after   3 chat   4, 5 who looked: seat, generation   6, 7 who was found
-- Answer  yes if both are in the chat   no if nothing came of the offer   late
--
-- Idempotent: once it is agreed both records name the chat, and what is over stays over. Fenced: neither seat has moved on,
-- and the offer is open. Bounded: two seats.
local chat, seeker, found = ARGV[3], ARGV[4], ARGV[6]
local records = call('HMGET', SEATS, seeker, found)
local theirs, ours = records[1], records[2]

local function is_in(record, phase)
  return record and byte(record) == phase and sub(record, 27, 42) == chat
end

if is_in(theirs, 99) or is_in(ours, 99) then
  return {'yes'}
end
local is_offered = is_in(theirs, 111) and sub(theirs, 3, 10) == ARGV[5] and is_in(ours, 111) and sub(ours, 3, 10) == ARGV[7]
if is_offered and now < number('>I8', ours, 59) then
  call('HSET', SEATS, seeker, 'c' .. sub(theirs, 2), found, 'c' .. sub(ours, 2))
  return {'yes'}
end
for i = 1, 2 do
  local record = records[i]
  if is_in(record, 111) then
    call('HSET', SEATS, ARGV[2 + 2 * i], 'l' .. sub(record, 2, 26) .. NO_LINK .. sub(record, 68))
  end
end
return {'no'}
