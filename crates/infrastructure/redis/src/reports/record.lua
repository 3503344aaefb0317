-- Records a report and gives it the next number.
--
-- KEYS[1]  the stream of reports: entry N-0 is report N
-- ARGV[1]  the report, sealed: no two are equal
-- ARGV[2]  how many reports are kept; the oldest give way
--
-- Answers the number. Repeated with the same report it answers the same number, if few others came between.

local last = 0
if redis.call('EXISTS', KEYS[1]) == 1 then
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then
      last = tonumber(string.match(info[i + 1], '^%d+'))
    end
  end
end

local recent = redis.call('XRANGE', KEYS[1], string.format('%.0f-0', math.max(last - 15, 1)), '+')
for _, entry in ipairs(recent) do
  if entry[2][2] == ARGV[1] then
    return string.match(entry[1], '^%d+')
  end
end

redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[2], string.format('%.0f-0', last + 1), 'r', ARGV[1])
return string.format('%.0f', last + 1)
