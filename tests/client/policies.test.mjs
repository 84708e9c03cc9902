// The shipped policies in hooks/, each against a running server, through the official client.
import { jwtClient, twoFactorClient } from "better-auth/client/plugins";
import { decodeJwt } from "jose";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { ROOT } from "../harness/doorward.mjs";
import { totpFromUri } from "../wire/lib/totp.mjs";
import { browser, mailTo, newUser, PASSWORD, raw, rowCounts, serve } from "./harness.mjs";

const policy = (name, config, more = {}) => ({ hooks: [{ file: path.join(ROOT, `hooks/${name}.rhai`), ...(config && { config }), ...more }] });
const signIn = (who, { email, password = PASSWORD }) => who.client.signIn.email({ email, password });
const refused = (code, status) => ({ code, ...(status && { status }) });

/** Follows the link of the newest magic-link mail in a browser. */
async function followLink(server, who, email) {
  const mail = await mailTo(server, email, "magic-link");
  return who.send(mail.data.url);
}

describe("company_email", () => {
  const server = serve(policy("company_email", { domains: ["example.com"] }));
  test("a magic link makes no account of another domain, and neither does a change of address", async () => {
    const stranger = browser(server);
    const before = await rowCounts(server);
    await stranger.client.signIn.magicLink({ email: "eve@evil.net" });
    const answer = await followLink(server, stranger, "eve@evil.net");
    expect(new URL(answer.headers.get("location"), server.origin).searchParams.get("error")).toBe("EMAIL_DOMAIN_NOT_ALLOWED");
    expect((await rowCounts(server)).user).toBe(before.user);
    expect(stranger.jar.size).toBe(0);
    const member = browser(server);
    await member.client.signIn.magicLink({ email: "ada@example.com" });
    await followLink(server, member, "ada@example.com");
    expect((await member.client.getSession()).data.user.email).toBe("ada@example.com");
  });
});

describe("disposable_email", () => {
  const server = serve(policy("disposable_email"));
  test("a throw-away address is refused, a lasting one is not", async () => {
    const { client, jar } = browser(server);
    const { error } = await client.signUp.email({ name: "Eve", email: "eve@x.mailinator.com", password: PASSWORD });
    expect(error).toMatchObject(refused("EMAIL_DOMAIN_NOT_ALLOWED", 400));
    expect(jar.size).toBe(0);
    await newUser(server);
  });
});

describe("terms_accepted", () => {
  const server = serve(policy("terms_accepted", { version: "2026-01" }));
  test("the version in force must be sent", async () => {
    const { client } = browser(server);
    const user = { name: "Ada", email: "ada@example.com", password: PASSWORD };
    expect((await client.signUp.email(user)).error).toMatchObject(refused("TERMS_NOT_ACCEPTED", 400));
    expect((await client.signUp.email({ ...user, acceptedTerms: "2025-01" })).error).toMatchObject(refused("TERMS_NOT_ACCEPTED"));
    expect((await rowCounts(server)).user).toBe(0);
    expect((await client.signUp.email({ ...user, acceptedTerms: "2026-01" })).error).toBeNull();
    expect(server.log()).toContain("terms-accepted");
  });
});

describe("office_network", () => {
  const inside = { field: "name", values: ["Boss"], networks: ["127.0.0.0/8", "::1"] };
  const outside = { field: "name", values: ["Boss"], networks: ["192.0.2.0/24"] };
  describe("at the office", () => {
    const server = serve(policy("office_network", inside));
    test("those who are meant sign in", async () => {
      const boss = await newUser(server, { name: "Boss" });
      expect((await signIn(browser(server), boss)).error).toBeNull();
    });
  });
  describe("elsewhere", () => {
    const server = serve(policy("office_network", outside));
    test("others sign in, those who are meant do not", async () => {
      const ada = await newUser(server);
      expect((await signIn(browser(server), ada)).error).toBeNull();
      const who = browser(server);
      const { error } = await who.client.signUp.email({ name: "Boss", email: "boss@example.com", password: PASSWORD });
      expect(error).toMatchObject(refused("OFFICE_NETWORK_ONLY", 403));
      expect(who.jar.size).toBe(0);
    });
  });
});

describe("working_hours", () => {
  const hour = new Date().getUTCHours();
  const days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
  describe("open", () => {
    const server = serve(policy("working_hours", { from: hour, to: (hour + 2) % 24, days }));
    test("one signs in", async () => { expect((await signIn(browser(server), await newUser(server))).error).toBeNull(); });
  });
  describe("closed", () => {
    const server = serve(policy("working_hours", { from: (hour + 4) % 24, to: (hour + 6) % 24, days, field: "name", values: ["Clerk"] }));
    test("only those who are meant do not", async () => {
      expect((await signIn(browser(server), await newUser(server))).error).toBeNull();
      const who = browser(server);
      const { error } = await who.client.signUp.email({ name: "Clerk", email: "clerk@example.com", password: PASSWORD });
      expect(error).toMatchObject(refused("OUTSIDE_WORKING_HOURS", 403));
      expect(who.jar.size).toBe(0);
    });
  });
});

describe("max_sessions", () => {
  const server = serve(policy("max_sessions", { max: 2 }));
  test("the oldest session ends", async () => {
    const first = await newUser(server);
    const [second, third] = [browser(server), browser(server)];
    for (const who of [second, third]) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect((await signIn(who, first)).error).toBeNull();
    }
    const alive = await Promise.all([first, second, third].map(async ({ client }) => (await client.getSession()).data !== null));
    expect(alive).toEqual([false, true, true]);
  });
});

describe("new_device", () => {
  const server = serve(policy("new_device"));
  test("a mail tells of a new device, once", async () => {
    const user = await newUser(server);
    const again = { ...user, jar: user.jar };
    expect((await signIn(again, user)).error).toBeNull();
    const other = browser(server);
    expect((await signIn(other, user)).error).toBeNull();
    const mail = await mailTo(server, user.email, "new-device");
    expect(mail.subject).toContain("new sign-in");
    expect(mail.text).toContain("127.0.0.1");
    expect((await signIn(other, user)).error).toBeNull();
    const mails = (await server.mailbox()).filter((m) => m.to === user.email && m.kind === "new-device");
    expect(mails).toHaveLength(1);
  });
});

describe("require_two_factor", () => {
  const server = serve(policy("require_two_factor", { field: "name", values: ["Boss"] }));
  test("those who are meant get nothing done without it", async () => {
    const boss = browser(server);
    expect((await boss.client.signUp.email({ name: "Boss", email: "boss@example.com", password: PASSWORD })).error).toBeNull();
    expect((await boss.client.getSession()).error).toMatchObject(refused("TWO_FACTOR_REQUIRED", 403));
    expect((await boss.client.updateUser({ image: "a.png" })).error).toMatchObject(refused("TWO_FACTOR_REQUIRED", 403));
    expect((await boss.client.signOut()).error).toBeNull();
    const { client } = await newUser(server);
    expect((await client.updateUser({ image: "a.png" })).error).toBeNull();
  });
});

describe("lock_after_failures", () => {
  const server = serve(policy("lock_after_failures", { max: 3, minutes: 15 }));
  test("an account is locked after failures, another is not", async () => {
    const [user, other] = [await newUser(server), await newUser(server)];
    for (let i = 0; i < 3; i++) expect((await signIn(browser(server), { ...user, password: "wrong horse" })).error).toMatchObject(refused("INVALID_EMAIL_OR_PASSWORD", 401));
    const locked = (await signIn(browser(server), user)).error;
    expect(locked).toMatchObject(refused("ACCOUNT_TEMPORARILY_LOCKED", 429));
    expect((await signIn(browser(server), other)).error).toBeNull();
  });
  test("many tries at once are not more than one after the other", async () => {
    const user = await newUser(server);
    const tries = await Promise.all(Array.from({ length: 20 }, () => signIn(browser(server), { ...user, password: "wrong horse" })));
    expect(tries.filter(({ error }) => error.status === 401)).toHaveLength(3);
    const unknown = await Promise.all(Array.from({ length: 20 }, () => signIn(browser(server), { email: "nobody@example.com" })));
    expect(unknown.filter(({ error }) => error.status === 401)).toHaveLength(3);
  });
  test("a success forgets the failures", async () => {
    const user = await newUser(server);
    for (let i = 0; i < 3; i++) {
      await signIn(browser(server), { ...user, password: "wrong horse" });
      expect((await signIn(browser(server), user)).error).toBeNull();
    }
  });
});

describe("password_reuse", () => {
  const server = serve(policy("password_reuse", { remember: 3 }));
  test("an old password cannot come back, by a change or by a reset", async () => {
    const { client, email } = await newUser(server);
    const change = (currentPassword, newPassword) => client.changePassword({ currentPassword, newPassword });
    expect((await change(PASSWORD, PASSWORD)).error).toMatchObject(refused("PASSWORD_ALREADY_USED", 400));
    expect((await change(PASSWORD, "battery staple 2")).error).toBeNull();
    expect((await change("battery staple 2", PASSWORD)).error).toMatchObject(refused("PASSWORD_ALREADY_USED", 400));
    await client.requestPasswordReset({ email });
    const { token } = (await mailTo(server, email, "reset-password")).data;
    const reset = (newPassword) => browser(server).client.resetPassword({ newPassword, token });
    expect((await reset(PASSWORD)).error).toMatchObject(refused("PASSWORD_ALREADY_USED", 400));
    expect((await reset("battery staple 3")).error).toBeNull();
    expect((await signIn(browser(server), { email, password: "battery staple 3" })).error).toBeNull();
  });
});

describe("maintenance", () => {
  const server = serve(policy("maintenance", { message: "Back at noon" }));
  test("nobody signs up, not even by a magic link", async () => {
    const who = browser(server);
    const { error } = await who.client.signUp.email({ name: "Ada", email: "ada@example.com", password: PASSWORD });
    expect(error).toMatchObject({ ...refused("SIGN_UP_CLOSED", 503), message: "Back at noon" });
    await who.client.signIn.magicLink({ email: "eve@example.com" });
    const answer = await followLink(server, who, "eve@example.com");
    expect(new URL(answer.headers.get("location"), server.origin).searchParams.get("error")).toBe("SIGN_UP_CLOSED");
    expect((await rowCounts(server)).user).toBe(0);
    expect(who.jar.size).toBe(0);
  });
});

describe("geo_fence", () => {
  const trusted = { advanced: { ip_address: { trusted_proxies: ["127.0.0.0/8", "::1/128"] } } };
  const from = (server, country) => browser(server).client.signIn.email(
    { email: "ada@example.com", password: PASSWORD },
    { headers: country ? { "cf-ipcountry": country } : {} },
  );
  describe("behind a proxy", () => {
    const server = serve({ ...policy("geo_fence", { allow: ["DE"] }), ...trusted });
    test("the country decides", async () => {
      expect((await from(server, "DE")).error).toMatchObject(refused("INVALID_EMAIL_OR_PASSWORD"));
      expect((await from(server, "XX")).error).toMatchObject(refused("COUNTRY_NOT_ALLOWED", 403));
      expect((await from(server)).error).toMatchObject(refused("COUNTRY_NOT_ALLOWED", 403));
    });
  });
  describe("without one", () => {
    const server = serve(policy("geo_fence", { allow: ["DE"] }));
    test("nobody says it of themselves", async () => {
      expect((await from(server, "DE")).error).toMatchObject(refused("COUNTRY_NOT_ALLOWED", 403));
    });
  });
});

describe("slow_down", () => {
  const server = serve(policy("slow_down", { free: 1, step_ms: 300, minutes: 10 }));
  test("a failure makes the next try wait, and nobody else", async () => {
    const { client, ...user } = await newUser(server);
    await signIn(browser(server), { ...user, password: "wrong horse" });
    const order = [];
    const slow = signIn(browser(server), { ...user, password: "wrong horse" }).then(() => order.push("slow"));
    const fast = client.getSession().then(() => order.push("fast"));
    await Promise.all([slow, fast]);
    expect(order).toEqual(["fast", "slow"]);
  });
});

describe("jwt_claims", () => {
  const config = { claims: { mail: "email", sub: "name" }, fixed: { tenant: "acme" } };
  describe("with claims of one's own", () => {
    const server = serve({ ...policy("jwt_claims", { ...config, claims: { mail: "email" } }), plugins: [{ id: "jwt" }] });
    test("a token has them, and what it stands on stays", async () => {
      const user = await newUser(server);
      const { client } = browser(server, { jar: user.jar, plugins: [jwtClient()] });
      const claims = decodeJwt((await client.token()).data.token);
      expect(claims).toMatchObject({ mail: user.email, tenant: "acme", sub: user.data.user.id, iss: server.origin });
    });
  });
  describe("with a claim that a token stands on", () => {
    const server = serve({ ...policy("jwt_claims", config), plugins: [{ id: "jwt" }] });
    test("there is no token", async () => {
      const user = await newUser(server);
      const { client } = browser(server, { jar: user.jar, plugins: [jwtClient()] });
      const { data, error } = await client.token();
      expect(data).toBeNull();
      expect(error.status).toBe(500);
    });
  });
});

describe("office_without_factor", () => {
  for (const [networks, isAsked] of [[["127.0.0.0/8", "::1/128"], false], [["192.0.2.0/24"], true]]) {
    describe(isAsked ? "elsewhere" : "in the office", () => {
      const server = serve({ ...policy("office_without_factor", { networks }, { waives: ["two-factor"] }), plugins: [{ id: "two-factor" }] });
      test(isAsked ? "the second factor is asked for" : "the password is enough, and the log says so", async () => {
        const user = await newUser(server);
        const { client } = browser(server, { jar: user.jar, plugins: [twoFactorClient()] });
        const { data } = await client.twoFactor.enable({ password: PASSWORD });
        expect((await client.twoFactor.verifyTotp({ code: totpFromUri(data.totpURI) })).error).toBeNull();
        const again = await signIn(browser(server, { plugins: [twoFactorClient()] }), user);
        expect(again.error).toBeNull();
        expect(again.data.twoFactorRedirect ?? false).toBe(isAsked);
        expect(Boolean(again.data.token)).toBe(!isAsked);
      });
    });
  }
});

describe("sign_up_limit", () => {
  const server = serve(policy("sign_up_limit", { most: 2, hours: 1 }));
  test("two accounts are made from one address, and no third", async () => {
    await newUser(server);
    await newUser(server);
    const { error } = await browser(server).client.signUp.email({ name: "Eve", email: "third@example.com", password: PASSWORD });
    expect(error).toMatchObject(refused("TOO_MANY_SIGN_UPS", 429));
    expect((await rowCounts(server)).user).toBe(2);
  });
});

describe("welcome_once", () => {
  const server = serve({ ...policy("welcome_once", { url: "https://app.example.com/start" }), email_verification: { send_on_sign_up: true } });
  test("who verifies an address is welcomed, and not again", async () => {
    const user = await newUser(server);
    const { data } = await mailTo(server, user.email, "verify-email");
    await raw(server, "GET", data.url);
    const welcome = await mailTo(server, user.email, "welcome");
    expect(welcome.data).toMatchObject({ name: user.data.user.name, url: "https://app.example.com/start" });
    expect(await server.database.all("select key from doorward_script_value")).toHaveLength(1);
  });
});

test("every shipped policy is here", () => {
  const shipped = fs.readdirSync(path.join(ROOT, "hooks")).filter((file) => file.endsWith(".rhai")).map((file) => file.slice(0, -5));
  const own = fs.readFileSync(fileURLToPath(import.meta.url), "utf8");
  expect(shipped.filter((name) => !own.includes(`describe("${name}"`))).toEqual([]);
});
