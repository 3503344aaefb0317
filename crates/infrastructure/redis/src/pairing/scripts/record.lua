-- What the scripts of pairing know of a record: read before each of them.
--
-- A record is one field of KEYS[1] (`seats`), named by the 16 bytes of the seat. All numbers in it are big-endian.
--
--     1      phase: w waiting, o offered, l lapsed, c chatting, r resting, h held, g gone for ever
--     2      openness at the last claim: 0 to neither, 1 to other interests, 2 to other languages, 3 to both
--     3-10   generation
--     11-18  owner
--     19-26  former owner
--     27-42  chat           of an offer or of the chat
--     43-58  other seat     of an offer or of the chat
--     59-66  end of the offer
--     67     i: looked, r: was found
--     68-    dossier; a seat that was only ever spoken of in passing has none
--     68-83  origin
--     84-99  lasting origin
--     100-103 serial of the oldest good token
--     104-111 since when its patience counts
--     112-113 how many it avoids
--     114     mode: t or v
--     115-122 language, filled with zeros; all zeros if none was named
--     123-130 place
--     131     how many interests
--     132-    interests, 16 bytes each; whom it avoids, 25 bytes each: seat, until when, why (p parted, b blocked);
--             the words of the interests, sealed
--
-- All times are milliseconds of Redis.
local call, sub, find, byte = redis.call, string.sub, string.find, string.byte
local number, bytes = struct.unpack, struct.pack
local SEATS, FAMILIES, LINES, QUEUE, OWNERS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local NO_LINK = '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0-'

-- What time it is. Only a test tells; whoever does not say is told by Redis.
local now = tonumber(ARGV[1])
if not now then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
-- A word that comes later than its sender had patience for changes nothing.
if now > tonumber(ARGV[2]) then
  return {'late'}
end
