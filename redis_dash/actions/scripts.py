"""The Lua scripts that revoke and restore a session in one step."""

from __future__ import annotations

_CHANGE = b"""
local function change(key, mode, member)
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then return {'absent', kind} end
  local left = redis.call('PTTL', key)
  if mode == 'key' then
    local dump = redis.call('DUMP', key)
    redis.call('DEL', key)
    return {'removed', kind, left, dump}
  elseif kind == 'set' then
    return {redis.call('SREM', key, member) == 1 and 'removed' or 'absent', kind, left, ''}
  elseif kind == 'zset' then
    local score = redis.call('ZSCORE', key, member)
    if score then redis.call('ZREM', key, member) end
    return {score and 'removed' or 'absent', kind, left, score or ''}
  elseif kind == 'hash' then
    local value = redis.call('HGET', key, member)
    if value then redis.call('HDEL', key, member) end
    return {value and 'removed' or 'absent', kind, left, value or ''}
  elseif kind == 'list' then
    local after, was_there, first = '', false, redis.call('LRANGE', key, 0, 10000)
    if #first > 10000 then return {'long', kind, left, ''} end
    for _, one in ipairs(first) do
      if one == member then was_there, after = true, ''
      elseif was_there and after == '' then after = '+' .. one end
    end
    local number = was_there and redis.call('LREM', key, 0, member) or 0
    return {was_there and 'removed' or 'absent', kind, left, tostring(number), after}
  end
  return {'other', kind, left}
end
"""
"""A Lua function that removes a member, or the whole key, and returns what is needed to put it back."""

REVOKE = (
    _CHANGE
    + b"""
local others = tonumber(ARGV[3])
local now = redis.call(ARGV[2], KEYS[1], unpack(ARGV, 4, 3 + others))
if type(now) == 'table' then
  if #now == 0 then return -1 end
  for i, part in ipairs(now) do now[i] = #part .. ':' .. part end
  now = table.concat(now)
end
if not now then return -1 end
if redis.sha1hex(now) ~= ARGV[1] then return -2 end
local deleted = redis.call('DEL', KEYS[1])
if #KEYS == 1 or deleted == 0 then return deleted end
local results = {}
for i = 2, #KEYS do
  local ok, result = pcall(change, KEYS[i], ARGV[2 * i + others], ARGV[2 * i + others + 1])
  results[i - 1] = ok and result or {'refused', type(result) == 'table' and result.err or tostring(result)}
end
return results
"""
)
"""Deletes a key if the reply to a reading command is still the same, then changes its companions.

Its arguments: the digest of the reply, the name of the command, how many arguments it has after the key, these, mode
and member of each companion. It returns what became of the companions; a number if there are none, or nothing was done.
"""

PUT_BACK = b"""
local function put_back(key, kind, member, data, after, ends, left)
  local is_new = redis.call('EXISTS', key) == 0
  local done
  if kind == 'key' then
    if is_new then redis.call('RESTORE', key, left, data) end
    return {is_new and 'back' or 'there', kind, is_new and 0 or 1}
  elseif kind == 'set' then done = redis.call('SADD', key, member)
  elseif kind == 'zset' then done = redis.call('ZADD', key, 'NX', data, member)
  elseif kind == 'hash' then done = redis.call('HSETNX', key, member, data)
  else
    for _, one in ipairs(redis.call('LRANGE', key, 0, 10000)) do
      if one == member then return {'there', kind, 1} end
    end
    for _ = 1, tonumber(data) do
      if after == '' or redis.call('LINSERT', key, 'BEFORE', string.sub(after, 2), member) < 1 then
        redis.call('RPUSH', key, member)
      end
    end
    done = 1
  end
  if is_new and ends ~= '' then redis.call('PEXPIREAT', key, ends) end
  return {done == 1 and 'back' or 'there', kind, is_new and 0 or 1}
end
local restored = redis.pcall('RESTORE', KEYS[1], ARGV[1], ARGV[2])
if type(restored) == 'table' and restored.err then return redis.error_reply(restored.err) end
local results = {}
for i = 2, #KEYS do
  local at = 6 * i - 9
  local ok, result = pcall(put_back, KEYS[i], unpack(ARGV, at, at + 5))
  results[i - 1] = ok and result or {'refused', type(result) == 'table' and result.err or tostring(result)}
end
return results
"""
"""Restores a session, then its companions, each only where it is not there: an undo overwrites nothing."""
