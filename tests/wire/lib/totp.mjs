// Time-based one-time passwords (RFC 6238), as an authenticator app makes them.
import crypto from "node:crypto";
const B32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
export function b32decode(s) { let bits = "", out = []; for (const c of s.replace(/=+$/, "")) bits += B32.indexOf(c).toString(2).padStart(5, "0"); for (let i = 0; i + 8 <= bits.length; i += 8) out.push(parseInt(bits.slice(i, i + 8), 2)); return Buffer.from(out); }
export function totp(key, { t = Date.now(), period = 30, digits = 6, step = 0 } = {}) {
  const c = Buffer.alloc(8); c.writeBigUInt64BE(BigInt(Math.floor(t / 1000 / period) + step));
  const h = crypto.createHmac("sha1", key).update(c).digest(); const o = h[h.length - 1] & 15;
  return String((h.readUInt32BE(o) & 0x7fffffff) % 10 ** digits).padStart(digits, "0");
}
export const totpFromUri = (uri, o) => totp(b32decode(new URL(uri).searchParams.get("secret")), o);
