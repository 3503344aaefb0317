-- Keeps an inbox, or makes it if it is not there.
--
-- KEYS[1]  the inbox, a stream
-- ARGV[1]  for how long it is kept, in milliseconds
--
-- Answers 0 if it was there, 1 if it was made.

if redis.call('PEXPIRE', KEYS[1], ARGV[1]) == 1 then
  return 0
end
-- A stream is made by its first entry, which nobody is to read.
redis.call('XADD', KEYS[1], '*', 'b', '')
redis.call('XTRIM', KEYS[1], 'MAXLEN', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
