//! The scripts that a secondary storage runs: each reads and changes one key.

use std::sync::LazyLock;

use redis::Script;

/// A script with its text.
pub(super) struct OneKey {
    pub(super) code: &'static str,
    pub(super) script: Script,
}

/// All scripts.
pub(super) struct Scripts {
    /// max, window in ms → -1 when counted, else the ms that are left.
    pub(super) count: OneKey,
    /// The value as read, the new value, life in ms → 1, or 0 when it is another one by now.
    pub(super) swap: OneKey,
    /// The value as read → 1 when this call removed it.
    pub(super) take: OneKey,
    /// Token, end in ms, present in ms, `1` to add → nothing. The list of a user's sessions, the first to end first.
    pub(super) list: OneKey,
    /// Member, life in ms → nothing. A set that lives as long as its longest member.
    pub(super) index: OneKey,
}

pub(super) static SCRIPTS: LazyLock<Scripts> = LazyLock::new(|| {
    let of = |code: &'static str| OneKey { code, script: Script::new(code) };
    Scripts { count: of(COUNT), swap: of(SWAP), take: of(TAKE), list: of(LIST), index: of(INDEX) }
});

const COUNT: &str = r#"
local max, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local count = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
if count >= max then
  local left = redis.call('PTTL', KEYS[1])
  if count > 0 and left < 0 then redis.call('PEXPIRE', KEYS[1], window) end
  if left < 0 then left = window end
  return left
end
count = redis.call('INCR', KEYS[1])
if count == 1 or redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], window) end
return -1
"#;

const SWAP: &str = r#"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"#;

const TAKE: &str = r#"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"#;

const LIST: &str = r#"
local read, list = pcall(cjson.decode, redis.call('GET', KEYS[1]) or '[]')
if not read or type(list) ~= 'table' then list = {} end
local now, kept = tonumber(ARGV[3]), {}
for _, entry in ipairs(list) do
  if type(entry) == 'table' and entry.token ~= ARGV[1] and (tonumber(entry.expiresAt) or 0) > now then
    kept[#kept + 1] = { token = entry.token, expiresAt = tonumber(entry.expiresAt) }
  end
end
if ARGV[4] == '1' then kept[#kept + 1] = { token = ARGV[1], expiresAt = tonumber(ARGV[2]) } end
if #kept == 0 then return redis.call('DEL', KEYS[1]) end
table.sort(kept, function(a, b) return a.expiresAt < b.expiresAt end)
local texts = {}
for _, entry in ipairs(kept) do
  texts[#texts + 1] = '{"token":' .. cjson.encode(entry.token) .. ',"expiresAt":' .. string.format('%.0f', entry.expiresAt) .. '}'
end
redis.call('SET', KEYS[1], '[' .. table.concat(texts, ',') .. ']', 'PX', math.max(1, kept[#kept].expiresAt - now))
return 1
"#;

const INDEX: &str = r#"
redis.call('SADD', KEYS[1], ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
"#;
