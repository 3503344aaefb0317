-- Seats and what was left of them whose time is over: read before each script that forgets some.
--
-- KEYS `ends` has the time at which to forget, and `g` and a seat that is gone, or `b` and a seat that was left to the
-- store. `legacies` has what was left: generation, until when, and all there was, sealed.
local function forget(ends, legacies, most)
  local over = call('ZRANGEBYSCORE', ends, '-inf', now, 'LIMIT', 0, most)
  for i = 1, #over do
    local seat = sub(over[i], 2)
    local record = call('HGET', SEATS, seat)
    if byte(over[i]) == 103 then
      if record and byte(record) == 103 then call('HDEL', SEATS, seat) end
    else
      local legacy = call('HGET', legacies, seat)
      call('HDEL', legacies, seat)
      -- Nobody came for it: nothing was said of the seat since.
      if record and legacy and sub(record, 3, 10) == sub(legacy, 1, 8) then
        if byte(record) == 119 then leave(record, seat) end
        call('HDEL', SEATS, seat)
        call('ZREM', OWNERS, sub(record, 11, 18) .. '\0' .. seat)
      end
    end
    call('ZREM', ends, over[i])
  end
  return #over
end
