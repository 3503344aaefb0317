-- What the scripts of pairing know, and what time it is: read before each of them.
--
-- Nearly all is in KEYS[1] (`book`), a hash, so that one command reads or writes all that an operation needs. A seat is 16
-- bytes. All numbers are big-endian, all times milliseconds of Redis. A field is named by
--
--     a seat        where it stands: the record, below
--     d and a seat  what is known of whoever has it: the dossier, below
--     l and a seat  what its owner left of it at its end: generation, until when, all there was, sealed
--     t or v ...    a family of those who wait: see `index.lua`
--     b and an origin, a lasting one: those it is kept apart from: see `block.lua`
--     nothing       the name of this memory: see `heartbeat.lua`
--
-- A record has 67 bytes:
--
--     1      phase: w waiting, o offered, l lapsed, c chatting, r resting, h held, g gone for ever
--     2      openness at the last claim: 0 to neither, 1 to other interests, 2 to other languages, 3 to both
--     3-10   generation
--     11-18  owner
--     19-26  former owner
--     27-42  chat           of an offer or of the chat
--     43-58  other seat     of an offer or of the chat
--     59-66  end of the offer
--     67     i: looked, r: was found, -: neither
--
-- A dossier has at least 81:
--
--     1-16   origin
--     17-32  lasting origin
--     33-36  serial of the oldest good token
--     37-44  since when its patience counts
--     45-46  how many it avoids
--     47-54  language, filled with zeros; all zeros if none was named
--     55-62  place
--     63     how many interests
--     64-    the families of the interests and then that of anybody, 17 bytes each
--            whom it avoids, 25 bytes each: seat, until when, why (p parted, b blocked)
--            the words of the interests, sealed
--
-- The upper five bytes of a generation are the tenure, in which the lower 12 bits say when it began.
--
-- ARGV[1] begins with this node, the time after which the script is to change nothing, and the time, which only a test
-- tells: who does not say is told by Redis.
local call, sub, find, byte = redis.call, string.sub, string.find, string.byte
local number, bytes = struct.unpack, struct.pack
-- Redis writes out each number that it is given with 17 digits, at about the price of the command: digits are given instead.
local function digits(count)
  return string.format('%d', count)
end
local BOOK = KEYS[1]
local NO_LINK = '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0-'
local me, not_after, now = number('>c8I8I8', ARGV[1])
if now == 0 then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
-- How many moves a tenure has, how many times of beginning, and how many milliseconds are one of these.
local MOVES, TIMES, UNIT = 16777216, 4096, 128
local function tenure(text, at)
  return number('>I5', text, at or 1)
end
-- The first generation of the next tenure after this one, if it begins now.
local function next_tenure(held)
  return bytes('>I8', (held - held % TIMES + TIMES + math.floor(now / UNIT) % TIMES) * MOVES)
end
-- How often a seat had gone from one node to another.
local function times_taken(generation)
  return math.floor(generation / (MOVES * TIMES))
end
-- A record, as far as it counts for a word about its seat. That it is gone for ever is not said for those to whom it came
-- later: a memory that had lost all may hear of its end from a former owner first.
local function that_counts(record, generation)
  if record and byte(record) == 103 and tenure(record, 3) < tenure(generation) then return nil end
  return record
end
-- A word that comes later than its sender had patience for changes nothing.
if now > not_after then
  return {'late'}
end
