-- A node lives, and counts its own.
--
-- KEYS  book lines queue owners nodes ends blocks meta
-- ARGV  1 this node, not after, time or 0 (8 bytes each)   2 its name   3, 4, 5 how many are online, waiting, chatting
--       6 how long a lease is   7 what the memory is called, should there be none
-- Answer  time (8 bytes), name of the memory, end of this node's lease until now (8 bytes) or nothing,
--         sums of what is counted, and another node of this name if one lives, then for each other node its name in bytes
--         and for how long it has been silent
--
-- `nodes` has as `n` and a node the end of its lease, as `c` and a name what a node of that name counted last and which node
-- that was, as `s` and a node since when it is suspected to be dead, as `k` and a node how far its seats were looked through.
-- `meta` has the name of this memory under `epoch`: it is another one after something was lost. Every key of pairing holds a
-- member without a name, so that none is ever absent: in a cluster, an absent key makes scripts fail while its slot moves.
-- Idempotent: a lease only gets longer. Bounded by the number of nodes.
local NODES, META, lease = KEYS[5], KEYS[8], tonumber(ARGV[6])
-- Three heartbeats.
local FRESH = 1500
local was, missing = call('HGET', META, 'epoch'), 0
for i = 1, 8 do
  if i == 1 or i == 5 or i == 8 then
    missing = missing + call('HSETNX', KEYS[i], '', '')
  else
    -- None of its scores is ever asked for.
    missing = missing + call('ZADD', KEYS[i], 'NX', i == 6 and 'inf' or -1, '')
  end
end
if was and missing > 0 then
  -- What has lost a part is forgotten whole, so that nodes see what is to be said again.
  for i = 1, 4 do
    call('UNLINK', KEYS[i])
    if i == 1 then call('HSET', KEYS[i], '', '') else call('ZADD', KEYS[i], -1, '') end
  end
  was = false
end
local epoch = was or ARGV[7]
call('HSET', META, 'epoch', epoch)
call('HSET', KEYS[1], '', epoch)
local own, counted = 'n' .. me, 'c' .. ARGV[2]
local former = call('HMGET', NODES, own, counted)
local before, last, namesake = former[1] or '', former[2], ''
-- One that has just counted is no former life of this node, once this one has counted itself.
if last and before ~= '' and #last == 40 and sub(last, 33) ~= me and number('>I8', last) + FRESH > now + lease then
  namesake = sub(last, 33)
end
call('HSET', NODES, own, bytes('>I8', now + lease),
  counted, bytes('>I8I8I8I8', now + lease, tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])) .. me)
call('HDEL', NODES, 's' .. me, 'k' .. me)
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
  elseif kind == 110 and field ~= own then
    peers[#peers + 1] = sub(field, 2)
    peers[#peers + 1] = bytes('>I8', math.max(0, now + lease - number('>I8', value)))
  end
end
local answer = {bytes('>I8', now), epoch, before, bytes('>I8I8I8', sums[1], sums[2], sums[3]) .. namesake}
for i = 1, #peers do
  answer[4 + i] = peers[i]
end
return answer
