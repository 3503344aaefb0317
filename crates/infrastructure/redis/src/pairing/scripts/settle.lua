-- Ends an offer that is still open, and says what came of it.
--
-- KEYS  seats
-- ARGV  1 time or nothing   2 not after   3 chat   4 who looked   5 who was found
-- Answer  yes if both are in the chat   no if nothing came of the offer   late
--
-- Idempotent: what it ends stays ended, and what was agreed stays agreed. Fenced by the name of the chat, which is that of
-- one offer only. Bounded: two seats.
local chat = ARGV[3]
local records = call('HMGET', SEATS, ARGV[4], ARGV[5])
for i = 1, 2 do
  local record = records[i]
  if record and byte(record) == 99 and sub(record, 27, 42) == chat then
    return {'yes'}
  end
end
for i = 1, 2 do
  local record = records[i]
  if record and byte(record) == 111 and sub(record, 27, 42) == chat then
    call('HSET', SEATS, ARGV[3 + i], 'l' .. sub(record, 2, 26) .. NO_LINK .. sub(record, 68))
  end
end
return {'no'}
