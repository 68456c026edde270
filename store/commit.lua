-- The one door for writes: an act is done as a whole or not at all.
--
-- KEYS  every key the act touches, each once; all in one slot.
-- ARGV  [1] index of the key that remembers the reply, or 0
--       [2] the reply to remember   [3] its lifetime in seconds
--       [4…] operations, flat: a code, then its arguments. k is an index into KEYS,
--       rev a revision or -1 for "do not check", keep a lifetime in seconds or 0.
--         G k field rev                          the cell must be at rev
--         E k field cell                         the cell must be this, byte by byte; empty: absent
--         P k field rev value keep               put a cell
--         K k field rev value keep k keep        put, and keep what was there in the second hash
--         D k field rev                          delete a cell
--         N k field w x y z keep                 add to a cell of four counters: 1,7,0,2
--         Z k member score                       add to a zset, or move in it
--         X k member                             remove from a zset
--         U k                                    remove a key
--         F k field                              remove a field of a hash, whatever it holds
--         L k line keep                          append to a list
--         Q k k k priority due record            push: records, queue, counter
--         A k k k leaf line side keep            audit: lines, head, side
--         M k k n mark                           checkpoint: marks, head
--         W k now window limit member span       permit of a sliding window, in ms; entries are kept for span
--         H k field now most                     a halt: no permit before the cell's time (nor after now + most)
-- Returns {0, first push number, pushes, retry at}   done
--         {1, remembered}                            done before, nothing changed
--         {2, n}                                     the n-th operation is stale, nothing changed
-- Everything that can fail fails in the first pass: wrong types raise, damaged cells are
-- refused. Integers and strings only; the time is an argument.

local call, sub, match, format = redis.call, string.sub, string.match, string.format
local argc = #ARGV
local size = { G = 4, E = 4, P = 6, K = 8, D = 4, N = 8, Z = 4, X = 3, U = 2, F = 3, L = 4, Q = 7, A = 8, M = 5, W = 7, H = 5 }

-- lives gives a hash that has just been made its lifetime.
local function lives(k, keep)
  if keep ~= '0' and call('HLEN', k) == 1 then call('EXPIRE', k, keep) end
end

local done = tonumber(ARGV[1])
if done > 0 then
  local first = call('GET', KEYS[done])
  if first then return { 1, first } end
end

-- First pass: read and check.
local revs, olds, sums = {}, {}, {}
local pushes, firstPush = 0, 0
local audit, n, head, sides, marked = 0, 0, '', 0, 0
local retry = 0 -- from when on a refused permit may be asked for again
local i, nth = 4, 0
while i <= argc do
  local c = ARGV[i]
  local k = KEYS[tonumber(ARGV[i + 1])]
  nth = nth + 1
  if c == 'E' then
    if (call('HGET', k, ARGV[i + 2]) or '') ~= ARGV[i + 3] then return { 2, nth } end
  elseif c == 'P' or c == 'G' or c == 'K' or c == 'D' then
    local cell, rev = call('HGET', k, ARGV[i + 2]), 0
    if cell then
      local digits = match(cell, '^(%d+)|')
      if not digits then return redis.error_reply('DAMAGED cell in ' .. k) end
      rev = tonumber(digits)
    end
    local want = ARGV[i + 3]
    if want ~= '-1' and tonumber(want) ~= rev then return { 2, nth } end
    revs[i] = rev
    if c == 'K' and cell then
      olds[i] = cell
      call('HLEN', KEYS[tonumber(ARGV[i + 6])])
    end
  elseif c == 'N' then
    local rev, w, x, y, z = match(call('HGET', k, ARGV[i + 2]) or '0|0,0,0,0', '^(%d+)|(%d+),(%d+),(%d+),(%d+)$')
    if not rev then return redis.error_reply('DAMAGED cell in ' .. k) end
    sums[i] = format('%d|%d,%d,%d,%d', rev + 1, w + ARGV[i + 3], x + ARGV[i + 4], y + ARGV[i + 5], z + ARGV[i + 6])
  elseif c == 'Z' or c == 'X' then
    call('ZCARD', k)
  elseif c == 'W' then
    -- Entries further ahead than the window are from before the clock went back.
    local now, window, limit = tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3]), tonumber(ARGV[i + 4])
    local from, to = '(' .. format('%d', now - window), format('%d', now + window)
    local given = call('ZCOUNT', k, from, to)
    if given >= limit then
      local at = call('ZRANGEBYSCORE', k, from, to, 'WITHSCORES', 'LIMIT', given - limit, 1)
      retry = math.max(retry, tonumber(at[2]) + window)
    end
  elseif c == 'H' then
    local cell = call('HGET', k, ARGV[i + 2])
    if cell then
      local stop, now = tonumber(match(cell, '^%d+|(%d+)')), tonumber(ARGV[i + 3])
      if not stop then return redis.error_reply('DAMAGED cell in ' .. k) end
      if stop > now and stop <= now + tonumber(ARGV[i + 4]) then retry = math.max(retry, stop) end
    end
  elseif c == 'L' then
    call('LLEN', k)
  elseif c == 'Q' then
    if pushes == 0 then
      call('HLEN', k)
      call('ZCARD', KEYS[tonumber(ARGV[i + 2])])
      local count = call('GET', KEYS[tonumber(ARGV[i + 3])]) or '0'
      if not match(count, '^%d+$') then return redis.error_reply('DAMAGED counter') end
      firstPush = tonumber(count) + 1
    end
    pushes = pushes + 1
  elseif c == 'A' then
    audit = i -- its list is looked at by being written to first
    local h = call('HMGET', KEYS[tonumber(ARGV[i + 2])], 'n', 'head')
    n, head = tonumber(h[1] or '0'), h[2] or ''
    if not n then return redis.error_reply('DAMAGED audit head') end
    sides = call('HLEN', KEYS[tonumber(ARGV[i + 3])])
  elseif c == 'M' then
    call('LLEN', k)
    marked = tonumber(call('HGET', KEYS[tonumber(ARGV[i + 2])], 'marked') or '0')
    if not marked then return redis.error_reply('DAMAGED audit head') end
  elseif c == 'F' then
    call('HLEN', k)
  elseif c ~= 'U' then
    return redis.error_reply('DAMAGED operation ' .. c)
  end
  i = i + size[c]
end

-- Second pass: write. The audit line goes first: should its list be none, that raises, and
-- nothing has been written.
local id
if audit > 0 then
  n = n + 1
  head, id = redis.sha1hex(head .. ARGV[audit + 4]), format('%d', n)
  call('RPUSH', KEYS[tonumber(ARGV[audit + 1])], id .. '|' .. sub(head, 1, 8) .. '|' .. ARGV[audit + 5])
end
local number = firstPush
i = 4
while i <= argc do
  local c = ARGV[i]
  local k = KEYS[tonumber(ARGV[i + 1])]
  if c == 'P' or c == 'K' then
    local field, rev = ARGV[i + 2], revs[i]
    local old = olds[i]
    if old then
      -- A sealed value is bound to the place it was sealed for: its copy says which.
      local log, value = KEYS[tonumber(ARGV[i + 6])], sub(old, #format('%d', rev) + 2)
      if sub(value, 1, 2) == '\0s' then old = format('%d', rev) .. '|\0k' .. k .. '\0' .. value end
      local added = call('HSET', log, field .. '#' .. format('%d', rev), old)
      if added == 1 then lives(log, ARGV[i + 7]) end
    end
    local added = call('HSET', k, field, format('%d', rev + 1) .. '|' .. ARGV[i + 4])
    if added == 1 then lives(k, ARGV[i + 5]) end
  elseif c == 'D' then
    call('HDEL', k, ARGV[i + 2])
  elseif c == 'N' then
    local added = call('HSET', k, ARGV[i + 2], sums[i])
    if added == 1 then lives(k, ARGV[i + 7]) end
  elseif c == 'Z' then
    call('ZADD', k, ARGV[i + 3], ARGV[i + 2])
  elseif c == 'X' then
    call('ZREM', k, ARGV[i + 2])
  elseif c == 'U' then
    call('UNLINK', k)
  elseif c == 'F' then
    call('HDEL', k, ARGV[i + 2])
  elseif c == 'L' then
    call('RPUSH', k, ARGV[i + 2])
    if ARGV[i + 3] ~= '0' then call('EXPIRE', k, ARGV[i + 3]) end
  elseif c == 'Q' then
    local id = format('%d', number)
    call('HSET', k, id, '1|' .. ARGV[i + 6])
    call('ZADD', KEYS[tonumber(ARGV[i + 2])], ARGV[i + 5], ARGV[i + 4] .. ':' .. id)
    number = number + 1
    if number == firstPush + pushes then
      call('SET', KEYS[tonumber(ARGV[i + 3])], id)
    end
  elseif c == 'A' then
    call('HSET', KEYS[tonumber(ARGV[i + 2])], 'n', id, 'head', head)
    if ARGV[i + 6] ~= '' then
      local side = KEYS[tonumber(ARGV[i + 3])]
      call('HSET', side, id, ARGV[i + 6])
      if sides == 0 and ARGV[i + 7] ~= '0' then call('EXPIRE', side, ARGV[i + 7]) end
    end
  elseif c == 'M' then
    if tonumber(ARGV[i + 3]) > marked then
      call('RPUSH', k, ARGV[i + 4])
      call('HSET', KEYS[tonumber(ARGV[i + 2])], 'marked', ARGV[i + 3])
    end
  elseif c == 'W' and retry == 0 then
    local now, span = tonumber(ARGV[i + 2]), tonumber(ARGV[i + 6])
    call('ZREMRANGEBYSCORE', k, '-inf', format('%d', now - span))
    call('ZREMRANGEBYSCORE', k, '(' .. format('%d', now + span), '+inf')
    call('ZADD', k, ARGV[i + 2], ARGV[i + 5])
    call('PEXPIRE', k, format('%d', 2 * span))
  end
  i = i + size[c]
end

if done > 0 then
  call('SET', KEYS[done], format('%d,%d|', firstPush, pushes) .. ARGV[2], 'EX', ARGV[3])
end
return { 0, firstPush, pushes, retry }
