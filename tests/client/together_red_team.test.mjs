// Red team groups D, H, J and K with all plugins at once: what one of them alone does not show.
import { passkeyClient } from "@better-auth/passkey/client";
import { adminClient, jwtClient, multiSessionClient, twoFactorClient, usernameClient } from "better-auth/client/plugins";
import crypto from "node:crypto";
import { decodeJwt } from "jose";
import { expect, test } from "vitest";
import { freePort } from "../harness/doorward.mjs";
import { Authenticator } from "../wire/lib/authenticator.mjs";
import { totpFromUri } from "../wire/lib/totp.mjs";
import { browser, mailTo, PASSWORD, raw, SECRET, serve } from "./harness.mjs";

const management = await freePort();
const KEY = "management-key-0123456789-abcdefghijklmnop";
const server = serve({
  session: { cookie_cache: { enabled: true, max_age: 300 } },
  email_verification: { auto_sign_in_after_verification: true },
  user: { delete_user: { enabled: true }, change_email: { enabled: true } },
  plugins: [{ id: "two-factor" }, { id: "passkey" }, { id: "magic-link" }, { id: "jwt", jwks: { key_pair_config: { alg: "ES256" } } }, { id: "last-login-method" }, { id: "admin" }, { id: "bearer" }, { id: "username" }, { id: "multi-session" }],
  management: { address: `127.0.0.1:${management}`, keys: [{ name: "backend", value: KEY, scopes: ["sign-jwt", "verify-jwt"] }] },
});
const yes = () => (server.database.kind === "postgres" ? true : 1);
const page = (jar) => browser(server, { ...(jar && { jar }), plugins: [passkeyClient(), adminClient(), jwtClient(), multiSessionClient(), twoFactorClient(), usernameClient()] });
const cookie = (name) => `better-auth.${name}`;
const isSignedIn = async ({ client }) => (await client.getSession({ query: { disableCookieCache: true } })).data !== null;
/** One request with a browser's cookies, and all that came back. */
const call = ({ jar }, method, path, body) => raw(server, method, `/api/auth${path}`, { headers: { origin: server.origin, cookie: jar.header(), "content-type": "application/json" }, ...(body && { body: JSON.stringify(body) }) });

let made = 0;
async function person(fields = {}) {
  const who = page();
  const user = { name: "P", email: `together${++made}@example.com`, password: PASSWORD, username: `together_${made}` };
  const { data, error } = await who.client.signUp.email(user);
  expect(error).toBeNull();
  for (const [name, value] of Object.entries({ emailVerified: yes(), ...fields })) await server.database.run(`update user set ${name} = ? where id = ?`, value, data.user.id);
  return { ...who, ...user, id: data.user.id };
}
/** A user with an authenticator app and a passkey, signed in. */
async function enrolled() {
  const user = await person();
  const authenticator = new Authenticator({ uv: false });
  const { data: asked } = await user.client.$fetch("/passkey/generate-register-options");
  expect((await user.client.$fetch("/passkey/verify-registration", { method: "POST", body: { response: authenticator.create(asked, server.origin) } })).error).toBeNull();
  const { data } = await user.client.twoFactor.enable({ password: PASSWORD });
  let step = Math.floor(Date.now() / 30_000) - 2;
  const code = () => { const now = Math.floor(Date.now() / 30_000); step = Math.max(step + 1, now - 1); return totpFromUri(data.totpURI, { step: step - now }); };
  expect((await user.client.twoFactor.verifyTotp({ code: code() })).error).toBeNull();
  return { ...user, authenticator, code, codes: data.backupCodes };
}
/** The ways to sign in that prove one factor, each as a request of a browser. */
const WAYS = {
  password: (who, user) => call(who, "POST", "/sign-in/email", { email: user.email, password: PASSWORD }),
  username: (who, user) => call(who, "POST", "/sign-in/username", { username: user.username, password: PASSWORD }),
  "magic link": async (who, user) => {
    const before = (await server.mailbox()).filter((mail) => mail.to === user.email && mail.kind === "magic-link").length;
    await who.client.signIn.magicLink({ email: user.email });
    const url = new URL((await mailTo(server, user.email, "magic-link", before)).data.url);
    return raw(server, "GET", `${url.pathname}${url.search}`);
  },
  "passkey without verification": async (who, user) => {
    const { data } = await who.client.$fetch("/passkey/generate-authenticate-options");
    return call(who, "POST", "/passkey/verify-authentication", { response: user.authenticator.get(data, server.origin) });
  },
  "address verification": async (who, user) => {
    await server.database.run("update user set emailVerified = ? where id = ?", server.database.kind === "postgres" ? false : 0, user.id);
    await who.client.sendVerificationEmail({ email: user.email });
    const url = new URL((await mailTo(server, user.email, "verify-email")).data.url);
    return raw(server, "GET", `${url.pathname}${url.search}`);
  },
};

test.each(Object.keys(WAYS))("2FA-1, 2FA-8: by %s nothing that opens a session leaves before the second factor", async (way) => {
  const user = await enrolled();
  const sessions = async () => (await server.database.all("select id from session where userId = ?", user.id)).length;
  const before = await sessions();
  const who = page();
  const answer = await WAYS[way](who, user);
  expect(answer.status).toBeLessThan(400);
  expect(`${answer.text}${answer.headers.find(([name]) => name === "location")?.[1]}`).toContain("twoFactorRedirect");
  const names = new Set();
  for (const [name, line] of answer.headers) {
    expect(["set-auth-token", "set-auth-jwt"], name).not.toContain(name);
    if (name !== "set-cookie") continue;
    const [pair] = line.split(";");
    const [key, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
    names.add(key);
    // Every line counts, also one that a later line takes back.
    if (/session_token|session_data|_multi-/.test(key)) expect(value, line).toBe("");
  }
  expect(names).toContain(cookie("two_factor"));
  // The proof of an address ends the sessions from before it; none is opened.
  expect(await sessions()).toBe(way === "address verification" ? 0 : before);
  who.jar.absorb(answer.headers);
  expect(await isSignedIn(who)).toBe(false);
});

test("2FA-2: with the challenge alone nothing of any plugin is reached", async () => {
  const user = await enrolled();
  const who = page();
  expect((await who.client.signIn.email({ email: user.email, password: PASSWORD })).data.twoFactorRedirect).toBe(true);
  const body = { password: PASSWORD, name: "x", id: "x", userId: user.id, role: "admin", currentPassword: PASSWORD, newPassword: "another horse 1", sessionToken: "x", permissions: { user: ["list"] }, response: {}, newEmail: "mine@example.com", providerId: "credential", accountId: "x", token: "x" };
  const posts = ["/two-factor/enable", "/two-factor/disable", "/two-factor/generate-backup-codes", "/two-factor/get-totp-uri", "/change-password", "/change-email", "/update-user", "/delete-user", "/revoke-session", "/revoke-sessions", "/revoke-other-sessions", "/unlink-account", "/passkey/update-passkey", "/passkey/delete-passkey", "/multi-session/set-active", "/multi-session/revoke", "/admin/set-role", "/admin/has-permission", "/admin/impersonate-user"];
  for (const path of posts) expect({ path, status: (await call(who, "POST", path, body)).status }).toEqual({ path, status: 401 });
  for (const path of ["/token", "/list-sessions", "/list-accounts", "/passkey/list-user-passkeys", "/passkey/generate-register-options", "/admin/list-users"]) expect({ path, status: (await call(who, "GET", path)).status }).toEqual({ path, status: 401 });
  expect(JSON.parse((await call(who, "GET", "/multi-session/list-device-sessions")).text)).toEqual([]);
  expect((await call(who, "GET", "/get-session")).headers.map(([name]) => name)).not.toContain("set-auth-jwt");
});

test("2FA-7: a trust that is forged, signed with another key, or of another user is none", async () => {
  const user = await enrolled();
  const device = page();
  await device.client.signIn.email({ email: user.email, password: PASSWORD });
  expect((await device.client.twoFactor.verifyTotp({ code: user.code(), trustDevice: true })).error).toBeNull();
  const signed = decodeURIComponent(device.jar.get(cookie("trust_device")));
  const [value] = [signed.slice(0, signed.lastIndexOf("."))];
  const sign = (text, secret) => `${text}.${crypto.createHmac("sha256", secret).update(text).digest("base64")}`;
  expect(sign(value, SECRET)).toBe(signed);
  for (const forged of [value, `${value}.`, sign(value, "another-secret-0123456789-0123456789"), sign(`${value}x`, SECRET), sign("", SECRET), "x"]) {
    const who = page();
    who.jar.set(cookie("trust_device"), encodeURIComponent(forged));
    expect((await who.client.signIn.email({ email: user.email, password: PASSWORD })).data.twoFactorRedirect, forged).toBe(true);
  }
  const trusted = page(device.jar.clone());
  expect((await trusted.client.signIn.email({ email: user.email, password: PASSWORD })).data.token).toBeTypeOf("string");
});

test("ADM-5: who acts as a user changes neither second factors nor passkeys, and stops when banned", async () => {
  const [admin, chief, user] = [await person({ role: "admin" }), await person({ role: "admin" }), await enrolled()];
  expect((await admin.client.admin.impersonateUser({ userId: user.id })).error).toBeNull();
  const [{ id }] = (await user.client.passkey.listUserPasskeys()).data;
  const rows = async () => [await server.database.all("select * from twoFactor where userId = ?", user.id), await server.database.all("select * from passkey where userId = ?", user.id)];
  const before = await rows();
  const attempts = [["POST", "/two-factor/enable", { password: PASSWORD }], ["POST", "/two-factor/disable", { password: PASSWORD }], ["POST", "/two-factor/generate-backup-codes", { password: PASSWORD }], ["POST", "/two-factor/get-totp-uri", { password: PASSWORD }], ["GET", "/passkey/generate-register-options"], ["POST", "/passkey/verify-registration", { response: {} }], ["POST", "/passkey/update-passkey", { id, name: "mine" }], ["POST", "/passkey/delete-passkey", { id }]];
  for (const [method, path, body] of attempts) {
    const { status, text } = await call(admin, method, path, body);
    expect({ path, status, code: JSON.parse(text || "{}").code }).toEqual({ path, status: 403, code: "NOT_ALLOWED_WHILE_IMPERSONATING" });
  }
  expect(await rows()).toEqual(before);
  expect((await user.client.listSessions()).data.every((session) => !session.impersonatedBy)).toBe(true);
  await chief.client.admin.banUser({ userId: admin.id });
  expect(await isSignedIn(admin)).toBe(false);
});

test("JWT-1: a signature that any message would have, and those of other algorithms, are none", async () => {
  const functions = async (name, body) => (await fetch(`http://127.0.0.1:${management}/${name}`, { method: "POST", headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" }, body: JSON.stringify({ body }) })).json();
  const { token } = await functions("sign-jwt", { payload: { sub: "x" } });
  const [header, payload, signature] = token.split(".");
  const { kid } = JSON.parse(Buffer.from(header, "base64url"));
  const head = (alg) => Buffer.from(JSON.stringify({ alg, kid })).toString("base64url");
  const order = BigInt("0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  const pair = (r, s) => Buffer.from(r.toString(16).padStart(64, "0") + s.toString(16).padStart(64, "0"), "hex").toString("base64url");
  const bytes = Buffer.from(signature, "base64url");
  const der = crypto.createPrivateKey({ key: crypto.generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }) });
  const forged = [
    pair(0n, 0n), pair(0n, 1n), pair(1n, 0n), pair(order, order), pair(order, 1n), pair(1n, order - 1n),
    Buffer.concat([bytes, Buffer.alloc(1)]).toString("base64url"), bytes.subarray(0, 63).toString("base64url"),
    crypto.sign("sha256", Buffer.from(`${header}.${payload}`), der).toString("base64url"),
    crypto.sign("sha256", Buffer.from(`${header}.${payload}`), { key: der, dsaEncoding: "ieee-p1363" }).toString("base64url"),
  ].map((text) => `${header}.${payload}.${text}`);
  for (const alg of ["ES512", "RS256", "PS256", "EdDSA", "HS256", "none"]) forged.push(`${head(alg)}.${payload}.${signature}`, `${head(alg)}.${payload}.`);
  for (const token of forged) expect((await functions("verify-jwt", { token })).payload, token).toBeNull();
  expect((await functions("verify-jwt", { token })).payload).toMatchObject({ sub: "x" });
});

test("JWT-5: who is banned gets no token, and a token holds nothing secret", async () => {
  const [chief, user] = [await person({ role: "admin" }), await enrolled()];
  const { data } = await user.client.$fetch("/token");
  const claims = decodeJwt(data.token);
  expect(claims).toMatchObject({ sub: user.id, iss: server.origin, aud: server.origin, iat: expect.any(Number), exp: expect.any(Number) });
  expect(Object.keys(claims).filter((name) => /password|secret|backup|token|privateKey|credential/i.test(name))).toEqual([]);
  const [{ secret, backupCodes }] = await server.database.all("select secret, backupCodes from twoFactor where userId = ?", user.id);
  const [{ password }] = await server.database.all("select password from account where userId = ?", user.id);
  for (const hidden of [secret, backupCodes, password]) expect(JSON.stringify(claims)).not.toContain(hidden);
  const copy = user.jar.clone();
  await chief.client.admin.banUser({ userId: user.id });
  for (const jar of [user.jar, copy]) {
    expect((await call({ jar }, "GET", "/token")).status).toBe(401);
    expect((await call({ jar }, "GET", "/get-session?disableCookieCache=true")).headers.map(([name]) => name)).not.toContain("set-auth-jwt");
  }
});

test("PK-1: a challenge is over after five minutes", async () => {
  const user = await enrolled();
  for (const [path, ceremony, answer] of [["register", "registration", "create"], ["authenticate", "authentication", "get"]]) {
    const who = ceremony === "registration" ? user : page();
    const { data } = await who.client.$fetch(`/passkey/generate-${path}-options`);
    const [row] = await server.database.all("select * from verification where identifier like 'passkey-challenge:%' order by createdAt desc limit 1");
    const minutes = (new Date(row.expiresAt) - new Date(row.createdAt)) / 60_000;
    expect(minutes).toBeCloseTo(5, 1);
    await server.database.run("update verification set expiresAt = ? where id = ?", new Date(Date.now() - 1).toISOString(), row.id);
    const { error } = await who.client.$fetch(`/passkey/verify-${ceremony}`, { method: "POST", body: { response: user.authenticator[answer](data, server.origin) } });
    expect(error).toMatchObject({ status: 400, code: "CHALLENGE_NOT_FOUND" });
  }
});

test("ADM-4: a banned administrator, and one who lost the role, do nothing through any way in that was open", async () => {
  const [chief, admin, user] = [await person({ role: "admin" }), await person({ role: "admin" }), await person()];
  const bearer = decodeURIComponent(admin.jar.get(cookie("session_token")));
  const byToken = (path, body) => raw(server, "POST", `/api/auth${path}`, { headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json", origin: server.origin }, body: JSON.stringify(body) });
  expect((await byToken("/admin/set-role", { userId: user.id, role: "user" })).status).toBe(200);
  await chief.client.admin.setRole({ userId: admin.id, role: "user" });
  expect((await byToken("/admin/set-role", { userId: user.id, role: "admin" })).status).toBe(403);
  await chief.client.admin.banUser({ userId: admin.id });
  expect((await byToken("/admin/set-role", { userId: user.id, role: "admin" })).status).toBe(401);
  for (const path of ["/admin/ban-user", "/admin/remove-user"]) expect((await call(chief, "POST", path, { userId: chief.id })).status, path).toBe(400);
  expect((await server.database.all("select role from user where id = ?", user.id))[0].role).toBe("user");
});
