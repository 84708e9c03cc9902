// Flows: origin checks, callback URLs, disabled paths and rate limits.
import { flow, Jar, sleep } from "../lib/recorder.mjs";
const A = "core-origin";
const ada = { email: "ada@example.com", password: "correct horse 1" };
flow(A, "origin-check", "Origin / Referer / Fetch-Metadata checks", "core", async (t) => {
  await t.signUp();
  const S = "/update-user", b = { name: "X" };
  await t.post("own origin", S, b);
  await t.post("no Origin, no Referer, cookies sent", S, b, { origin: null });
  await t.post("foreign Origin", S, b, { origin: "https://evil.example.net" });
  await t.post("Origin: null", S, b, { origin: "null" });
  await t.post("Origin: null with Sec-Fetch-Site same-origin", S, b, { origin: "null", headers: { "sec-fetch-site": "same-origin" } });
  await t.post("Referer instead of Origin (own)", S, b, { origin: null, headers: { referer: t.srv.origin + "/page?x=1" } });
  await t.post("Referer instead of Origin (foreign)", S, b, { origin: null, headers: { referer: "https://evil.example.net/page" } });
  await t.post("own origin wins over a foreign Referer", S, b, { headers: { referer: "https://evil.example.net/page" } });
  await t.post("trusted origin from the list", S, b, { origin: "http://trusted.example.com" });
  await t.post("trusted host, other scheme", S, b, { origin: "https://trusted.example.com" });
  await t.post("trusted host, other port", S, b, { origin: "http://trusted.example.com:8080" });
  await t.post("wildcard sub-domain", S, b, { origin: "https://a.wild.example.com" });
  await t.post("wildcard: * also matches several labels", S, b, { origin: "https://a.b.wild.example.com" });
  await t.post("wildcard: the bare domain does not match", S, b, { origin: "https://wild.example.com" });
  await t.post("wildcard: look-alike suffix", S, b, { origin: "https://a.wild.example.com.evil.net" });
  await t.post("custom scheme", S, b, { origin: "myapp://" });
  await t.post("own host in upper case", S, b, { origin: t.srv.origin.replace("localhost", "LOCALHOST") });
  await t.post("own origin with a trailing slash", S, b, { origin: t.srv.origin + "/" });
  await t.post("garbage Origin", S, b, { origin: "not a url" });
  await t.post("no cookies, foreign Origin, plain endpoint: not checked", "/request-password-reset", { email: "ada@example.com" }, { jar: null, origin: "https://evil.example.net" });
  await t.post("any cookie at all triggers the check", "/request-password-reset", { email: "ada@example.com" }, { jar: new Jar().set("foo", "bar"), origin: "https://evil.example.net" });
  await t.post("sign in, no cookies, foreign Origin: checked (login CSRF)", "/sign-in/email", ada, { jar: null, origin: "https://evil.example.net" });
  await t.post("sign in, no cookies, no Origin: allowed", "/sign-in/email", ada, { jar: null, origin: null });
  await t.post("sign in, no cookies, Sec-Fetch-Site cross-site + navigate", "/sign-in/email", ada, { jar: null, origin: null, headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" } });
  await t.post("sign in, no cookies, Sec-Fetch-Site same-origin without Origin", "/sign-in/email", ada, { jar: null, origin: null, headers: { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" } });
  await t.post("sign in, no cookies, Sec-Fetch-Site cross-site + cors with trusted Origin", "/sign-in/email", ada, { jar: null, origin: "http://trusted.example.com", headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" } });
  await t.post("sign in, no cookies, foreign Referer only", "/sign-in/email", ada, { jar: null, origin: null, headers: { referer: "https://evil.example.net/x" } });
  await t.post("origin check comes before validation", S, [], { origin: "https://evil.example.net" });
  await t.post("origin check comes before the session check", "/change-password", {}, { jar: new Jar().set("a", "b"), origin: "https://evil.example.net" });
  await t.req("JSON parsing comes before the origin check", "POST", S, { raw: "{", origin: "https://evil.example.net" });
  await t.req("unknown path: 404 without origin check", "POST", "/nope", { json: {}, origin: "https://evil.example.net" });
});
flow(A, "origin-check-sign-in", "the checks on sign-in/email, with a cookie that is no session and without cookies", "core", async (t) => {
  await t.signUp(ada.email, { jar: null });
  const fetchMetadata = (site, mode, dest) => ({ "sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest });
  const cases = [
    ["own origin", {}],
    ["no Origin, no Referer", { origin: null }],
    ...["https://evil.example.net", "null", "http://trusted.example.com", "https://trusted.example.com", "http://trusted.example.com:8080", "https://a.wild.example.com", "https://a.b.wild.example.com", "https://wild.example.com", "https://a.wild.example.com.evil.net", "myapp://", "not a url", "http://localhost", "http://localhost.evil.net"].map((origin) => [`Origin ${origin}`, { origin }]),
    ["own origin with a trailing slash", { origin: t.srv.origin + "/" }],
    ["own host in upper case", { origin: t.srv.origin.replace("localhost", "LOCALHOST") }],
    ["Origin null, Sec-Fetch-Site same-origin", { origin: "null", headers: fetchMetadata("same-origin", "cors", "empty") }],
    ["own Referer alone", { origin: null, headers: { referer: t.srv.origin + "/page?x=1" } }],
    ["foreign Referer alone", { origin: null, headers: { referer: "https://evil.example.net/page" } }],
    ["own origin, foreign Referer", { headers: { referer: "https://evil.example.net/page" } }],
    ["cross-site navigation", { origin: null, headers: fetchMetadata("cross-site", "navigate", "document") }],
    ["cross-site navigation from a trusted origin", { origin: "http://trusted.example.com", headers: fetchMetadata("cross-site", "navigate", "document") }],
    ["same-site navigation", { origin: null, headers: fetchMetadata("same-site", "navigate", "document") }],
    ["cross-site request of a trusted origin", { origin: "http://trusted.example.com", headers: fetchMetadata("cross-site", "cors", "empty") }],
  ];
  for (const [what, o] of cases) {
    await t.post(`${what}, no cookies`, "/sign-in/email", ada, { ...o, jar: null });
    await t.post(`${what}, a cookie`, "/sign-in/email", ada, { ...o, jar: new Jar().set("foo", "bar") });
  }
  await t.req("a foreign origin and a body of the wrong media type", "POST", "/sign-in/email", { raw: "x", headers: { "content-type": "text/plain" }, jar: null, origin: "https://evil.example.net" });
  await t.req("a foreign origin and malformed JSON", "POST", "/sign-in/email", { raw: "{", jar: null, origin: "https://evil.example.net" });
  await t.post("a foreign origin and an invalid body", "/sign-in/email", {}, { jar: null, origin: "https://evil.example.net" });
  await t.post("a foreign origin on sign-up", "/sign-up/email", {}, { jar: null, origin: "https://evil.example.net" });
  await t.post("a foreign origin on sign-out, no cookies", "/sign-out", {}, { jar: null, origin: "https://evil.example.net" });
});
flow(A, "callback-urls", "callbackURL / redirectTo / errorCallbackURL validation", "core", async (t) => {
  await t.signUp(ada.email, { jar: null });
  const urls = ["/ok", "/ok?a=1&b=2#frag", "/ok/../up", "//evil.example.net", "/\\evil.example.net", "/%2F%2Fevil.example.net", "/%5cevil", "ok", "./ok", "", "http://trusted.example.com/deep/path?x=1", "http://trusted.example.com@evil.net/", "https://a.wild.example.com/x", "https://evil.example.net/?http://trusted.example.com", "javascript:alert(1)", "data:text/html,x", "myapp://callback", "myapp://any/where?x=1", "http://localhost/other-port", "/with space", "/with\nnewline", "/ünïcode"];
  for (const u of urls) await t.post("callbackURL " + JSON.stringify(u), "/sign-in/email", { ...ada, callbackURL: u }, { jar: null });
  await t.post("own origin absolute", "/sign-in/email", { ...ada, callbackURL: t.srv.origin + "/abs" }, { jar: null });
  await t.post("redirectTo foreign on any POST endpoint", "/sign-in/email", { ...ada, redirectTo: "https://evil.example.net" }, { jar: null });
  await t.post("errorCallbackURL foreign on any POST endpoint", "/sign-in/email", { ...ada, errorCallbackURL: "https://evil.example.net" }, { jar: null });
  await t.post("newUserCallbackURL foreign on any POST endpoint", "/sign-in/email", { ...ada, newUserCallbackURL: "https://evil.example.net" }, { jar: null });
  await t.post("callbackURL in the query string is checked as well", "/sign-in/email?callbackURL=https://evil.example.net", ada, { jar: null });
});
flow(A, "checks-disabled", "advanced.disableCSRFCheck + disableOriginCheck", { name: "core:no-csrf", options: { advanced: { disableCSRFCheck: true, disableOriginCheck: true } } }, async (t) => {
  await t.signUp();
  await t.post("foreign origin accepted", "/update-user", { name: "X" }, { origin: "https://evil.example.net" });
  await t.post("foreign callbackURL accepted", "/sign-in/email", { ...ada, callbackURL: "https://evil.example.net" }, { jar: null });
});
flow(A, "disabled-paths", "disabledPaths", { name: "core:disabled-paths", options: { disabledPaths: ["/sign-up/email"] } }, async (t) => {
  await t.post("disabled", "/sign-up/email", { ...ada, name: "A" });
  await t.post("disabled with trailing slash", "/sign-up/email/", { ...ada, name: "A" });
});
const R = "core-rate-limit";
const IP = { "x-forwarded-for": "198.51.100.1" };
flow(R, "defaults", "rateLimit enabled with defaults: 100 per 10 s; 3 per 10 s for /sign-in /sign-up /change-password /change-email; 3 per 60 s for reset / verification mails", { name: "core:rate-limit", rateLimit: { enabled: true } }, async (t) => {
  for (let i = 1; i <= 4; i++) await t.post(`sign in #${i}`, "/sign-in/email", { email: "nobody@example.com", password: "whatever 1" }, { jar: null, headers: IP });
  await t.post("another address has its own bucket", "/sign-in/email", { email: "nobody@example.com", password: "whatever 1" }, { jar: null, headers: { "x-forwarded-for": "198.51.100.2" } });
  await t.post("another path has its own bucket", "/sign-in/social", { provider: "x" }, { jar: null, headers: IP });
  await t.post("trailing slash shares the bucket", "/sign-in/email/", {}, { jar: null, headers: IP });
  for (let i = 1; i <= 4; i++) await t.post(`request-password-reset #${i}`, "/request-password-reset", { email: "nobody@example.com" }, { jar: null, headers: IP });
  for (let i = 1; i <= 4; i++) await t.req(`unknown path below /sign-in #${i} is counted too`, "POST", "/sign-in/unknown", { json: {}, jar: null, headers: IP });
  for (let i = 1; i <= 100; i++) await t.get("", "/ok", { record: false, headers: IP });
  await t.get("the 101st GET /ok within 10 s", "/ok", { headers: IP });
  for (let i = 1; i <= 3; i++) await t.post("", "/sign-up/email", {}, { record: false, jar: null });
  await t.post("no usable client address (production): one shared bucket per path; 4th sign-up", "/sign-up/email", {}, { jar: null });
  await t.post("an untrusted list in X-Forwarded-For falls in the shared bucket", "/sign-up/email", {}, { jar: null, headers: { "x-forwarded-for": "1.1.1.1, 2.2.2.2" } });
  for (let i = 1; i <= 3; i++) await t.post("", "/change-email", {}, { record: false, jar: null, headers: { "x-forwarded-for": "2001:db8::1" } });
  await t.post("IPv6 addresses of one /64 share a bucket", "/change-email", {}, { jar: null, headers: { "x-forwarded-for": "2001:db8::ffff" } });
  await t.post("rate limit answers before origin check and validation", "/sign-in/email", {}, { jar: new Jar().set("a", "b"), origin: "https://evil.example.net", headers: IP });
});
flow(R, "database-storage", "rateLimit.storage database", { name: "core:rate-limit-db", rateLimit: { enabled: true, storage: "database", window: 10, max: 2 } }, async (t) => {
  for (let i = 1; i <= 3; i++) await t.get("#" + i, "/ok", { headers: IP });
  t.note("rateLimit rows", { rows: (await t.rows("select * from rateLimit")) });
});
flow(R, "plugins", "rules added by two-factor, magic-link", { name: "six:rate-limit", set: "six", rateLimit: { enabled: true } }, async (t) => {
  for (let i = 1; i <= 4; i++) await t.post(`two-factor/verify-totp #${i} (3 per 10 s)`, "/two-factor/verify-totp", { code: "000000" }, { jar: null, headers: IP });
  for (let i = 1; i <= 6; i++) await t.post(`sign-in/magic-link #${i} (5 per 60 s, replaces the 3 per 10 s rule)`, "/sign-in/magic-link", { email: "m@example.com" }, { jar: null, headers: IP });
  for (let i = 1; i <= 6; i++) await t.get(`magic-link/verify #${i} (5 per 60 s)`, "/magic-link/verify?token=x", { jar: null, headers: IP });
});
// The reference counts in one table for the whole process: addresses of this flow's own.
const OTHER = { "x-forwarded-for": "198.51.100.11" };
flow(R, "magic-link-alone", "the rules of magic-link, sign-in and sign-up", { name: "links:rate-limit", set: "links", rateLimit: { enabled: true } }, async (t) => {
  for (let i = 1; i <= 6; i++) await t.post(`sign-in/magic-link #${i} (5 per 60 s, replaces the 3 per 10 s rule)`, "/sign-in/magic-link", { email: "m@example.com" }, { jar: null, headers: OTHER });
  for (let i = 1; i <= 6; i++) await t.get(`magic-link/verify #${i} (5 per 60 s)`, "/magic-link/verify?token=x", { jar: null, headers: OTHER });
  for (let i = 1; i <= 4; i++) await t.post(`sign in #${i} (3 per 10 s)`, "/sign-in/email", { email: "nobody@example.com", password: "whatever 1" }, { jar: null, headers: OTHER });
  await t.post("another address has its own bucket", "/sign-in/email", { email: "nobody@example.com", password: "whatever 1" }, { jar: null, headers: { "x-forwarded-for": "198.51.100.12" } });
  for (let i = 1; i <= 4; i++) await t.req(`unknown path below /sign-in #${i} is counted too`, "POST", "/sign-in/unknown", { json: {}, jar: null, headers: OTHER });
  for (let i = 1; i <= 100; i++) await t.get("", "/ok", { record: false, headers: OTHER });
  await t.get("the 101st GET /ok within 10 s", "/ok", { headers: OTHER });
  for (let i = 1; i <= 3; i++) await t.post("", "/sign-up/email", {}, { record: false, jar: null, headers: { "x-forwarded-for": "2001:db8:0:7::1" } });
  await t.post("IPv6 addresses of one /64 share a bucket", "/sign-up/email", {}, { jar: null, headers: { "x-forwarded-for": "2001:db8:0:7::ffff" } });
});
