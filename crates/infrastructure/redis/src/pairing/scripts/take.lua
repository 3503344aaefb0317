-- Makes this node the owner of a seat, whoever held it.
--
-- KEYS  seats families lines queue owners legacies
-- ARGV  1 time or nothing   2 not after   3 this node   4 seat   5 serial of the token
-- Answer  t, former owner, record, record of the partner or nothing, legacy or nothing   none   late
--
-- Idempotent: as long as this node has said nothing of the seat since it took it, it is given the same again. Fenced by the
-- generation, which becomes the first of a new tenure, so that all that the former owner says from now on is stale.
-- Bounded: two seats.
local me, seat = ARGV[3], ARGV[4]
local LEGACIES = KEYS[6]
local old = call('HGET', SEATS, seat)
if not old or #old < 131 or tonumber(ARGV[5]) < number('>I4', old, 100) then
  return {'none'}
end
local phase, generation = byte(old), number('>I8', old, 3)
local record, was = old, generation
if sub(old, 11, 18) == me and generation % 4294967296 == 0 then
  was = nil
else
  if phase == 119 then
    leave(old, seat)
  elseif phase == 111 then
    lapse(old, seat)
  end
  local is_out = phase == 99 or phase == 114
  local tenure = (generation - generation % 4294967296) / 4294967296 + 1
  record = (is_out and sub(old, 1, 1) or 'h') .. sub(old, 2, 2) .. bytes('>I8', tenure * 4294967296) .. me
    .. sub(old, 11, 18) .. (is_out and sub(old, 27, 67) or NO_LINK) .. sub(old, 68)
  call('HSET', SEATS, seat, record)
  belongs(old, seat, me)
end

local partner = ''
if byte(record) == 99 then
  local theirs = call('HGET', SEATS, sub(record, 43, 58))
  if theirs and #theirs >= 131 and byte(theirs) == 99 and sub(theirs, 27, 58) == sub(record, 27, 42) .. seat then
    partner = theirs
  end
end

-- What was left is of the last tenure, or it is of no use.
local legacy = call('HGET', LEGACIES, seat) or ''
if legacy ~= '' then
  local left = number('>I8', legacy)
  local is_last = left == was or (not was and left - left % 4294967296 + 4294967296 == generation)
  if not is_last or number('>I8', legacy, 9) <= now then legacy = '' end
end
return {'t', sub(record, 19, 26), record, partner, sub(legacy, 17)}
