-- Compares what an owner believes of its seats with what is known.
--
-- KEYS  book
-- ARGV  1 this node, not after, time or 0 (8 bytes each)
--       2 beliefs, 41 bytes each: seat, generation, w waiting or c chatting or r neither, chat
-- Answer  for each that differs its number, from 0, after `u` if something else or nothing is known, `t` if another node has
--         held it for longer than the asker knows, `g` and a generation if the asker was given it once more than it knows, or
--         `e` and one if it is gone for ever and nobody has held it for longer: what is said as of that counts again
--         late
--
-- Changes nothing. Bounded by the caller: some hundreds at a time.
local beliefs = ARGV[2]
local seats, answer = {}, {}
for at = 1, #beliefs, 41 do
  seats[#seats + 1] = sub(beliefs, at, at + 15)
end
local records = call('HMGET', BOOK, unpack(seats))

for i = 1, #seats do
  local at, record = 41 * i - 40, records[i]
  local difference
  local phase = record and byte(record)
  if not record then
    difference = 'u'
  elseif phase == 103 then
    local gone = tenure(record, 3)
    difference = gone > tenure(beliefs, at + 16) and 't' or 'e' .. next_tenure(gone)
  elseif sub(record, 11, 18) ~= me then
    difference = number('>I8', record, 3) > number('>I8', beliefs, at + 16) and 't' or 'u'
  elseif tenure(record, 3) > tenure(beliefs, at + 16) then
    difference = 'g' .. sub(record, 3, 10)
  else
    local believed, is_like = byte(beliefs, at + 24), false
    if believed == 119 then
      -- What is on offer is about to be settled.
      is_like = sub(record, 3, 10) == sub(beliefs, at + 16, at + 23)
        and (phase == 119 or (phase == 111 and now < number('>I8', record, 59)))
    elseif believed == 99 then
      is_like = phase == 99 and sub(record, 27, 42) == sub(beliefs, at + 25, at + 40)
    else
      is_like = phase == 114 or phase == 104
    end
    if not is_like then difference = 'u' end
  end
  if difference then
    answer[#answer + 1] = difference .. (i - 1)
  end
end
return answer
