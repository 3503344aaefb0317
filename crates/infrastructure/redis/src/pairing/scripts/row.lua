-- A row of words about seats, each of which is one operation: see `claim`, `settle`, `release`, `keep`.
--
-- KEYS  book lines queue owners nodes ends
-- ARGV  1 this node, not after, time or 0 (8 bytes each), how long an offer is open (4 bytes), `r` if two of one origin may
--       not meet   2... the words
-- Answer  for each operation how long its answer is (4 bytes), and the answer   or late
--
-- Nothing else happens in between, but each operation is one of its own: one that is stale changes nothing for the next.
-- Bounded by the caller: some tens of operations.
local answers, count, at = {}, 0, 2
while at <= #ARGV do
  local word = ARGV[at]
  local kind, answer = byte(word), nil
  strays = 0
  if kind == 99 then
    at = at + 1
    answer = claim(word, ARGV[at])
  elseif kind == 114 then
    answer = release(word)
  elseif kind == 107 then
    at = at + 1
    answer = keep(word, ARGV[at])
  else
    answer = settle(word)
  end
  at, count = at + 1, count + 1
  answers[count] = bytes('>I4', #answer) .. answer
end
if count == 1 then return answers[1] end
return table.concat(answers)
