-- What time it is.
--
-- KEYS  one of pairing, which says whose time is meant
-- Answer  seconds, microseconds
return redis.call('TIME')
