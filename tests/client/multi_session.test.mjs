// The multi-session plugin: several accounts in one browser.
import { describe, expect, test } from "vitest";
import { multiSessionClient } from "better-auth/client/plugins";
import { browser, newUser, PASSWORD, raw, rowCounts, serve } from "./harness.mjs";

const server = serve({ plugins: [{ id: "multi-session", maximum_sessions: 3 }] });
const NAME = "better-auth.session_token_multi-";
const plugins = [multiSessionClient()];
const kept = ({ jar }) => jar.keys().filter((name) => name.startsWith(NAME)).length;
let strangers = 0;

/** Signs a new user up in this browser. */
async function join(who) {
  const email = `member${++strangers}@example.com`;
  const { data, error } = await who.client.signUp.email({ name: "Member", email, password: PASSWORD });
  expect(error).toBeNull();
  return { email, token: data.token, id: data.user.id };
}
const list = async (who) => (await who.client.multiSession.listDeviceSessions()).data.map(({ user }) => user.email);
const active = async (who) => (await who.client.getSession()).data?.user.email ?? null;

test("accounts are listed in the order they came, and switched between", async () => {
  const who = browser(server, { plugins });
  expect(await list(who)).toEqual([]);
  const ada = await join(who), bob = await join(who);
  expect(await list(who)).toEqual([ada.email, bob.email]);
  expect(await active(who)).toBe(bob.email);
  const { data } = await who.client.multiSession.setActive({ sessionToken: ada.token });
  expect([data.session.token, data.user.email]).toEqual([ada.token, ada.email]);
  expect(await active(who)).toBe(ada.email);
  expect(await list(who)).toEqual([ada.email, bob.email]);
});

test("an account has one session in a browser", async () => {
  const who = browser(server, { plugins });
  const ada = await join(who), bob = await join(who);
  const { data } = await who.client.signIn.email({ email: ada.email, password: PASSWORD });
  expect(await list(who)).toEqual([bob.email, ada.email]);
  expect(kept(who)).toBe(2);
  expect((await who.client.multiSession.setActive({ sessionToken: ada.token })).error).toMatchObject({ status: 401, code: "INVALID_SESSION_TOKEN" });
  expect((await who.client.multiSession.setActive({ sessionToken: data.token })).error).toBeNull();
});

test("over the limit a sign-in works and is not kept", async () => {
  const who = browser(server, { plugins });
  const members = [await join(who), await join(who), await join(who), await join(who)];
  expect(kept(who)).toBe(3);
  expect(await list(who)).toEqual(members.slice(0, 3).map(({ email }) => email));
  expect(await active(who)).toBe(members[3].email);
});

test("revoking another leaves the current one; revoking the current one brings the next; then none", async () => {
  const who = browser(server, { plugins });
  const [a, b, c] = [await join(who), await join(who), await join(who)];
  expect((await who.client.multiSession.revoke({ sessionToken: a.token })).data).toEqual({ status: true });
  expect([await active(who), await list(who)]).toEqual([c.email, [b.email, c.email]]);
  await who.client.multiSession.revoke({ sessionToken: c.token });
  expect([await active(who), await list(who)]).toEqual([b.email, [b.email]]);
  await who.client.multiSession.revoke({ sessionToken: b.token });
  expect([await active(who), await list(who), who.jar.size]).toEqual([null, [], 0]);
  expect((await who.client.multiSession.revoke({ sessionToken: b.token })).error.status).toBe(401);
});

test("a sign-out signs every account of the browser out, and no other browser", async () => {
  const who = browser(server, { plugins });
  const ada = await join(who), bob = await join(who);
  const elsewhere = browser(server, { plugins });
  await elsewhere.client.signIn.email({ email: ada.email, password: PASSWORD });
  await who.client.signOut();
  expect(who.jar.size).toBe(0);
  expect(await active(elsewhere)).toBe(ada.email);
  if (server.database) {
    const left = await server.database.all("select token from session");
    expect(left.filter(({ token }) => [ada.token, bob.token].includes(token))).toEqual([]);
  }
});

test("a session that died is refused and its cookie is taken away", async ({ skip }) => {
  if (!server.database) skip();
  const who = browser(server, { plugins });
  const ada = await join(who);
  await join(who);
  await server.database.run("update session set expiresAt = ? where token = ?", new Date(Date.now() - 1_000).toISOString(), ada.token);
  const { error } = await who.client.multiSession.setActive({ sessionToken: ada.token });
  expect(error).toMatchObject({ status: 401, code: "INVALID_SESSION_TOKEN" });
  expect(kept(who)).toBe(1);
});

test.each([[{}, "expected string, received undefined"], [{ sessionToken: 1 }, "expected string, received number"], [{ sessionToken: null }, "expected string, received null"]])("bad input %j is named, with or without a session", async (body, reason) => {
  for (const path of ["set-active", "revoke"]) {
    const answer = await raw(server, "POST", `/api/auth/multi-session/${path}`, { headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([400, { message: `[body.sessionToken] Invalid input: ${reason}`, code: "VALIDATION_ERROR" }]);
  }
});

describe("SES-4: a session of someone else", () => {
  const victimOf = async () => newUser(server);
  const forged = ({ data: { token } }) => [
    `${NAME}${token.toLowerCase()}=${token}.x`,
    `${NAME}${token.toLowerCase()}=${token}`,
    `${NAME}${token.toLowerCase()}=${encodeURIComponent(`${token}.${Buffer.alloc(32, 7).toString("base64")}`)}`,
  ];

  test("cannot be listed, taken or ended with a forged cookie", async () => {
    const victim = await victimOf();
    const thief = browser(server, { plugins });
    const own = await join(thief);
    for (const cookie of forged(victim)) {
      const headers = { cookie: `${thief.jar.header()}; ${cookie}`, origin: server.origin, "content-type": "application/json" };
      const listed = JSON.parse((await raw(server, "GET", "/api/auth/multi-session/list-device-sessions", { headers })).text);
      expect(listed.map(({ user }) => user.email)).toEqual([own.email]);
      for (const path of ["set-active", "revoke"]) {
        const before = await rowCounts(server);
        const answer = await raw(server, "POST", `/api/auth/multi-session/${path}`, { headers, body: JSON.stringify({ sessionToken: victim.data.token }) });
        expect([answer.status, JSON.parse(answer.text).code, answer.headers.filter(([name]) => name === "set-cookie")]).toEqual([401, "INVALID_SESSION_TOKEN", []]);
        expect(await rowCounts(server)).toEqual(before);
      }
    }
    expect((await victim.client.getSession()).data.user.email).toBe(victim.email);
  });

  test("is not ended by a sign-out or a sign-in with a forged cookie", async () => {
    const victim = await victimOf();
    for (const cookie of forged(victim)) {
      const thief = browser(server, { plugins });
      await join(thief);
      const headers = { cookie: `${thief.jar.header()}; ${cookie}`, origin: server.origin, "content-type": "application/json" };
      await raw(server, "POST", "/api/auth/sign-out", { headers, body: "{}" });
    }
    expect((await victim.client.getSession()).data.user.email).toBe(victim.email);
  });

  test("one's own signed cookie under another's name is not that session", async () => {
    const victim = await victimOf();
    const thief = browser(server, { plugins });
    await join(thief);
    const own = thief.jar.get("better-auth.session_token");
    const headers = { cookie: `${NAME}${victim.data.token.toLowerCase()}=${own}`, origin: server.origin, "content-type": "application/json" };
    const answer = await raw(server, "POST", "/api/auth/multi-session/set-active", { headers, body: JSON.stringify({ sessionToken: victim.data.token }) });
    expect(answer.status).toBe(401);
  });
});
