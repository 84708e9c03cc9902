// Flows: the magic-link, jwt and last-login-method plugins.
import { flow, Jar, sleep } from "../lib/recorder.mjs";
const iso = (ms) => new Date(ms).toISOString();
const A = "magic-link";
// Played with the six usual plugins and with the two that need no other.
const LINKS = { name: "core+magic-link+last-login-method", set: "links" };
const both = (area, name, description, play) => { flow(area, name, description, "six", play); flow(area, `${name}-alone`, `${description}; two plugins only`, LINKS, play); };
both(A, "magic-link", "send, verify, errors", async (t) => {
  await t.post("send: new address", "/sign-in/magic-link", { email: "ada@example.com", name: "Ada", callbackURL: "/home", newUserCallbackURL: "/welcome", errorCallbackURL: "/oops", metadata: { campaign: "x" } });
  t.note("verification row", { row: (({ identifier, value, expiresAt }) => ({ identifier, value: JSON.parse(value), expiresAt }))((await t.row("select * from verification"))) });
  const u = new URL(t.mail("magic-link").url);
  await t.get("verify: user created, verified, redirect to newUserCallbackURL", u.pathname + u.search, { abs: true });
  await t.get("session", "/get-session");
  await t.get("link used twice", u.pathname + u.search, { abs: true, jar: new Jar() });
  t.jar = new Jar();
  await t.post("send: existing user, no URLs", "/sign-in/magic-link", { email: "ada@example.com" });
  const u2 = new URL(t.mail("magic-link").url);
  await t.get("verify: redirect to /", u2.pathname + u2.search, { abs: true });
  await t.post("send", "/sign-in/magic-link", { email: "ada@example.com" }, { jar: null });
  await t.get("verify without callbackURL: JSON", "/magic-link/verify?token=" + t.mail("magic-link").token, { jar: new Jar() });
  await t.post("missing e-mail", "/sign-in/magic-link", {}, { jar: null });
  await t.post("invalid e-mail", "/sign-in/magic-link", { email: "x" }, { jar: null });
  await t.post("untrusted callbackURL", "/sign-in/magic-link", { email: "ada@example.com", callbackURL: "https://evil.example.net" }, { jar: null });
  await t.post("foreign origin", "/sign-in/magic-link", { email: "ada@example.com" }, { jar: null, origin: "https://evil.example.net" });
  await t.post("metadata wrong type", "/sign-in/magic-link", { email: "ada@example.com", metadata: "x" }, { jar: null });
  await t.get("verify: missing token", "/magic-link/verify", { jar: null });
  await t.get("verify: unknown token, no URLs", "/magic-link/verify?token=unknown", { jar: null });
  await t.get("verify: unknown token, callbackURL with query", "/magic-link/verify?token=unknown&callbackURL=%2Fhome%3Fa%3D1", { jar: null });
  await t.get("verify: unknown token, errorCallbackURL", "/magic-link/verify?token=unknown&callbackURL=%2Fhome&errorCallbackURL=%2Foops", { jar: null });
  await t.get("verify: untrusted callbackURL", "/magic-link/verify?token=unknown&callbackURL=https%3A%2F%2Fevil.example.net", { jar: null });
  await t.get("verify: untrusted errorCallbackURL", "/magic-link/verify?token=unknown&errorCallbackURL=https%3A%2F%2Fevil.example.net", { jar: null });
  await t.post("send", "/sign-in/magic-link", { email: "ada@example.com", callbackURL: "/home" }, { jar: null });
  await t.sql("update verification set expiresAt = ?", iso(Date.now() - 1000));
  const u3 = new URL(t.mail("magic-link").url);
  await t.get("verify: expired (5 minutes)", u3.pathname + u3.search, { abs: true, jar: null });
  if (t.srv.plugins.admin) {
    await t.sql("update user set banned = 1");
    await t.post("send to a banned user", "/sign-in/magic-link", { email: "ada@example.com", callbackURL: "/home" }, { jar: null });
    const u4 = new URL(t.mail("magic-link").url);
    await t.get("verify: banned user", u4.pathname + u4.search, { abs: true, jar: new Jar() });
  }
  await t.post("mixed-case address", "/sign-in/magic-link", { email: "Grace@Example.com", name: "Grace" }, { jar: null });
  const u5 = new URL(t.mail("magic-link").url);
  await t.get("verify", u5.pathname + u5.search, { abs: true, jar: (t.jg = new Jar()) });
  await t.get("stored lower-cased", "/get-session", { jar: t.jg });
  await t.req("GET sign-in/magic-link", "GET", "/sign-in/magic-link", { jar: null });
  await t.req("POST magic-link/verify", "POST", "/magic-link/verify?token=x", { json: {}, jar: null });
});
both(A, "unverified-user", "magic link to an existing unverified password user: password, links and sessions are removed", async (t) => {
  await t.signUp();
  await t.post("send", "/sign-in/magic-link", { email: "ada@example.com", callbackURL: "/home" }, { jar: null });
  const u = new URL(t.mail("magic-link").url);
  const j = new Jar();
  await t.get("verify", u.pathname + u.search, { abs: true, jar: j });
  await t.get("old session is gone", "/get-session");
  await t.post("old password no longer works", "/sign-in/email", { email: "ada@example.com", password: "correct horse 1" }, { jar: null });
  await t.get("no accounts left", "/list-accounts", { jar: j });
});
flow(A, "two-factor-user", "a user with 2FA enabled is not challenged after a magic link", "six", async (t) => {
  await t.signUp(); await t.sql("update user set twoFactorEnabled = 1, emailVerified = 1");
  await t.post("send", "/sign-in/magic-link", { email: "ada@example.com" }, { jar: null });
  const u = new URL(t.mail("magic-link").url);
  await t.get("session at once", u.pathname + u.search, { abs: true, jar: new Jar() });
});
const J = "jwt";
flow(J, "jwt", "jwks, token, set-auth-jwt header", "six", async (t) => {
  await t.get("jwks: key created on first use", "/jwks");
  t.note("stored key", { row: (await t.row("select * from jwks")) });
  await t.get("token without session", "/token", { jar: null });
  await t.signUp();
  await t.get("token", "/token");
  await t.get("get-session carries set-auth-jwt", "/get-session");
  await t.get("get-session without session: no header", "/get-session", { jar: null });
  await t.get("jwks again: same key", "/jwks");
  await t.req("POST token", "POST", "/token", { json: {} });
  await t.post("sign-jwt is server-only", "/sign-jwt", { payload: {} });
  await t.post("verify-jwt is server-only", "/verify-jwt", { token: "x" });
  await t.get("old path /.well-known/jwks.json", "/.well-known/jwks.json");
});
for (const [alg, extra] of [["ES256", {}], ["PS256", {}], ["RS256", { modulusLength: 2048 }]]) flow(J, "alg-" + alg.toLowerCase(), "keyPairConfig.alg " + alg, { name: "core+jwt:" + alg, plugins: { jwt: { jwks: { keyPairConfig: { alg, ...extra } } } } }, async (t) => {
  await t.signUp(); await t.get("jwks", "/jwks"); await t.get("token", "/token");
});
flow(J, "options", "issuer, audience, expirationTime, definePayload, getSubject, jwksPath, rotation, no header, plain private key", { name: "core+jwt:options", plugins: { jwt: { jwt: { issuer: "https://issuer.example.com", audience: "https://api.example.com", expirationTime: "1h", definePayload: ({ user }) => ({ email: user.email, scope: "basic" }), getSubject: ({ session }) => "subject-of-" + session.userAgent }, jwks: { jwksPath: "/.well-known/jwks.json", rotationInterval: 3600, gracePeriod: 60, disablePrivateKeyEncryption: true }, disableSettingJwtHeader: true } } }, async (t) => {
  await t.signUp("ada@example.com", { headers: { "user-agent": "agent-7" } });
  await t.get("jwks at the custom path", "/.well-known/jwks.json");
  await t.get("default path", "/jwks");
  await t.get("token", "/token");
  await t.get("no set-auth-jwt", "/get-session");
  t.note("stored key: private key in clear, expiresAt set", { row: (await t.row("select id, privateKey, publicKey, createdAt, expiresAt, alg, crv from jwks")) });
  await t.sql("update jwks set expiresAt = ?", iso(Date.now() - 1000));
  await t.get("expired key: a new one signs", "/token");
  await t.get("both keys published during the grace period", "/.well-known/jwks.json");
  await t.sql("update jwks set expiresAt = ? where expiresAt < ?", iso(Date.now() - 120000), iso(Date.now()));
  await t.get("past the grace period the old key is dropped", "/.well-known/jwks.json");
});
const L = "last-login-method";
both(L, "cookie", "last_used_login_method cookie per method", async (t) => {
  await t.post("sign up", "/sign-up/email", { name: "Ada", email: "ada@example.com", password: "correct horse 1" });
  await t.post("sign in", "/sign-in/email", { email: "ada@example.com", password: "correct horse 1" });
  await t.post("failed sign in: no cookie", "/sign-in/email", { email: "ada@example.com", password: "wrong password" });
  await t.post("rememberMe false", "/sign-in/email", { email: "ada@example.com", password: "correct horse 1", rememberMe: false }, { jar: new Jar() });
  await t.post("magic link send: no cookie", "/sign-in/magic-link", { email: "ada@example.com" }, { jar: null });
  const u = new URL(t.mail("magic-link").url);
  await t.get("magic link verify", u.pathname + u.search, { abs: true, jar: new Jar() });
  await t.post("sign out keeps it", "/sign-out", {});
  if (t.srv.plugins.twoFactor) {
    await t.signUp("bob@example.com", { jar: null }); await t.sql("update user set twoFactorEnabled = 1");
    await t.post("2FA pending: the cookie is set already", "/sign-in/email", { email: "bob@example.com", password: "correct horse 1" }, { jar: new Jar() });
  }
});
flow(L, "secure", "https base URL", { name: "six:https", set: "six", options: { baseURL: "https://auth.example.com" } }, async (t) => {
  await t.post("sign up: cookie name has no __Secure- prefix but the Secure attribute", "/sign-up/email", { name: "Ada", email: "ada@example.com", password: "correct horse 1" }, { host: "auth.example.com", origin: "https://auth.example.com" });
});
flow(L, "secure-alone", "https base URL; two plugins only", { name: "links:https", set: "links", options: { baseURL: "https://auth.example.com" } }, async (t) => {
  await t.post("sign up: the Secure attribute without the prefix", "/sign-up/email", { name: "Ada", email: "ada@example.com", password: "correct horse 1" }, { host: "auth.example.com", origin: "https://auth.example.com" });
  await t.get("session", "/get-session", { host: "auth.example.com" });
});
