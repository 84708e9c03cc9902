// Who reads the database signs in as nobody: every value of every row, and every part of it, at every place that takes a secret.
import { passkeyClient } from "@better-auth/passkey/client";
import { adminClient, twoFactorClient } from "better-auth/client/plugins";
import { describe, expect, test } from "vitest";
import { Authenticator } from "../wire/lib/authenticator.mjs";
import { totpFromUri } from "../wire/lib/totp.mjs";
import { browser, mailTo, PASSWORD, raw, serve } from "./harness.mjs";

const PLUGINS = ["two-factor", "passkey", "magic-link", "jwt", "last-login-method", "admin", "bearer", "username", "multi-session"].map((id) => ({ id }));
const TABLES = ["user", "session", "account", "verification", "twoFactor", "twoFactorTrustedDevice", "passkey", "jwks", "doorward_outbox", "doorward_counter", "doorward_migration"];
const cookie = (name) => `better-auth.${name}`;

/** What a person with the dump would try: values, the leaves of JSON in them, and their parts. */
function* parts(value) {
  if (value === null || typeof value !== "string" || value.length < 6) return;
  yield value;
  try {
    const json = JSON.parse(value);
    if (json !== null && typeof json === "object") for (const leaf of Object.values(json)) yield* parts(typeof leaf === "string" ? leaf : JSON.stringify(leaf));
  } catch { /* no JSON */ }
  for (const separator of [":", "~", "!", "$"]) {
    const pieces = value.split(separator);
    if (pieces.length > 1 && pieces.length < 8) for (const piece of [...pieces, pieces.slice(1).join(separator)]) if (piece.length >= 6) yield piece;
  }
}

describe.each(["plain", "hashed"])("DB-1: with tokens of sessions %s", (token_storage) => {
  const server = serve({ user: { change_email: { enabled: true }, delete_user: { enabled: true, send_delete_account_verification: true } }, session: { token_storage }, plugins: PLUGINS });
  const base = () => `${server.origin}/api/auth`;
  const page = (options = {}) => browser(server, { ...options, plugins: [passkeyClient(), adminClient(), twoFactorClient()] });
  const post = (who, path, body) => who.send(`${base()}${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const presenting = (name, value) => { const who = page(); who.jar.set(cookie(name), encodeURIComponent(value)); return who; };
  const isSignedIn = async (who) => (await who.client.getSession({ query: { disableCookieCache: true } })).data !== null;

  async function person(name) {
    const who = page();
    const email = `${name}-${token_storage}@example.com`;
    expect((await who.client.signUp.email({ name, email, password: PASSWORD })).error).toBeNull();
    return { ...who, email };
  }

  /** People with every secret that the server keeps something of, none of them used. */
  async function people() {
    const plain = await person("plain");
    for (const [path, body] of [["/request-password-reset", { email: plain.email }], ["/sign-in/magic-link", { email: plain.email }], ["/send-verification-email", { email: plain.email }], ["/change-email", { newEmail: `new-${plain.email}` }], ["/delete-user", {}]]) {
      expect((await post(plain, path, body)).status, path).toBe(200);
    }
    const strong = await person("strong");
    const { data } = await strong.client.twoFactor.enable({ password: PASSWORD });
    const code = totpFromUri(data.totpURI);
    expect((await strong.client.twoFactor.verifyTotp({ code })).error).toBeNull();
    const waiting = page();
    await waiting.client.signIn.email({ email: strong.email, password: PASSWORD });
    await waiting.client.twoFactor.sendOtp({});
    await mailTo(server, strong.email, "two-factor-otp");
    const trusting = page();
    await trusting.client.signIn.email({ email: strong.email, password: PASSWORD });
    expect((await trusting.client.twoFactor.verifyBackupCode({ code: data.backupCodes[0], trustDevice: true })).error).toBeNull();
    const keyed = await person("keyed");
    const authenticator = new Authenticator();
    const options = (await keyed.client.$fetch("/passkey/generate-register-options")).data;
    expect((await post(keyed, "/passkey/verify-registration", { response: authenticator.create(options, server.origin) })).status).toBe(200);
    await page().client.$fetch("/passkey/generate-authenticate-options");
    const admin = await person("admin");
    await server.database.run("update user set role = 'admin' where email = ?", admin.email);
    const { data: { user } } = await keyed.client.getSession();
    await admin.client.admin.impersonateUser({ userId: user.id });
    expect((await admin.client.$fetch("/token")).data.token).toBeTruthy();
    return { plain, strong };
  }

  test("nothing that is in it signs anyone in", { timeout: 240_000 }, async () => {
    const { plain, strong } = await people();
    const values = new Set();
    for (const table of TABLES) for (const row of await server.database.all(`select * from ${table}`)) {
      for (const value of Object.values(row)) for (const part of parts(typeof value === "object" && value !== null ? JSON.stringify(value) : value)) values.add(part);
    }
    expect(values.size).toBeGreaterThan(100);
    const redeem = {
      "magic link": async (value) => { const who = page(); await who.send(`${base()}/magic-link/verify?token=${encodeURIComponent(value)}`); return isSignedIn(who); },
      "password reset": async (value) => (await post(page(), "/reset-password", { token: value, newPassword: "taken over 123" })).status === 200,
      "reset page": async (value) => { const { headers } = await page().send(`${base()}/reset-password/${encodeURIComponent(value)}?callbackURL=/x`); return (headers.get("location") ?? "error=").includes("token="); },
      "address verification": async (value) => (await page().send(`${base()}/verify-email?token=${encodeURIComponent(value)}`)).status === 200,
      "account deletion": async (value) => (await page({ jar: plain.jar.clone() }).send(`${base()}/delete-user/callback?token=${encodeURIComponent(value)}`)).status === 200,
      "second factor": async (value) => { const who = presenting("two_factor", value); await post(who, "/two-factor/verify-totp", { code: "000000" }); return isSignedIn(who); },
      "session cookie": (value) => isSignedIn(presenting("session_token", value)),
      "cached session": async (value) => { const who = presenting("session_data", value); return isSignedIn(who); },
      "session of the browser": async (value) => { const who = presenting(`session_token_multi-${value.toLowerCase().slice(0, 32)}`, value); return (await (await who.send(`${base()}/multi-session/list-device-sessions`)).json())?.length > 0; },
      "administrator's session": async (value) => { const who = presenting("admin_session", `${value}:`); await post(who, "/admin/stop-impersonating", {}); return isSignedIn(who); },
      bearer: async (value) => { if (!/^[\x21-\x7e]+$/.test(value)) return false; const { text } = await raw(server, "GET", "/api/auth/get-session", { headers: { authorization: `Bearer ${value}` } }); return text !== "null"; },
      "password": async (value) => { const who = page(); await who.client.signIn.email({ email: plain.email, password: value.slice(0, 128) }); return isSignedIn(who); },
    };
    const before = await server.database.all("select id, emailVerified from user order by id");
    for (const value of values) for (const [place, take] of Object.entries(redeem)) expect(await take(value), `${value} at ${place}`).toBe(false);
    // With the password alone, too: no value stands for the second factor or a trusted device.
    for (const value of values) for (const name of ["trust_device", "two_factor"]) {
      if (!/trust-device|2fa-/.test(value)) continue;
      const who = presenting(name, value);
      const { data } = await who.client.signIn.email({ email: strong.email, password: PASSWORD });
      expect(data?.twoFactorRedirect, `${value} as ${name}`).toBe(true);
      expect(await isSignedIn(who), `${value} as ${name}`).toBe(false);
    }
    expect(await server.database.all("select id, emailVerified from user order by id")).toEqual(before);
  });
});
