"""The Lua scripts of the store: what the server does in one step, which nobody sees half done.

All keys begin with KEYS[1], `compmake:{store}:`. The hash `state` has the `version`, which each write raises; `last`,
the name of the newest write; and `fence`, the token of whoever took the lease last. Values begin with a signature of
32 bytes. Those of `jobs` and `past` then have a count in two bytes and so many digests of 16 bytes: what they name.
"""

APPLY = """
local state = KEYS[1] .. 'state'
local found = redis.call('HMGET', state, 'version', 'last', 'fence')
if found[2] == ARGV[1] then return 'OK' end
if ARGV[2] ~= '' and found[3] ~= ARGV[2] then return found[3] and 'FENCED' or 'EMPTY' end
if (found[1] or '0') ~= ARGV[3] then return 'CHANGED' end
local i = 5
while i <= #ARGV do
  local count = tonumber(ARGV[i + 2])
  redis.call(ARGV[i], KEYS[1] .. ARGV[i + 1], unpack(ARGV, i + 3, i + 2 + count))
  i = i + 3 + count
end
redis.call('HSET', state, 'version', ARGV[4], 'last', ARGV[1])
return 'OK'
"""
"""ARGV: name of this write, token or nothing, version before, version after; (command, key, count, words)..."""

SWEEP = """
if ARGV[1] ~= '' and redis.call('HGET', KEYS[1] .. 'state', 'fence') ~= ARGV[1] then return 'FENCED' end
local unnamed = {}
for i = 2, #ARGV do unnamed[ARGV[i]] = true end
for _, rows in ipairs({'jobs', 'past'}) do
  for _, row in ipairs(redis.call('HVALS', KEYS[1] .. rows)) do
    if #row >= 34 then
      local count = string.byte(row, 33) + 256 * string.byte(row, 34)
      for k = 0, count - 1 do unnamed[string.sub(row, 35 + 16 * k, 50 + 16 * k)] = nil end
    end
  end
end
for digest in pairs(unnamed) do
  redis.call('HDEL', KEYS[1] .. 'small', digest)
  local entry = redis.call('HGET', KEYS[1] .. 'objects', digest)
  if entry then
    local hex = string.gsub(digest, '.', function(c) return string.format('%02x', string.byte(c)) end)
    local chunks = #entry == 44 and struct.unpack('<I4', string.sub(entry, 41, 44)) or 0
    for i = 0, chunks - 1 do redis.call('UNLINK', KEYS[1] .. 'o:' .. hex .. ':' .. i) end
    redis.call('HDEL', KEYS[1] .. 'objects', digest)
  end
end
return 'OK'
"""
"""ARGV: token or nothing, digests; removes the results and objects of these that no row names."""

PRESENT = """
local lengths = {}
for i = 1, #ARGV do
  local entry = redis.call('HGET', KEYS[1] .. 'objects', ARGV[i])
  lengths[i] = -1
  if entry and #entry == 44 then
    local hex = string.gsub(ARGV[i], '.', function(c) return string.format('%02x', string.byte(c)) end)
    local total = 0
    for k = 0, struct.unpack('<I4', string.sub(entry, 41, 44)) - 1 do
      total = total + redis.call('STRLEN', KEYS[1] .. 'o:' .. hex .. ':' .. k)
    end
    lengths[i] = total
  end
end
return lengths
"""
"""ARGV: digests; returns how many bytes of each object there are, -1 for none."""

NAMES = """
return table.concat(redis.call('HKEYS', KEYS[1] .. ARGV[1]))
"""
"""ARGV: name of a hash; returns its fields, digests all, as one text: the client reads that much faster."""

WEIGH = """
local total = 0
for i = 1, #ARGV do
  for _, text in ipairs(redis.call('HGETALL', KEYS[1] .. ARGV[i])) do total = total + #text end
end
return total
"""
"""ARGV: names of hashes; returns the bytes of their fields and values."""

TAKE = """
local lease = KEYS[1] .. 'lease'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', lease, 'token', 'until', 'holder', 'seen')
if held[1] and held[1] ~= ARGV[1] and held[1] ~= ARGV[2] and tonumber(held[2]) > now then
  return {held[1], held[3], tostring(now - held[4])}
end
redis.call('HSET', KEYS[1] .. 'state', 'fence', ARGV[1])
redis.call('HSET', lease, 'token', ARGV[1], 'holder', ARGV[3], 'seen', now, 'until', now + ARGV[4])
return {ARGV[1], '', '0'}
"""
"""ARGV: token, token of a dead holder or nothing, holder, milliseconds; returns token, holder, age of his sign of life.

The server's clock alone counts. Nothing of this expires as keys do: a server that evicts would drop such keys first.
"""

HOLDER = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', KEYS[1] .. 'lease', 'until', 'holder', 'seen')
if not held[1] or tonumber(held[1]) <= now then return {'', '0'} end
return {held[2], tostring(now - held[3])}
"""
"""Returns who has the lease, nothing if it is free, and the age of his sign of life."""

RENEW = """
local fence = redis.call('HGET', KEYS[1] .. 'state', 'fence')
if fence ~= ARGV[1] then return fence and 'FENCED' or 'EMPTY' end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1] .. 'lease', 'token', ARGV[1], 'holder', ARGV[2], 'seen', now, 'until', now + ARGV[3])
return 'OK'
"""
"""ARGV: token, holder, milliseconds. Also a lease that ran out is renewed, if nobody took it meanwhile."""

RELEASE = """
if redis.call('HGET', KEYS[1] .. 'lease', 'token') == ARGV[1] then redis.call('DEL', KEYS[1] .. 'lease') end
return 'OK'
"""
"""ARGV: token."""
