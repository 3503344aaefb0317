-- Makes this node the owner of a seat, whoever held it.
--
-- KEYS  book lines queue owners nodes
-- ARGV  1 this node, not after, time or 0 (8 bytes each)   2 seat   3 serial of the token
-- Answer  t, former owner, h if its lease holds or o if it is over, record, dossier, record and dossier of the partner or nothing, legacy or nothing
--         none, and the name of the memory   late
--
-- Idempotent: as long as this node has said nothing of the seat since it took it, it is given the same again. Fenced by the
-- generation, which becomes the first of a new tenure, so that all that the former owner says from now on is stale; and of
-- two tenures that two primaries give at the same time, as in a failover, the later is the newer.
-- Bounded: two seats.
local seat = ARGV[2]
local known = call('HMGET', BOOK, seat, 'd' .. seat, 'l' .. seat)
local old, dossier, legacy = known[1], known[2], known[3] or ''
if not old or not dossier or byte(old) == 103 or tonumber(ARGV[3]) < number('>I4', dossier, 33) then
  return {'none', call('HGET', BOOK, '') or ''}
end
local phase, generation = byte(old), number('>I8', old, 3)
local record, was = old, generation
if sub(old, 11, 18) == me and generation % MOVES == 0 then
  was = nil
else
  clear_up(seat, old)
  local is_out = phase == 99 or phase == 114
  record = (is_out and sub(old, 1, 1) or 'h') .. sub(old, 2, 2) .. next_tenure(tenure(old, 3)) .. me
    .. sub(old, 11, 18) .. (is_out and sub(old, 27, 67) or NO_LINK)
  call('HSET', BOOK, seat, record)
  belongs(seat, old)
end

local partner, theirs = '', ''
if byte(record) == 99 then
  local other = sub(record, 43, 58)
  local both = call('HMGET', BOOK, other, 'd' .. other)
  if both[1] and both[2] and byte(both[1]) == 99 and sub(both[1], 27, 58) == sub(record, 27, 42) .. seat then
    partner, theirs = both[1], both[2]
  end
end

-- What was left is of the last tenure, or it is of no use.
if legacy ~= '' then
  local left = number('>I8', legacy)
  local is_last = left == was or (not was and times_taken(left) + 1 == times_taken(generation))
  if not is_last or number('>I8', legacy, 9) <= now then legacy = '' end
end
local former = sub(record, 19, 26)
local ends = call('HMGET', KEYS[5], 'n' .. former, 'n' .. me)
local function is_over(lease)
  return lease and number('>I8', lease) <= now
end
-- A memory that has lost all may hear of a seat before it hears of its owner, which lives then; and in one that was set back even
-- this node's lease is over, which lives, and so may the other.
local lease = is_over(ends[1]) and not is_over(ends[2]) and 'o' or 'h'
return {'t', former, lease, record, dossier, partner, theirs, sub(legacy, 17)}
