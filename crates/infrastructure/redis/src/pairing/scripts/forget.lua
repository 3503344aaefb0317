-- Seats and what was left of them whose time is over: read before each script that forgets some.
--
-- KEYS[6] (`ends`) has the time at which to forget, and `g` and a seat that is gone, or `b` and a seat that was left to the
-- store.
local ENDS = KEYS[6]

-- Forgets up to so many, and says how many it were.
local function forget(most)
  local over = call('ZRANGEBYSCORE', ENDS, '-inf', digits(now), 'LIMIT', '0', digits(most))
  for i = 1, #over do
    local seat = sub(over[i], 2)
    local record = call('HGET', BOOK, seat)
    if byte(over[i]) == 103 then
      if record and byte(record) == 103 then call('HDEL', BOOK, seat) end
    else
      local legacy = call('HGET', BOOK, 'l' .. seat)
      call('HDEL', BOOK, 'l' .. seat)
      -- Nobody came for it: nothing was said of the seat since.
      if record and legacy and sub(record, 3, 10) == sub(legacy, 1, 8) then
        clear_up(seat, record)
        call('HDEL', BOOK, seat, 'd' .. seat)
        call('ZREM', OWNERS, sub(record, 11, 18) .. '\0' .. seat)
      end
    end
    call('ZREM', ENDS, over[i])
  end
  return #over
end
