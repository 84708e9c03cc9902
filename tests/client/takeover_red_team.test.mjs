// Red team groups B and G over all plugins at once: secrets presented where they do not belong, accounts taken over, guessed.
import { passkeyClient } from "@better-auth/passkey/client";
import { adminClient, jwtClient, multiSessionClient, twoFactorClient, usernameClient } from "better-auth/client/plugins";
import { describe, expect, test } from "vitest";
import { Authenticator } from "../wire/lib/authenticator.mjs";
import { totpFromUri } from "../wire/lib/totp.mjs";
import { browser, mailTo, PASSWORD, raw, serve } from "./harness.mjs";

const PLUGINS = ["two-factor", "passkey", "magic-link", "jwt", "last-login-method", "admin", "bearer", "username", "multi-session"].map((id) => ({ id }));
const CORE = { user: { change_email: { enabled: true }, delete_user: { enabled: true, send_delete_account_verification: true } } };
const server = serve({ ...CORE, plugins: PLUGINS });
const B = () => `${server.origin}/api/auth`;
const yes = () => (server.database.kind === "postgres" ? true : 1);
const page = (options = {}, where = server) => browser(where, { ...options, plugins: [passkeyClient(), adminClient(), jwtClient(), multiSessionClient(), twoFactorClient(), usernameClient()] });
const post = ({ send }, path, body) => send(`${B()}${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
const cookie = (name) => `better-auth.${name}`;

let made = 0;
/** A user whose address is proven, signed in. */
async function victim(where = server) {
  const who = page({}, where);
  const email = `victim${++made}@example.com`;
  const { data, error } = await who.client.signUp.email({ name: "V", email, password: PASSWORD });
  expect(error).toBeNull();
  await where.database.run("update user set emailVerified = ? where id = ?", where.database.kind === "postgres" ? true : 1, data.user.id);
  return { ...who, email, id: data.user.id, token: data.token };
}
/** An app that shows each code once. */
function app(uri) {
  let step = Math.floor(Date.now() / 30_000) - 2;
  return () => { const now = Math.floor(Date.now() / 30_000); step = Math.max(step + 1, now - 1); return totpFromUri(uri, { step: step - now }); };
}
async function withSecondFactor() {
  const user = await victim();
  const { data } = await user.client.twoFactor.enable({ password: PASSWORD });
  const code = app(data.totpURI);
  expect((await user.client.twoFactor.verifyTotp({ code: code() })).error).toBeNull();
  return { ...user, code, codes: data.backupCodes };
}
const mailed = async (email, kind, field = "token") => (await mailTo(server, email, kind)).data[field];
const isSignedIn = async (who) => (await who.client.getSession({ query: { disableCookieCache: true } })).data !== null;

/** Every secret that the server gives out, of a user of its own each: its value, and at which redeemers it is at home. */
const MINT = {
  "magic link": async () => { const user = await victim(); await page().client.signIn.magicLink({ email: user.email }); return { user, value: await mailed(user.email, "magic-link"), home: ["magic link"] }; },
  "password reset": async () => { const user = await victim(); await post(page(), "/request-password-reset", { email: user.email, redirectTo: "/reset" }); return { user, value: await mailed(user.email, "reset-password"), home: ["password reset", "reset page"] }; },
  "address verification": async () => { const user = await victim(); await server.database.run("update user set emailVerified = ? where id = ?", server.database.kind === "postgres" ? false : 0, user.id); await post(user, "/send-verification-email", { email: user.email }); return { user, value: await mailed(user.email, "verify-email"), home: ["address verification"] }; },
  "address change": async () => { const user = await victim(); await post(user, "/change-email", { newEmail: `new${user.email}` }); return { user, value: await mailed(`new${user.email}`, "verify-email"), home: ["address verification"] }; },
  "account deletion": async () => { const user = await victim(); await post(user, "/delete-user", {}); return { user, value: await mailed(user.email, "delete-account"), home: ["account deletion"] }; },
  "second factor": async () => { const user = await withSecondFactor(); const who = page(); await who.client.signIn.email({ email: user.email, password: PASSWORD }); return { user, value: decodeURIComponent(who.jar.get(cookie("two_factor"))), home: ["second factor"] }; },
  "trusted device": async () => {
    const user = await withSecondFactor(); const who = page();
    await who.client.signIn.email({ email: user.email, password: PASSWORD });
    await who.client.twoFactor.verifyTotp({ code: user.code(), trustDevice: true });
    return { user, value: decodeURIComponent(who.jar.get(cookie("trust_device"))), home: ["trusted device"] };
  },
  "passkey challenge": async () => { const user = await victim(); const who = page(); await who.client.$fetch("/passkey/generate-authenticate-options"); return { user, value: decodeURIComponent(who.jar.get(cookie("better-auth-passkey"))), home: ["passkey challenge"] }; },
  "passkey registration": async () => { const user = await victim(); await user.client.$fetch("/passkey/generate-register-options"); return { user, value: decodeURIComponent(user.jar.get(cookie("better-auth-passkey"))), home: [], isSpentByFailure: true }; },
  "session cookie": async () => { const user = await victim(); return { user, value: decodeURIComponent(user.jar.get(cookie("session_token"))), home: ["session cookie", "bearer"] }; },
  "session token": async () => { const user = await victim(); return { user, value: user.token, home: [] }; },
  "another session of the browser": async () => { const user = await victim(); const name = user.jar.keys().find((key) => key.includes("_multi-")); return { user, value: decodeURIComponent(user.jar.get(name)), home: ["session cookie", "bearer"] }; },
  "administrator's session": async () => {
    const [user, other] = [await victim(), await victim()];
    await server.database.run("update user set role = 'admin' where id = ?", user.id);
    await user.client.admin.impersonateUser({ userId: other.id });
    return { user, value: decodeURIComponent(user.jar.get(cookie("admin_session"))), home: [] };
  },
  "token for services": async () => { const user = await victim(); return { user, value: (await user.client.$fetch("/token")).data.token, home: [] }; },
};

/** Every place that takes a secret; whether it took this one. `user` is whose secret it is. */
const REDEEM = {
  "magic link": async (value) => { const who = page(); await who.send(`${B()}/magic-link/verify?token=${encodeURIComponent(value)}`); return isSignedIn(who); },
  "password reset": async (value) => (await post(page(), "/reset-password", { token: value, newPassword: "taken over 123" })).status === 200,
  "reset page": async (value) => { const { headers } = await page().send(`${B()}/reset-password/${encodeURIComponent(value)}?callbackURL=/x`); return (headers.get("location") ?? "error=").includes("token="); },
  "address verification": async (value) => (await page().send(`${B()}/verify-email?token=${encodeURIComponent(value)}`)).status === 200,
  "account deletion": async (value, user) => { const who = page({ jar: user.jar.clone() }); return (await who.send(`${B()}/delete-user/callback?token=${encodeURIComponent(value)}`)).status === 200; },
  "second factor": async (value, user) => {
    const who = presenting("two_factor", value);
    if (!user.codes) user = await fallback();
    await post(who, "/two-factor/verify-backup-code", { code: user.codes.pop() });
    return isSignedIn(who);
  },
  "trusted device": async (value, user) => { const who = presenting("trust_device", value); if (!user.codes) user = await fallback(); await who.client.signIn.email({ email: user.email, password: PASSWORD }); return isSignedIn(who); },
  "passkey challenge": async (value) => {
    const { authenticator } = await holder();
    const who = presenting("better-auth-passkey", value);
    const challenge = (await challengeOf(value)) ?? value;
    await post(who, "/passkey/verify-authentication", { response: authenticator.get({ challenge, rpId: "localhost" }, server.origin) });
    return isSignedIn(who);
  },
  "session cookie": (value) => isSignedIn(presenting("session_token", value)),
  bearer: async (value) => { const { text } = await raw(server, "GET", "/api/auth/get-session", { headers: { authorization: `Bearer ${value}` } }); return text !== "null"; },
};
/** A browser with this cookie: a value that the server signed keeps its signature. */
function presenting(name, value) { const who = page(); who.jar.set(cookie(name), encodeURIComponent(value)); return who; }
const once = (make) => { let kept; return () => (kept ??= make()); };
const fallback = once(withSecondFactor);
/** Someone whose passkey answers whatever challenge they are shown. */
const holder = once(async () => {
  const user = await victim();
  const authenticator = new Authenticator();
  const options = (await user.client.$fetch("/passkey/generate-register-options")).data;
  expect((await post(user, "/passkey/verify-registration", { response: authenticator.create(options, server.origin) })).status).toBe(200);
  return { user, authenticator };
});
/** What the database has for a challenge, as the browser was shown it. */
async function challengeOf(value) {
  const [row] = await server.database.all("select value from verification where identifier = ?", `passkey-challenge:${value.split(".")[0]}`);
  return row && JSON.parse(row.value).expectedChallenge;
}
const rows = async () => (await server.database.all("select id, value from verification order by id"));

describe("ATO-3: a secret is good for its purpose alone", () => {
  test.each(Object.keys(MINT))("%s", async (kind) => {
    await fallback();
    await holder();
    const { user, value, home, isSpentByFailure } = await MINT[kind]();
    const account = async () => server.database.all("select * from account where userId = ?", user.id);
    const before = { rows: await rows(), account: await account() };
    for (const [place, redeem] of Object.entries(REDEEM)) {
      if (home.includes(place)) continue;
      for (const form of new Set([value, value.split(".")[0], `${value}.`])) {
        if (home.length && place === "bearer" && home.includes("bearer")) continue;
        expect(await redeem(form, user), `${kind} at ${place}: ${form}`).toBe(false);
      }
    }
    const after = await rows();
    // A passkey's challenge is, by an answer for the other ceremony too: PK-1.
    if (!isSpentByFailure) expect(before.rows.filter((row) => !after.some(({ id, value }) => id === row.id && value === row.value)), "nothing was used up").toEqual([]);
    expect(await account()).toEqual(before.account);
    expect((await server.database.all("select id from user where id = ?", user.id)).length).toBe(1);
    // At home it still is what it was.
    if (home.length) expect(await REDEEM[home.at(-1)](value, user), `${kind} at home`).toBe(true);
  });
});

describe.each(["compact", "jwt", "jwe"])("ATO-4: with a cache of sessions as %s", (strategy) => {
  const cached = serve({ ...CORE, session: { cookie_cache: { enabled: true, max_age: 300, strategy } }, plugins: PLUGINS });

  test("what is sealed under one name is nothing under another", async () => {
    const user = await victim(cached);
    const { data } = await user.client.twoFactor.enable({ password: PASSWORD });
    const code = app(data.totpURI);
    await user.client.twoFactor.verifyTotp({ code: code() });
    await cached.database.run("update user set role = 'admin' where id = ?", user.id);
    const other = await victim(cached);
    await user.client.admin.impersonateUser({ userId: other.id });
    await user.client.$fetch("/passkey/generate-register-options");
    const device = page({}, cached);
    await device.client.signIn.email({ email: user.email, password: PASSWORD, rememberMe: false });
    const challenge = device.jar.get(cookie("two_factor"));
    await device.client.twoFactor.verifyTotp({ code: code(), trustDevice: true });
    const sealed = new Map([...user.jar.keys().map((name) => [`user ${name}`, user.jar.get(name)]), ...device.jar.keys().map((name) => [`device ${name}`, device.jar.get(name)]), ["challenge better-auth.two_factor", challenge]]);
    const tokens = new Set([user, device].map(({ jar }) => jar.get(cookie("session_token"))));
    expect([...sealed.keys()].map((name) => name.split(" ")[1].replace(/_multi-.*/, "_multi"))).toEqual(expect.arrayContaining(["session_token", "session_data", "admin_session", "trust_device", "two_factor", "dont_remember"].map(cookie)));
    const names = ["session_token", "session_data", "admin_session", "two_factor", "trust_device", "dont_remember", "better-auth-passkey", "known_device", "account_data", "oauth_state"].map(cookie);
    for (const [from, value] of sealed) for (const name of names) {
      // What `multi-session` keeps are the session cookies of this browser themselves.
      if (from.endsWith(` ${name}`) || tokens.has(value) || (from.includes("_multi-") && name === cookie("session_token"))) continue;
      const who = page({}, cached);
      who.jar.set(name, value);
      expect((await who.client.getSession()).data, `${from} as ${name}`).toBeNull();
      expect((await who.client.listSessions()).error.status, `${from} as ${name}`).toBe(401);
      if (name === cookie("trust_device")) {
        const answer = await who.client.signIn.email({ email: user.email, password: PASSWORD });
        expect(answer.data?.twoFactorRedirect, `${from} as ${name}`).toBe(true);
      }
      if (name === cookie("two_factor")) expect((await who.client.twoFactor.verifyBackupCode({ code: data.backupCodes[0] })).error.code, `${from} as ${name}`).toBe("INVALID_TWO_FACTOR_COOKIE");
    }
    // The copy of a session is worth nothing beside another session's token.
    const stranger = await victim(cached);
    const own = await stranger.client.getSession();
    stranger.jar.set(cookie("session_data"), user.jar.get(cookie("session_data")));
    expect((await stranger.client.getSession()).data.user.id).toBe(own.data.user.id);
  });
});

describe("ATO-1: who signs up with someone else's address", () => {
  test("loses password, accounts and sessions to the first who reads the mail", async () => {
    const squatter = page();
    const email = `owned${++made}@example.com`;
    const { data: { user } } = await squatter.client.signUp.email({ name: "U", email, password: PASSWORD, username: `squat${made}` });
    const second = page();
    expect((await second.client.signIn.email({ email, password: PASSWORD })).error).toBeNull();
    await server.database.run("insert into account (id, accountId, providerId, userId, createdAt, updatedAt) values (?, 'u', 'google', ?, ?, ?)", `linked${made}`, user.id, ...Array(2).fill(new Date().toISOString()));
    // Begun and never finished: no factor.
    await squatter.client.twoFactor.enable({ password: PASSWORD });

    const owner = page();
    await owner.client.signIn.magicLink({ email });
    await owner.send(await mailed(email, "magic-link", "url"));
    expect((await owner.client.getSession()).data.user).toMatchObject({ id: user.id, emailVerified: true, twoFactorEnabled: false });
    for (const who of [squatter, second]) expect(await isSignedIn(who)).toBe(false);
    expect((await page().client.signIn.email({ email, password: PASSWORD })).error).toMatchObject({ status: 401, code: "INVALID_EMAIL_OR_PASSWORD" });
    expect((await page().client.signIn.username({ username: `squat${made}`, password: PASSWORD })).error).toMatchObject({ status: 401 });
    for (const table of ["account", "passkey", "twoFactor"]) expect(await server.database.all(`select * from ${table} where userId = ?`, user.id), table).toEqual([]);
    expect(await server.database.all("select * from session where userId = ?", user.id)).toHaveLength(1);
  });

  test("keeps passkeys and a second factor, which are asked for, and loses the sessions", async () => {
    const factors = {
      passkey: async (who) => {
        const authenticator = new Authenticator();
        const options = (await who.client.$fetch("/passkey/generate-register-options")).data;
        expect((await post(who, "/passkey/verify-registration", { response: authenticator.create(options, server.origin) })).status).toBe(200);
      },
      twoFactor: async (who) => {
        const { data } = await who.client.twoFactor.enable({ password: PASSWORD });
        expect((await who.client.twoFactor.verifyTotp({ code: app(data.totpURI)() })).error).toBeNull();
      },
    };
    for (const [table, setUp] of Object.entries(factors)) {
      const squatter = page();
      const email = `factor${++made}@example.com`;
      const { data: { user } } = await squatter.client.signUp.email({ name: "U", email, password: PASSWORD });
      await setUp(squatter);
      const owner = page();
      await owner.client.signIn.magicLink({ email });
      const answer = await owner.send(await mailed(email, "magic-link", "url"));
      if (table === "passkey") expect([answer.status, (await answer.json()).code]).toEqual([403, "FACTOR_REQUIRED"]);
      for (const who of [squatter, owner]) expect(await isSignedIn(who), table).toBe(false);
      for (const kept of [table, "account"]) expect(await server.database.all(`select * from ${kept} where userId = ?`, user.id), kept).toHaveLength(1);
      expect(await server.database.all("select * from session where userId = ?", user.id)).toEqual([]);
    }
  });

  test("an account whose address was proven keeps all of it", async () => {
    const user = await withSecondFactor();
    const who = page();
    await who.client.signIn.magicLink({ email: user.email });
    await who.send(await mailed(user.email, "magic-link", "url"));
    expect(await isSignedIn(who)).toBe(false);
    expect(await isSignedIn(user)).toBe(true);
    expect((await page().client.signIn.email({ email: user.email, password: PASSWORD })).data.twoFactorRedirect).toBe(true);
  });
});

test("ATO-7: nothing of a deleted user is good for the next one with the address", async () => {
  const user = await victim();
  const authenticator = new Authenticator();
  const options = (await user.client.$fetch("/passkey/generate-register-options")).data;
  await post(user, "/passkey/verify-registration", { response: authenticator.create(options, server.origin) });
  const { data } = await user.client.twoFactor.enable({ password: PASSWORD });
  const code = app(data.totpURI);
  await user.client.twoFactor.verifyTotp({ code: code() });
  const device = page();
  await device.client.signIn.email({ email: user.email, password: PASSWORD });
  await device.client.twoFactor.verifyTotp({ code: code(), trustDevice: true });
  const trust = device.jar.get(cookie("trust_device"));
  await page().client.signIn.magicLink({ email: user.email });
  const link = await mailed(user.email, "magic-link", "url");
  await page().client.signIn.email({ email: user.email, password: PASSWORD }); // an open challenge
  await server.database.run("update user set role = 'admin' where id = ?", user.id);
  const admin = await victim();
  await server.database.run("update user set role = 'admin' where id = ?", admin.id);
  expect((await admin.client.admin.removeUser({ userId: user.id })).error).toBeNull();

  const next = page();
  const { data: made } = await next.client.signUp.email({ name: "N", email: user.email, password: "another horse 12" });
  expect(made.user.id).not.toBe(user.id);
  expect(made.user).toMatchObject({ role: "user", twoFactorEnabled: false });
  for (const who of [user, device]) expect(await isSignedIn(who)).toBe(false);
  const who = page();
  const asked = (await who.client.$fetch("/passkey/generate-authenticate-options")).data;
  expect((await post(who, "/passkey/verify-authentication", { response: authenticator.get(asked, server.origin) })).status).toBe(401);
  await next.client.twoFactor.enable({ password: "another horse 12" }).then(({ data }) => next.client.twoFactor.verifyTotp({ code: app(data.totpURI)() }));
  const trusted = page();
  trusted.jar.set(cookie("trust_device"), trust);
  expect((await trusted.client.signIn.email({ email: user.email, password: "another horse 12" })).data.twoFactorRedirect).toBe(true);
  const late = page();
  await late.send(link);
  expect((await late.client.getSession()).data?.user.id, "a link is for the address: its reader owns the new account").not.toBe(user.id);
  for (const table of ["passkey", "twoFactor", "session", "account"]) expect(await server.database.all(`select * from ${table} where userId = ?`, user.id), table).toEqual([]);
});

test("RACE-1: of fifty who follow one magic link, one is signed in, and it is spent", async () => {
  const user = await victim();
  await page().client.signIn.magicLink({ email: user.email });
  const url = new URL(await mailed(user.email, "magic-link", "url"));
  const follow = () => raw(server, "GET", `${url.pathname}${url.search}`);
  const sessions = async () => (await server.database.all("select count(*) n from session where userId = ?", user.id))[0].n;
  const before = await sessions();
  const answers = await Promise.all(Array.from({ length: 50 }, follow));
  const location = ({ headers }) => headers.find(([name]) => name === "location")?.[1] ?? "";
  expect(answers.filter(({ headers }) => headers.some(([name, value]) => name === "set-cookie" && value.startsWith(cookie("session_token="))))).toHaveLength(1);
  expect(answers.filter((answer) => location(answer).includes("error=INVALID_TOKEN"))).toHaveLength(49);
  expect(await sessions()).toBe(before + 1);
  expect(location(await follow())).toContain("error=INVALID_TOKEN");
});

describe("RL-5: one account", () => {
  const limited = serve({ rate_limit: { enabled: true, per_account: { enabled: true, window: 900, max: 12 } }, advanced: { ip_address: { trusted_proxies: ["127.0.0.1"] } }, plugins: [{ id: "username" }] });

  test("has one count, by address and by name, however they are spelled and wherever from", async () => {
    let from = 0;
    const attempt = async (path, fields) => {
      const headers = { origin: limited.origin, "content-type": "application/json", "x-forwarded-for": `10.${from >> 8}.${from++ & 255}.1` };
      const { status, text } = await raw(limited, "POST", `/api/auth${path}`, { headers, body: JSON.stringify(fields) });
      return { status, body: text };
    };
    const user = { name: "Ada", email: "limited@example.com", password: PASSWORD, username: "Ada_Limited" };
    expect((await attempt("/sign-up/email", user)).status).toBe(200);
    expect((await attempt("/sign-up/email", { ...user, email: "free@example.com", username: "free_one" })).status).toBe(200);
    const wrong = "wrong horse 12";
    const spellings = [["/sign-in/email", { email: "limited@example.com" }], ["/sign-in/email", { email: "LIMITED@Example.COM" }], ["/sign-in/username", { username: "ada_limited" }], ["/sign-in/username", { username: "ADA_LIMITED" }]];
    const seen = [];
    for (let round = 0; round < 40; round++) {
      const [path, fields] = spellings[round % spellings.length];
      seen.push((await attempt(path, { ...fields, password: wrong })).status);
    }
    expect(seen).toEqual([...Array(12).fill(401), ...Array(28).fill(429)]);
    // White space is no other spelling of the address: it is none.
    for (const email of ["limited@example.com ", " limited@example.com", "limited@example.com\t", "limited@example.com\u00a0"]) expect((await attempt("/sign-in/email", { email, password: wrong })).status, email).toBe(400);
    for (const [path, fields] of spellings) expect((await attempt(path, { ...fields, password: PASSWORD })).status, path).toBe(429);
    for (const [path, fields] of [["/sign-in/email", { email: "free@example.com" }], ["/sign-in/username", { username: "free_one" }]]) expect((await attempt(path, { ...fields, password: PASSWORD })).status).toBe(200);
    // A name that nobody has is counted and answered alike.
    const nobody = [];
    for (let round = 0; round < 14; round++) nobody.push((await attempt("/sign-in/username", { username: round % 2 ? "Nobody_Here" : "nobody_here", password: wrong })).status);
    expect(nobody).toEqual([...Array(12).fill(401), 429, 429]);
  });

  test("is counted exactly when many guess at once", async () => {
    const { id } = { id: ++made };
    const fields = { name: "R", email: `raced${id}@example.com`, password: PASSWORD, username: `raced_${id}` };
    const send = (path, body, number) => raw(limited, "POST", `/api/auth${path}`, { headers: { origin: limited.origin, "content-type": "application/json", "x-forwarded-for": `172.16.${number}.1` }, body: JSON.stringify(body) });
    expect((await send("/sign-up/email", fields, 200)).status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 40 }, (_, number) => (number % 2 ? send("/sign-in/email", { email: fields.email, password: "wrong horse 12" }, number) : send("/sign-in/username", { username: fields.username, password: "wrong horse 12" }, number))));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(12);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(28);
  });
});
