-- A node lives, and counts its own.
--
-- KEYS  seats families lines queue owners nodes blocks meta ends legacies
-- ARGV  1 time or nothing   2 not after   3 this node   4 its name   5, 6, 7 how many are online, waiting, chatting
--       8 how long a lease is   9 what the memory is called, should there be none
-- Answer  time (8 bytes), name of the memory, end of this node's lease until now (8 bytes) or nothing,
--         sums of what is counted, then for each other node its name in bytes and for how long it has been silent
--
-- `nodes` has as `n` and a node the end of its lease, as `c` and a name what a node of that name counted last, as `s` and a
-- node since when it is suspected to be dead, as `k` and a node how far its seats were looked through. `meta` has the random name of this memory under `epoch`: it is another one after everything was lost. Every key of pairing holds a
-- member without a name, so that none is ever absent: in a cluster, an absent key makes scripts fail while its slot moves.
-- Idempotent: a lease only gets longer. Bounded by the number of nodes.
local NODES, META, lease = KEYS[6], KEYS[8], tonumber(ARGV[8])
for i = 1, 10 do
  if i == 3 or i == 4 or i == 5 then
    call('ZADD', KEYS[i], 'NX', -1, '')
  elseif i == 9 then
    call('ZADD', KEYS[i], 'NX', 'inf', '')
  elseif i ~= 8 then
    call('HSETNX', KEYS[i], '', '')
  end
end
call('HSETNX', META, 'epoch', ARGV[9])
local me, counted = 'n' .. ARGV[3], 'c' .. ARGV[4]
local before = call('HGET', NODES, me) or ''
call('HSET', NODES, me, bytes('>I8', now + lease),
  counted, bytes('>I8I8I8I8', now + lease, tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])))
call('HDEL', NODES, 's' .. ARGV[3], 'k' .. ARGV[3])
local all = call('HGETALL', NODES)
local sums, peers = {0, 0, 0}, {}
for i = 1, #all, 2 do
  local field, value = all[i], all[i + 1]
  local kind = byte(field)
  if kind == 99 then
    local ends, online, waiting, chatting = number('>I8I8I8I8', value)
    if now < ends then
      sums[1], sums[2], sums[3] = sums[1] + online, sums[2] + waiting, sums[3] + chatting
    elseif ends + 60000 < now then
      call('HDEL', NODES, field)
    end
  elseif kind == 110 and field ~= me then
    peers[#peers + 1] = sub(field, 2)
    peers[#peers + 1] = bytes('>I8', math.max(0, now + lease - number('>I8', value)))
  end
end
local answer = {bytes('>I8', now), call('HGET', META, 'epoch'), before, bytes('>I8I8I8', sums[1], sums[2], sums[3])}
for i = 1, #peers do
  answer[4 + i] = peers[i]
end
return answer
