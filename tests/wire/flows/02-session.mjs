// Flows: get-session, refresh, revocation, the cookie cache and cookie options.
import { flow, Jar, sleep } from "../lib/recorder.mjs";
import crypto from "node:crypto";
import { SECRET } from "../lib/variant.mjs";
const A = "core-session";
const sign = (v, secret = SECRET) => encodeURIComponent(v + "." + crypto.createHmac("sha256", secret).update(v).digest("base64"));
const DAY = 86400000;
const iso = (ms) => new Date(ms).toISOString();

flow(A, "get-session", "get-session: happy, none, forged, expired, deleted, query flags, methods", "core", async (t) => {
  await t.get("no cookie: body is JSON null", "/get-session", { jar: null });
  await t.signUp();
  await t.get("with cookie", "/get-session");
  await t.get("disableCookieCache=true", "/get-session?disableCookieCache=true");
  await t.get("disableRefresh=true", "/get-session?disableRefresh=true");
  await t.get("query values are coerced: any non-empty string is true, empty string is false", "/get-session?disableCookieCache=false&disableRefresh=");
  await t.get("unknown query key", "/get-session?foo=bar");
  const tok = decodeURIComponent(t.jar.get("better-auth.session_token")).split(".")[0];
  await t.get("unsigned cookie value (raw token)", "/get-session", { jar: new Jar().set("better-auth.session_token", tok) });
  await t.get("wrong signature (right length)", "/get-session", { jar: new Jar().set("better-auth.session_token", sign(tok, "another secret")) });
  await t.get("truncated signature", "/get-session", { jar: new Jar().set("better-auth.session_token", tok + ".abc") });
  await t.get("correctly signed unknown token: cookies cleared", "/get-session", { jar: new Jar().set("better-auth.session_token", sign("A".repeat(16) + "b1".repeat(8))) });
  await t.get("signed cookie not URL-encoded is accepted too", "/get-session", { jar: new Jar().set("better-auth.session_token", decodeURIComponent(t.jar.get("better-auth.session_token"))) });
  await t.get("cookie value in double quotes is accepted", "/get-session", { jar: new Jar().set("better-auth.session_token", '"' + t.jar.get("better-auth.session_token") + '"') });
  await t.get("cookie under the __Secure- name is not read on an http base URL", "/get-session", { jar: new Jar().set("__Secure-better-auth.session_token", t.jar.get("better-auth.session_token")) });
  await t.get("Authorization: Bearer is ignored without the bearer plugin", "/get-session", { jar: null, headers: { authorization: "Bearer " + tok } });
  await t.get("wrong Origin on GET is not checked", "/get-session", { origin: "https://evil.example.net" });
  await t.req("POST is refused unless deferSessionRefresh", "POST", "/get-session", { json: {} });
  await t.req("POST without a session", "POST", "/get-session", { json: {}, jar: null });
  await t.sql("update session set expiresAt = ?", iso(Date.now() - 1000));
  const j = t.jar.clone();
  await t.get("expired session: null, cookies cleared, row deleted", "/get-session");
  t.note("session rows left in the database", { rows: (await t.rows("select count(*) as n from session")) });
});
flow(A, "update-age", "sliding refresh: updateAge 1 day, expiresIn 7 days", "core", async (t) => {
  await t.signUp();
  await t.sql("update session set expiresAt = ?", iso(Date.now() + 6 * DAY + 60000));
  await t.get("less than updateAge used: no refresh, no cookie", "/get-session");
  await t.sql("update session set expiresAt = ?", iso(Date.now() + 6 * DAY - 60000));
  await t.get("updateAge passed but disableRefresh: untouched", "/get-session?disableRefresh=true");
  await t.get("updateAge passed: expiresAt extended and session cookie re-sent", "/get-session");
  await t.get("again: no refresh", "/get-session");
  await t.signUp("remy@example.com", { extra: { rememberMe: false } });
  await t.get("rememberMe false session: lasts 1 day in the database", "/get-session");
  await t.sql("update session set expiresAt = ?", iso(Date.now() + 3600000));
  await t.get("dont_remember cookie present: never refreshed", "/get-session");
  t.jar.delete("better-auth.dont_remember");
  await t.get("without dont_remember cookie it is refreshed to 7 days", "/get-session");
  await t.sql("update session set expiresAt = ?", iso(Date.now() + 3600000));
  await t.get("a session-requiring endpoint refreshes too", "/list-accounts");
});
flow(A, "disable-session-refresh", "session.disableSessionRefresh", { name: "core:disable-refresh", options: { session: { disableSessionRefresh: true } } }, async (t) => {
  await t.signUp(); await t.sql("update session set expiresAt = ?", iso(Date.now() + 3600000));
  await t.get("no refresh", "/get-session");
});
flow(A, "defer-session-refresh", "session.deferSessionRefresh: GET never writes, POST refreshes", { name: "core:defer-refresh", options: { session: { deferSessionRefresh: true } } }, async (t) => {
  await t.signUp();
  await t.get("fresh", "/get-session");
  await t.sql("update session set expiresAt = ?", iso(Date.now() + 3600000));
  await t.get("due: needsRefresh true, nothing written", "/get-session");
  await t.req("POST performs the refresh", "POST", "/get-session", { json: {} });
  await t.get("after", "/get-session");
  await t.sql("update session set expiresAt = ?", iso(Date.now() - 1000));
  const j = t.jar.clone();
  await t.get("expired on GET: cookies cleared, row kept", "/get-session", { jar: j.clone() });
  t.note("rows", { rows: (await t.rows("select count(*) as n from session")) });
  await t.req("expired on POST: row deleted", "POST", "/get-session", { json: {}, jar: j });
  t.note("rows", { rows: (await t.rows("select count(*) as n from session")) });
});
flow(A, "list-and-revoke", "list-sessions, revoke-session, revoke-other-sessions, revoke-sessions", "core", async (t) => {
  await t.get("list without session", "/list-sessions", { jar: null });
  await t.signUp();
  const j2 = new Jar(), j3 = new Jar(), other = new Jar();
  const s2 = await t.signIn("ada@example.com", { jar: j2, headers: { "user-agent": "second" } });
  const s3 = await t.signIn("ada@example.com", { jar: j3, headers: { "user-agent": "third" } });
  const so = await t.signUp("bob@example.com", { jar: other });
  await t.get("three sessions", "/list-sessions");
  await t.post("revoke without session", "/revoke-session", { token: s2.body.token }, { jar: null });
  await t.post("revoke: missing token", "/revoke-session", {});
  await t.post("revoke: wrong type", "/revoke-session", { token: 1 });
  await t.post("revoke: unknown token answers 200", "/revoke-session", { token: "nope" });
  await t.post("revoke: someone else's session answers 200 and does nothing", "/revoke-session", { token: so.body.token });
  await t.get("bob is still signed in", "/get-session", { jar: other });
  await t.post("revoke second", "/revoke-session", { token: s2.body.token });
  await t.get("second is gone", "/get-session", { jar: j2 });
  await t.post("revoke others", "/revoke-other-sessions", {});
  await t.get("third is gone", "/get-session", { jar: j3 });
  await t.get("one left", "/list-sessions");
  await t.req("revoke-other-sessions without body", "POST", "/revoke-other-sessions", {});
  await t.post("revoke-other-sessions without session", "/revoke-other-sessions", {}, { jar: null });
  await t.post("revoke own token clears cookies", "/revoke-session", { token: decodeURIComponent(t.jar.get("better-auth.session_token")).split(".")[0] });
  await t.signIn();
  await t.post("revoke all: cookies cleared", "/revoke-sessions", {});
  await t.get("gone", "/get-session");
  await t.post("revoke-sessions without session", "/revoke-sessions", {}, { jar: null });
  await t.signIn();
  await t.sql("update session set createdAt = ?", iso(Date.now() - 2 * DAY));
  await t.get("list-sessions needs a fresh session (created < 1 day ago)", "/list-sessions");
  await t.post("revoke-session does not", "/revoke-session", { token: "nope" });
});
for (const strategy of ["compact", "jwt", "jwe"]) {
  flow(A, `cookie-cache-${strategy}`, `session.cookieCache enabled, strategy ${strategy}`, { name: `core:cookie-cache-${strategy}`, options: { session: { cookieCache: { enabled: true, maxAge: 300, ...(strategy === "compact" ? {} : { strategy }) } } } }, async (t) => {
    await t.post("sign up sets session_token then session_data", "/sign-up/email", { name: "Ada Lovelace", email: "ada@example.com", password: "correct horse 1" });
    await t.get("served from the cookie: no Set-Cookie", "/get-session");
    await t.sql("update user set name = 'Changed In Database'");
    await t.get("still the cached name", "/get-session");
    await t.get("disableCookieCache=true reads the database and re-sends the cache cookie", "/get-session?disableCookieCache=true");
    const j = t.jar.clone(); j.delete("better-auth.session_data");
    await t.get("cache cookie missing: rebuilt", "/get-session", { jar: j });
    const k = t.jar.clone(); k.set("better-auth.session_data", "AAAA" + k.get("better-auth.session_data").slice(4));
    await t.get("cache cookie tampered: expired and rebuilt", "/get-session", { jar: k });
    const m = t.jar.clone(); m.delete("better-auth.session_token");
    await t.get("cache cookie alone is not a session", "/get-session", { jar: m });
    const dead = t.jar.clone();
    await t.sql("delete from session");
    await t.get("session revoked in the database: the cache still answers until it expires", "/get-session", { jar: dead.clone() });
    await t.get("disableCookieCache: gone, cookies cleared", "/get-session?disableCookieCache=true", { jar: dead.clone() });
    await t.post("sensitive endpoints bypass the cache", "/change-password", { currentPassword: "correct horse 1", newPassword: "correct horse 2" }, { jar: dead.clone() });
    await t.get("ordinary session endpoints trust the cache", "/list-accounts", { jar: dead.clone() });
    await t.post("rememberMe false: session_data has no Max-Age", "/sign-in/email", { email: "ada@example.com", password: "correct horse 1", rememberMe: false }, { jar: new Jar() });
    await t.post("sign out", "/sign-out", {}, { jar: dead.clone() });
  });
}
flow(A, "cookie-cache-expiry", "cache maxAge 1 second, version string", { name: "core:cookie-cache-1s", options: { session: { cookieCache: { enabled: true, maxAge: 1, version: "2" } } } }, async (t) => {
  await t.post("sign up", "/sign-up/email", { name: "Ada Lovelace", email: "ada@example.com", password: "correct horse 1" });
  await sleep(1300);
  await t.get("cache expired: old cookie expired, new one set", "/get-session");
});
flow(A, "cookie-cache-chunks", "session_data over ~4 kB is split into .0 .1 …", { name: "core:cookie-cache-chunks", options: { session: { cookieCache: { enabled: true, strategy: "jwe" } }, user: { additionalFields: { bio: { type: "string", required: false } } } } }, async (t) => {
  await t.post("sign up with an 8 kB field", "/sign-up/email", { name: "Ada", email: "ada@example.com", password: "correct horse 1", bio: "x".repeat(8000) });
  t.note("sizes", { valueLengths: t.jar.keys().filter((k) => k.includes("session_data")).map((k) => [k, t.jar.get(k).length]) });
  await t.get("read back from chunks", "/get-session");
  await t.post("shrink: chunk cookies are expired, single cookie set", "/update-user", { bio: "short" });
  await t.post("sign out clears", "/sign-out", {});
});
flow(A, "stateless", "no database: cookie-only sessions (jwe, refreshCache), OAuth only", { name: "core:stateless", options: { database: null } }, async (t) => {
  await t.get("no cookie", "/get-session");
});
flow(A, "use-secure-cookies", "advanced.useSecureCookies true on http", { name: "core:use-secure-cookies", options: { advanced: { useSecureCookies: true } } }, async (t) => {
  await t.post("sign up", "/sign-up/email", { name: "Ada Lovelace", email: "ada@example.com", password: "correct horse 1" });
});
flow(A, "cookie-options", "cookiePrefix, crossSubDomainCookies, defaultCookieAttributes, per-cookie name", { name: "core:cookie-options", options: { advanced: { cookiePrefix: "acme", crossSubDomainCookies: { enabled: true, domain: ".example.com" }, defaultCookieAttributes: { sameSite: "none", partitioned: true }, cookies: { session_token: { name: "sid", attributes: { path: "/app" } } } } } }, async (t) => {
  await t.post("sign up", "/sign-up/email", { name: "Ada Lovelace", email: "ada@example.com", password: "correct horse 1", rememberMe: false });
});
