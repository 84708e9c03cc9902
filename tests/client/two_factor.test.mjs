// Two factors, end to end: the client's plugin, an authenticator app, mails, several browsers, and what an attacker tries.
import { twoFactorClient } from "better-auth/client/plugins";
import { describe, expect, test } from "vitest";
import { totpFromUri } from "../wire/lib/totp.mjs";
import { browser, mailTo, newUser, PASSWORD, raw, serve } from "./harness.mjs";

const withPlugins = (options = {}) => ({ plugins: [{ id: "two-factor", ...options }, { id: "magic-link" }, { id: "last-login-method" }] });
const CHALLENGE = "better-auth.two_factor";
const SESSION = "better-auth.session_token";
const TRUST = "better-auth.trust_device";
const page = (server) => browser(server, { plugins: [twoFactorClient()] });

/** An authenticator app that shows each code once: from the step before this one to the step after it. */
class App {
  constructor(uri) { this.uri = uri; this.step = Math.floor(Date.now() / 30_000) - 2; }
  code() {
    const now = Math.floor(Date.now() / 30_000);
    this.step = Math.max(this.step + 1, now - 1);
    return totpFromUri(this.uri, { step: this.step - now });
  }
}

/** A user with an authenticator app, signed in. */
async function enrolled(server) {
  const user = await newUser(server);
  const { client } = browser(server, { jar: user.jar, plugins: [twoFactorClient()] });
  const { data, error } = await client.twoFactor.enable({ password: PASSWORD });
  expect(error).toBeNull();
  const app = new App(data.totpURI);
  expect((await client.twoFactor.verifyTotp({ code: app.code() })).error).toBeNull();
  return { ...user, client, app, codes: data.backupCodes };
}

/** A browser in which the user's password was right, and the second factor is due. */
async function challenged(server, user, fields = {}) {
  const who = page(server);
  const { data, error } = await who.client.signIn.email({ email: user.email, password: PASSWORD, ...fields });
  expect({ error, redirect: data?.twoFactorRedirect }).toEqual({ error: null, redirect: true });
  return { ...who, data };
}

const refusal = ({ data, error }) => (data ? "ok" : `${error.status} ${error.code}`);
const wrong = (client) => client.twoFactor.verifyTotp({ code: "000000" });
const isSignedIn = async ({ client }) => (await client.getSession()).data !== null;
const rowOf = async (server, user) => (await server.database.all("select * from twoFactor where userId = ?", user.data.user.id))[0];
const sessionsOf = async (server, user) => (await server.database.all("select token from session where userId = ?", user.data.user.id)).length;

describe("by default", () => {
  const server = serve(withPlugins());

  test("an app is enrolled, used, shown again and taken away", async () => {
    const user = await newUser(server);
    const { client, jar } = browser(server, { jar: user.jar, plugins: [twoFactorClient()] });
    expect(refusal(await client.twoFactor.enable({ password: "wrong password" }))).toBe("400 INVALID_PASSWORD");
    const { data } = await client.twoFactor.enable({ password: PASSWORD, issuer: "Acme Ltd" });
    expect(data.totpURI).toMatch(new RegExp(`^otpauth://totp/Acme%20Ltd:${encodeURIComponent(user.email)}\\?secret=[A-Z2-7]{52}&issuer=Acme\\+Ltd&digits=6&period=30$`));
    expect(data.backupCodes).toHaveLength(10);
    expect((await client.getSession()).data.user.twoFactorEnabled).toBe(false);
    expect(refusal(await wrong(client))).toBe("401 INVALID_CODE");
    const app = new App(data.totpURI);
    const before = jar.get(SESSION);
    expect(refusal(await client.twoFactor.verifyTotp({ code: app.code() }))).toBe("ok");
    expect(jar.get(SESSION)).not.toBe(before);
    expect((await client.getSession()).data.user.twoFactorEnabled).toBe(true);
    expect(refusal(await client.twoFactor.enable({ password: PASSWORD }))).toBe("400 TOTP_ALREADY_ENABLED");
    expect(refusal(await client.twoFactor.getTotpUri({ password: "wrong password" }))).toBe("400 INVALID_PASSWORD");
    expect(new URL((await client.twoFactor.getTotpUri({ password: PASSWORD })).data.totpURI).searchParams.get("secret")).toBe(new URL(data.totpURI).searchParams.get("secret"));

    const other = await challenged(server, user);
    expect(other.data.twoFactorMethods).toEqual(["totp", "otp"]);
    expect(await isSignedIn(other)).toBe(false);
    const { data: opened } = await other.client.twoFactor.verifyTotp({ code: app.code() });
    expect(opened.user.email).toBe(user.email);
    expect((await other.client.getSession()).data.session.token).toBe(opened.token);

    expect(refusal(await client.twoFactor.disable({ password: "wrong password" }))).toBe("400 INVALID_PASSWORD");
    expect((await client.twoFactor.disable({ password: PASSWORD })).data).toEqual({ status: true });
    expect((await client.getSession()).data.user.twoFactorEnabled).toBe(false);
    expect((await browser(server).client.signIn.email({ email: user.email, password: PASSWORD })).data.token).toBeTypeOf("string");
  });

  test("the client's callback hears of the challenge", async () => {
    const user = await enrolled(server);
    let heard;
    const { client } = browser(server, { plugins: [twoFactorClient({ onTwoFactorRedirect: (context) => { heard = context; } })] });
    await client.signIn.email({ email: user.email, password: PASSWORD });
    expect(heard).toEqual({ twoFactorMethods: ["totp", "otp"] });
  });

  test("a mailed code signs in once", async () => {
    const user = await enrolled(server);
    const { client } = await challenged(server, user);
    expect(refusal(await client.twoFactor.verifyOtp({ code: "123456" }))).toBe("400 OTP_HAS_EXPIRED");
    expect((await client.twoFactor.sendOtp()).data).toEqual({ status: true });
    const first = (await mailTo(server, user.email, "two-factor-otp")).data.otp;
    await client.twoFactor.sendOtp({});
    const { otp } = (await mailTo(server, user.email, "two-factor-otp", 1)).data;
    if (first !== otp) expect(refusal(await client.twoFactor.verifyOtp({ code: first }))).toBe("401 INVALID_CODE");
    expect(refusal(await client.twoFactor.verifyOtp({ code: otp }))).toBe("ok");
    expect(await isSignedIn({ client })).toBe(true);
    expect(refusal(await page(server).client.twoFactor.verifyOtp({ code: otp }))).toBe("401 INVALID_TWO_FACTOR_COOKIE");
  });

  test("mail alone can be the second factor", async () => {
    const user = await newUser(server);
    const { client } = browser(server, { jar: user.jar, plugins: [twoFactorClient()] });
    expect((await client.twoFactor.enable({ password: PASSWORD, method: "otp" })).data).toEqual({ method: "otp" });
    const other = await challenged(server, user);
    expect(other.data.twoFactorMethods).toEqual(["otp"]);
    expect(refusal(await wrong(other.client))).toBe("400 TOTP_NOT_ENABLED");
    await other.client.twoFactor.sendOtp({});
    const { otp } = (await mailTo(server, user.email, "two-factor-otp")).data;
    expect(refusal(await other.client.twoFactor.verifyOtp({ code: otp }))).toBe("ok");
  });

  test("a backup code signs in once, new ones replace the old", async () => {
    const user = await enrolled(server);
    const first = await challenged(server, user);
    expect(refusal(await first.client.twoFactor.verifyBackupCode({ code: user.codes[0].replace("-", "") }))).toBe("401 INVALID_BACKUP_CODE");
    expect(refusal(await first.client.twoFactor.verifyBackupCode({ code: user.codes[0] }))).toBe("ok");
    expect(await isSignedIn(first)).toBe(true);
    const second = await challenged(server, user);
    expect(refusal(await second.client.twoFactor.verifyBackupCode({ code: user.codes[0] }))).toBe("401 INVALID_BACKUP_CODE");
    const { data, error } = await second.client.twoFactor.verifyBackupCode({ code: user.codes[1], disableSession: true });
    expect({ error, token: data.token }).toEqual({ error: null, token: undefined });
    expect(await isSignedIn(second)).toBe(false);
    expect(refusal(await second.client.twoFactor.verifyBackupCode({ code: user.codes[2] }))).toBe("401 INVALID_TWO_FACTOR_COOKIE");

    expect(refusal(await user.client.twoFactor.generateBackupCodes({ password: "wrong password" }))).toBe("400 INVALID_PASSWORD");
    const fresh = (await user.client.twoFactor.generateBackupCodes({ password: PASSWORD })).data.backupCodes;
    expect(refusal(await user.client.twoFactor.verifyBackupCode({ code: user.codes[3] }))).toBe("401 INVALID_BACKUP_CODE");
    expect(refusal(await user.client.twoFactor.verifyBackupCode({ code: fresh[0] }))).toBe("ok");
  });

  test("a trusted device is not asked again, until the trust ends", async ({ skip }) => {
    if (!server.database) skip();
    const user = await enrolled(server);
    const device = await challenged(server, user);
    expect(refusal(await device.client.twoFactor.verifyTotp({ code: user.app.code(), trustDevice: true }))).toBe("ok");
    const trust = device.jar.get(TRUST);
    const signIn = () => device.client.signIn.email({ email: user.email, password: PASSWORD });
    expect((await signIn()).data.token).toBeTypeOf("string");
    expect(device.jar.get(TRUST)).not.toBe(trust);

    // 2FA-7: the trust of one user is none of another's, a used one is worth nothing, and it ends.
    const other = await enrolled(server);
    const borrowed = page(server);
    borrowed.jar.set(TRUST, device.jar.get(TRUST));
    expect((await borrowed.client.signIn.email({ email: other.email, password: PASSWORD })).data.twoFactorRedirect).toBe(true);
    const replayed = page(server);
    replayed.jar.set(TRUST, trust);
    expect((await replayed.client.signIn.email({ email: user.email, password: PASSWORD })).data.twoFactorRedirect).toBe(true);
    await server.database.run("update verification set expiresAt = ? where identifier like 'trust-device-%'", new Date(Date.now() - 1000).toISOString());
    expect((await signIn()).data.twoFactorRedirect).toBe(true);
    expect(device.jar.has(TRUST)).toBe(false);
  });

  test("2FA-7: no device stays trusted when the second factor is taken away", async () => {
    const user = await enrolled(server);
    const device = await challenged(server, user);
    await device.client.twoFactor.verifyTotp({ code: user.app.code(), trustDevice: true });
    const trust = device.jar.get(TRUST);
    await device.client.twoFactor.disable({ password: PASSWORD });
    const { data } = await device.client.twoFactor.enable({ password: PASSWORD });
    await device.client.twoFactor.verifyTotp({ code: new App(data.totpURI).code() });
    const old = page(server);
    old.jar.set(TRUST, trust);
    expect((await old.client.signIn.email({ email: user.email, password: PASSWORD })).data.twoFactorRedirect).toBe(true);
  });

  test.each(["changed", "reset"])("2FA-7: no device stays trusted when the password is %s", async (how) => {
    const user = await enrolled(server);
    const device = await challenged(server, user);
    await device.client.twoFactor.verifyTotp({ code: user.app.code(), trustDevice: true });
    if (how === "changed") {
      expect((await user.client.changePassword({ currentPassword: PASSWORD, newPassword: "correct horse 2" })).error).toBeNull();
    } else {
      await user.client.requestPasswordReset({ email: user.email });
      const { token } = (await mailTo(server, user.email, "reset-password")).data;
      expect((await user.client.resetPassword({ newPassword: "correct horse 2", token })).error).toBeNull();
    }
    const { data } = await device.client.signIn.email({ email: user.email, password: "correct horse 2" });
    expect(data.twoFactorRedirect).toBe(true);
  });

  test("2FA-1: nothing that opens a session leaves before the second factor", async () => {
    const user = await enrolled(server);
    const headers = { origin: server.origin, "content-type": "application/json" };
    const answer = await raw(server, "POST", "/api/auth/sign-in/email", { headers, body: JSON.stringify({ email: user.email, password: PASSWORD }) });
    const cookies = answer.headers.filter(([name]) => name === "set-cookie").map(([, value]) => value);
    const named = (name) => cookies.filter((line) => line.startsWith(`${name}=`)).map((line) => line.split(";")[0].slice(name.length + 1));
    expect(named(SESSION)).toEqual([""]);
    expect(named("better-auth.session_data")).toEqual([""]);
    expect(JSON.parse(answer.text)).toEqual({ twoFactorRedirect: true, twoFactorMethods: ["totp", "otp"] });
  });

  test("2FA-2: the challenge opens nothing but its own answer", async () => {
    const user = await enrolled(server);
    const { jar, client } = await challenged(server, user);
    expect((await client.getSession()).data).toBeNull();
    const posts = ["/two-factor/enable", "/two-factor/disable", "/two-factor/generate-backup-codes", "/two-factor/get-totp-uri", "/change-password", "/update-user", "/revoke-sessions"];
    for (const path of posts) {
      const body = JSON.stringify({ password: PASSWORD, name: "x", currentPassword: PASSWORD, newPassword: "correct horse 2" });
      const answer = await raw(server, "POST", `/api/auth${path}`, { headers: { origin: server.origin, cookie: jar.header(), "content-type": "application/json" }, body });
      expect({ path, status: answer.status }).toEqual({ path, status: 401 });
    }
    const list = await raw(server, "GET", "/api/auth/list-sessions", { headers: { cookie: jar.header() } });
    expect(list.status).toBe(401);
  });

  test("2FA-3: attempts are counted over factors and challenges, a right code ends the count", async ({ skip }) => {
    if (!server.database) skip();
    const user = await enrolled(server);
    const first = await challenged(server, user);
    for (const attempt of [wrong, wrong, (c) => c.twoFactor.verifyBackupCode({ code: "aaaaa-bbbbb" }), wrong, wrong]) {
      expect(refusal(await attempt(first.client))).toMatch(/^401 INVALID_/);
    }
    expect(refusal(await first.client.twoFactor.verifyTotp({ code: user.app.code() }))).toBe("400 TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE");
    expect(first.jar.has(CHALLENGE)).toBe(false);
    expect(await rowOf(server, user)).toMatchObject({ failedVerificationCount: 5, lockedUntil: null });
    const second = await challenged(server, user);
    await second.client.twoFactor.sendOtp({});
    for (let i = 0; i < 3; i++) expect(refusal(await second.client.twoFactor.verifyOtp({ code: "x" }))).toBe("401 INVALID_CODE");
    for (let i = 0; i < 2; i++) expect(refusal(await wrong(second.client))).toBe("401 INVALID_CODE");
    const third = await challenged(server, user);
    const locked = "429 ACCOUNT_TEMPORARILY_LOCKED";
    expect(refusal(await third.client.twoFactor.verifyTotp({ code: user.app.code() }))).toBe(locked);
    expect(refusal(await third.client.twoFactor.verifyBackupCode({ code: user.codes[0] }))).toBe(locked);
    await server.database.run("update twoFactor set lockedUntil = ? where userId = ?", new Date(Date.now() - 1000).toISOString(), user.data.user.id);
    expect(refusal(await third.client.twoFactor.verifyBackupCode({ code: user.codes[0] }))).toBe("ok");
    expect(await rowOf(server, user)).toMatchObject({ failedVerificationCount: 0, lockedUntil: null });
  });

  test("2FA-3: whose second factor is mail alone is locked out, too", async () => {
    const user = await newUser(server);
    const { client } = browser(server, { jar: user.jar, plugins: [twoFactorClient()] });
    await client.twoFactor.enable({ password: PASSWORD, method: "otp" });
    for (let round = 0; round < 2; round++) {
      const who = await challenged(server, user);
      await who.client.twoFactor.sendOtp({});
      for (let i = 0; i < 5; i++) expect(refusal(await who.client.twoFactor.verifyOtp({ code: "x" }))).toBe("401 INVALID_CODE");
    }
    const last = await challenged(server, user);
    await last.client.twoFactor.sendOtp({});
    const { otp } = (await mailTo(server, user.email, "two-factor-otp", 2)).data;
    expect(refusal(await last.client.twoFactor.verifyOtp({ code: otp }))).toBe("429 ACCOUNT_TEMPORARILY_LOCKED");
  });

  test("2FA-4: a code is used once, and an older one never after it", async () => {
    const user = await enrolled(server);
    const [early, late] = [user.app.code(), user.app.code()];
    const first = await challenged(server, user);
    expect(refusal(await first.client.twoFactor.verifyTotp({ code: late }))).toBe("ok");
    for (const code of [late, early]) {
      const who = await challenged(server, user);
      expect(refusal(await who.client.twoFactor.verifyTotp({ code }))).toBe("401 INVALID_CODE");
      expect(refusal(await user.client.twoFactor.verifyTotp({ code }))).toBe("401 INVALID_CODE");
    }
  });

  test("2FA-5: only the six digits are a code", async () => {
    const user = await enrolled(server);
    const code = user.app.code();
    const { client } = await challenged(server, user);
    for (const spelled of [` ${code}`, `${code} `, `${code}0`, [...code].map((d) => String.fromCodePoint(0xff10 + Number(d))).join("")]) {
      expect(refusal(await client.twoFactor.verifyTotp({ code: spelled }))).toBe("401 INVALID_CODE");
    }
    expect(refusal(await client.twoFactor.verifyTotp({ code: Number(code) }))).toBe("400 VALIDATION_ERROR");
    expect(refusal(await client.twoFactor.verifyTotp({ code }))).toBe("ok");
  });

  test("2FA-6: an enrolment that was not finished neither asks nor answers", async () => {
    const user = await newUser(server);
    const { client } = browser(server, { jar: user.jar, plugins: [twoFactorClient()] });
    const first = (await client.twoFactor.enable({ password: PASSWORD })).data;
    expect((await browser(server).client.signIn.email({ email: user.email, password: PASSWORD })).data.token).toBeTypeOf("string");
    const second = (await client.twoFactor.enable({ password: PASSWORD })).data;
    expect(refusal(await client.twoFactor.verifyTotp({ code: totpFromUri(first.totpURI) }))).toBe("401 INVALID_CODE");
    expect(refusal(await client.twoFactor.verifyTotp({ code: totpFromUri(second.totpURI) }))).toBe("ok");
  });

  test("2FA-8: a magic link asks for the second factor, and more mail is none", async ({ skip }) => {
    if (!server.database) skip();
    const user = await enrolled(server);
    await server.database.run("update user set emailVerified = 1 where id = ?", user.data.user.id);
    const { client, jar, send } = page(server);
    await client.signIn.magicLink({ email: user.email, callbackURL: "/home" });
    const opened = await send((await mailTo(server, user.email, "magic-link")).data.url);
    expect(opened.status).toBe(302);
    expect(opened.headers.get("location")).toBe(`${server.origin}/home?twoFactorRedirect=true&twoFactorMethods=totp`);
    expect(jar.has(SESSION)).toBe(false);
    expect(refusal(await client.twoFactor.sendOtp({}))).toBe("400 OTP_NOT_ENABLED");
    expect(refusal(await client.twoFactor.verifyTotp({ code: user.app.code() }))).toBe("ok");
    expect((await client.getSession()).data.user.email).toBe(user.email);
  });

  test("ATO-1: mail alone takes no second factor away: it is asked for, and the sessions end", async () => {
    const squatter = await enrolled(server);
    const owner = page(server);
    await owner.client.signIn.magicLink({ email: squatter.email, callbackURL: "/home" });
    const opened = await owner.send((await mailTo(server, squatter.email, "magic-link")).data.url);
    expect(opened.headers.get("location")).toBe(`${server.origin}/home?twoFactorRedirect=true&twoFactorMethods=totp`);
    for (const who of [owner, squatter]) expect(await isSignedIn(who)).toBe(false);
    if (server.database) expect(await rowOf(server, squatter)).toBeDefined();
    // The honest owner has the app.
    expect((await owner.client.twoFactor.verifyTotp({ code: squatter.app.code() })).error).toBeNull();
    expect(await isSignedIn(owner)).toBe(true);
  });

  test("2FA-9: neither seed nor codes can be read in the database", async ({ skip }) => {
    if (!server.database) skip();
    const user = await enrolled(server);
    const { client } = await challenged(server, user);
    await client.twoFactor.sendOtp({});
    const { otp } = (await mailTo(server, user.email, "two-factor-otp")).data;
    const seed = Buffer.from(new URL(user.app.uri).searchParams.get("secret"));
    const everything = JSON.stringify(await Promise.all(["twoFactor", "verification", "account", "session", "user"].map((table) => server.database.all(`select * from ${table}`))));
    for (const secret of [seed.toString(), user.codes[0], user.codes[0].replace("-", ""), `"${otp}:`]) expect(everything).not.toContain(secret);
    expect((await rowOf(server, user)).backupCodes).toMatch(/^(\$ba\$\d+\$)?[0-9a-f]+$/);
  });

  test("2FA-10: between the factors the database knows the user and an end, not the password", async ({ skip }) => {
    if (!server.database) skip();
    const user = await enrolled(server);
    const { jar } = await challenged(server, user);
    const identifier = decodeURIComponent(jar.get(CHALLENGE)).split(".")[0];
    const [row] = await server.database.all("select * from verification where identifier = ?", identifier);
    expect(row.value).toBe(user.data.user.id);
    const minutes = (new Date(row.expiresAt) - Date.now()) / 60_000;
    expect(minutes).toBeGreaterThan(9);
    expect(minutes).toBeLessThanOrEqual(10);
    expect(decodeURIComponent(jar.header()) + server.log()).not.toContain(PASSWORD);
    await server.database.run("update verification set expiresAt = ? where identifier = ?", new Date(Date.now() - 1000).toISOString(), identifier);
    const { client } = browser(server, { jar, plugins: [twoFactorClient()] });
    expect(refusal(await client.twoFactor.verifyTotp({ code: user.app.code() }))).toBe("401 INVALID_TWO_FACTOR_COOKIE");
  });

  test("ATO-3: nothing but a challenge is a challenge, and nothing but a trust a trust", async () => {
    const user = await enrolled(server);
    const { jar } = await challenged(server, user);
    const device = await challenged(server, user);
    await device.client.twoFactor.verifyTotp({ code: user.app.code(), trustDevice: true });
    const secrets = { challenge: jar.get(CHALLENGE), trust: device.jar.get(TRUST), session: device.jar.get(SESSION) };
    const presented = (cookie, value) => { const who = page(server); who.jar.set(cookie, value); return who; };
    for (const [name, value] of Object.entries(secrets)) {
      if (name !== "challenge") expect([name, refusal(await presented(CHALLENGE, value).client.twoFactor.verifyBackupCode({ code: user.codes[0] }))]).toEqual([name, "401 INVALID_TWO_FACTOR_COOKIE"]);
      if (name !== "trust") expect([name, (await presented(TRUST, value).client.signIn.email({ email: user.email, password: PASSWORD })).data.twoFactorRedirect]).toEqual([name, true]);
      if (name !== "session") expect([name, await isSignedIn(presented(SESSION, value))]).toEqual([name, false]);
      expect([name, refusal(await page(server).client.magicLink.verify({ query: { token: decodeURIComponent(value).split(".")[0] } }))]).not.toEqual([name, "ok"]);
    }
    const { client } = browser(server, { jar, plugins: [twoFactorClient()] });
    expect(refusal(await client.twoFactor.verifyBackupCode({ code: user.codes[0] }))).toBe("ok");
  });

  describe("at once", () => {
    /** `count` copies of a browser's next request, released together. */
    const race = (server, jar, path, bodies) => Promise.all(bodies.map((body) => raw(server, "POST", `/api/auth${path}`, {
      headers: { origin: server.origin, cookie: jar.header(), "content-type": "application/json" }, body: JSON.stringify(body),
    })));
    const times = (n, value) => Array.from({ length: n }, () => value);

    test("RACE-4: fifty right codes open one session at most", async ({ skip }) => {
      if (!server.database) skip();
      const user = await enrolled(server);
      const { jar } = await challenged(server, user);
      const before = await sessionsOf(server, user);
      const answers = await race(server, jar, "/two-factor/verify-totp", times(50, { code: user.app.code() }));
      const opened = answers.filter((answer) => answer.status === 200);
      expect(opened.length).toBeLessThanOrEqual(1);
      expect(await sessionsOf(server, user)).toBe(before + opened.length);
      expect(answers.every((answer) => [200, 400, 401, 429].includes(answer.status))).toBe(true);
    });

    test("RACE-5: of two hundred wrong codes at once, five are looked at", async ({ skip }) => {
      if (!server.database) skip();
      const user = await enrolled(server);
      for (const path of ["/two-factor/verify-totp", "/two-factor/verify-otp"]) {
        const { jar, client } = await challenged(server, user);
        await client.twoFactor.sendOtp({});
        const answers = await race(server, jar, path, times(200, { code: "000000" }));
        expect(answers.filter((answer) => answer.status === 401 && JSON.parse(answer.text).code === "INVALID_CODE")).toHaveLength(5);
      }
      expect((await rowOf(server, user)).failedVerificationCount).toBe(10);
      expect((await rowOf(server, user)).lockedUntil).not.toBeNull();
    });

    test("2FA-3: twelve challenges at once are worth ten answers", async ({ skip }) => {
      if (!server.database) skip();
      const user = await enrolled(server);
      const browsers = await Promise.all(times(12).map(() => challenged(server, user)));
      const answers = (await Promise.all(browsers.map(({ jar }) => race(server, jar, "/two-factor/verify-totp", times(4, { code: "000000" }))))).flat();
      expect(answers.filter((answer) => answer.status === 401)).toHaveLength(10);
      expect(answers.filter((answer) => answer.status === 429)).toHaveLength(38);
    });

    test("RACE-6: a backup code works once, and none comes back", async ({ skip }) => {
      if (!server.database) skip();
      const user = await enrolled(server);
      const use = (jar, ...codes) => race(server, jar, "/two-factor/verify-backup-code", codes.map((code) => ({ code })));
      const right = (answers) => answers.filter((answer) => answer.status === 200).length;
      expect(right(await use(user.jar, ...times(50, user.codes[0])))).toBe(1);
      const both = await use(user.jar, user.codes[1], user.codes[2]);
      expect(both.every((answer) => [200, 409].includes(answer.status))).toBe(true);
      expect(right(await use(user.jar, user.codes[0]))).toBe(0);
      expect(right(await use(user.jar, user.codes[1])) + right(await use(user.jar, user.codes[2]))).toBe(2 - right(both));
      const [used, fresh] = await Promise.all([use(user.jar, user.codes[3]), user.client.twoFactor.generateBackupCodes({ password: PASSWORD })]);
      expect([200, 401, 409]).toContain(used[0].status);
      expect(right(await use(user.jar, user.codes[3], user.codes[4]))).toBe(0);
      expect(right(await use(user.jar, fresh.data.backupCodes[3]))).toBe(1);
    });
  });
});

describe("with the reference's ways", () => {
  const server = serve(withPlugins({
    allow_code_reuse: true,
    enforce_on: ["email", "username"],
    issuer: "Acme",
    skip_verification_on_enable: true,
    totp_options: { digits: 8, period: 60 },
    backup_code_options: { amount: 4, length: 6, store_backup_codes: "encrypted" },
    trust_device_max_age: 3600,
    two_factor_cookie_max_age: 120,
  }));

  test("an app counts at once, its codes are used again, and mail asks for nothing", async () => {
    const user = await newUser(server);
    const { client } = browser(server, { jar: user.jar, plugins: [twoFactorClient()] });
    const { data } = await client.twoFactor.enable({ password: PASSWORD });
    expect(data.totpURI).toMatch(/issuer=Acme&digits=8&period=60$/);
    expect(data.backupCodes).toHaveLength(4);
    expect((await client.getSession()).data.user.twoFactorEnabled).toBe(true);
    const code = totpFromUri(data.totpURI, { digits: 8, period: 60 });
    for (let i = 0; i < 2; i++) {
      const who = await challenged(server, user);
      expect(refusal(await who.client.twoFactor.verifyTotp({ code }))).toBe("ok");
    }
    // Whose address is unproven is asked all the same.
    const early = page(server);
    await early.client.signIn.magicLink({ email: user.email, callbackURL: "/home" });
    const asked = await early.send((await mailTo(server, user.email, "magic-link")).data.url);
    expect([asked.status, (await asked.json()).code]).toEqual([403, "FACTOR_REQUIRED"]);
    expect(await isSignedIn(early)).toBe(false);
    const own = (await challenged(server, user)).client;
    expect(refusal(await own.twoFactor.verifyTotp({ code }))).toBe("ok");
    await own.sendVerificationEmail({ email: user.email });
    await page(server).send((await mailTo(server, user.email, "verify-email")).data.url);
    const linked = page(server);
    await linked.client.signIn.magicLink({ email: user.email, callbackURL: "/home" });
    expect((await linked.send((await mailTo(server, user.email, "magic-link", 1)).data.url)).headers.get("location")).toBe(`${server.origin}/home`);
    expect(await isSignedIn(linked)).toBe(true);
  });
});
