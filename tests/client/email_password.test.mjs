// Sign up, session, sign out and sign in with a password, through the official client.
import { describe, expect, test } from "vitest";
import { browser, newUser, PASSWORD, rowCounts, serve } from "./harness.mjs";

const SESSION = "better-auth.session_token";
const DAY_MS = 86_400_000;
const server = serve();

describe("sign up", () => {
  test("makes one user, one hashed credential and one session, and signs in", async () => {
    const before = await rowCounts(server);
    const { client, data, email, jar } = await newUser(server, { name: "Grace Hopper" });
    expect(data.user).toMatchObject({ name: "Grace Hopper", email, emailVerified: false, image: null });
    expect(data.token).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(jar.httpOnly.has(SESSION)).toBe(true);
    const session = await client.getSession();
    expect(session.data.user).toMatchObject({ id: data.user.id, email });
    expect(session.data.session.token).toBe(data.token);
    expect(decodeURIComponent(jar.get(SESSION)).split(".")[0]).toBe(data.token);
    if (!server.database) return;
    expect(await rowCounts(server)).toEqual({ ...before, user: before.user + 1, account: before.account + 1, session: before.session + 1 });
    const [account] = await server.database.all("select providerId, password from account where userId = ?", data.user.id);
    expect(account).toEqual({ providerId: "credential", password: expect.stringMatching(/^\$argon2id\$v=19\$/) });
  });

  test("stores the address in lower case and refuses it a second time in any case", async () => {
    const { email } = await newUser(server);
    const before = await rowCounts(server);
    const again = browser(server);
    const { data, error } = await again.client.signUp.email({ name: "Eve", email: email.toUpperCase(), password: PASSWORD });
    expect(data).toBeNull();
    expect(error).toMatchObject({ status: 422, code: "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL" });
    expect(again.jar.size).toBe(0);
    expect(await rowCounts(server)).toEqual(before);
  });

  test("of one address from eight browsers at once makes one user", async () => {
    const before = await rowCounts(server);
    const fields = { name: "Race", email: "race@example.com", password: PASSWORD };
    const answers = await Promise.all(Array.from({ length: 8 }, () => browser(server).client.signUp.email(fields)));
    expect(answers.filter((a) => a.data)).toHaveLength(1);
    expect(answers.filter((a) => a.error).map((a) => a.error.status)).toEqual(Array(7).fill(422));
    if (before) expect(await rowCounts(server)).toMatchObject({ user: before.user + 1, account: before.account + 1 });
  });

  test.each([["short", "PASSWORD_TOO_SHORT"], ["x".repeat(129), "PASSWORD_TOO_LONG"]])("refuses the password %j", async (password, code) => {
    const before = await rowCounts(server);
    const { client, jar } = browser(server);
    const { error } = await client.signUp.email({ name: "Bob", email: "bob@example.com", password });
    expect(error).toMatchObject({ status: 400, code });
    expect(jar.size).toBe(0);
    expect(await rowCounts(server)).toEqual(before);
  });
});

test("sign out ends the session for every holder of its cookie", async () => {
  const { client, jar, data } = await newUser(server);
  const copy = browser(server, { jar: jar.clone() });
  expect((await client.signOut()).data).toEqual({ success: true });
  expect(jar.has(SESSION)).toBe(false);
  expect((await client.getSession()).data).toBeNull();
  expect((await copy.client.getSession()).data).toBeNull();
  if (server.database) expect(await server.database.all("select id from session where userId = ?", data.user.id)).toEqual([]);
});

describe("sign in", () => {
  test("opens a new session beside the old one", async () => {
    const user = await newUser(server);
    const other = browser(server);
    const { data, error } = await other.client.signIn.email({ email: user.email.toUpperCase(), password: PASSWORD });
    expect(error).toBeNull();
    expect(data.user.id).toBe(user.data.user.id);
    expect(data.token).not.toBe(user.data.token);
    expect((await other.client.getSession()).data.session.token).toBe(data.token);
    expect((await user.client.getSession()).data.session.token).toBe(user.data.token);
  });

  test("with a wrong password and with an unknown address is refused alike", async () => {
    const { email } = await newUser(server);
    const before = await rowCounts(server);
    const answers = [];
    for (const body of [{ email, password: "wrong password" }, { email: "nobody@example.com", password: PASSWORD }]) {
      const { client, jar } = browser(server);
      answers.push((await client.signIn.email(body)).error);
      expect(jar.size).toBe(0);
    }
    expect(answers[0]).toMatchObject({ status: 401, code: "INVALID_EMAIL_OR_PASSWORD" });
    expect(answers[1]).toEqual(answers[0]);
    expect(await rowCounts(server)).toEqual(before);
  });

  test("a wrong password leaves the session that is there alone", async () => {
    const { client, email, data } = await newUser(server);
    expect((await client.signIn.email({ email, password: "wrong password" })).error.status).toBe(401);
    expect((await client.getSession()).data.session.token).toBe(data.token);
  });

  test("without 'remember me' the cookies last as long as the browser, the session a day", async () => {
    const { email } = await newUser(server);
    const { client, jar, send } = browser(server);
    const response = await send(`${server.origin}/api/auth/sign-in/email`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ email, password: PASSWORD, rememberMe: false }) });
    const lines = response.headers.getSetCookie().filter((line) => !line.startsWith("better-auth.last_used"));
    expect(lines.map((line) => line.split("=")[0])).toEqual([SESSION, "better-auth.dont_remember"]);
    for (const line of lines) expect(line).toMatch(/; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(lines.join()).not.toMatch(/Max-Age|Expires/);
    const { session } = (await client.getSession()).data;
    const life = new Date(session.expiresAt) - Date.now();
    expect(life).toBeGreaterThan(DAY_MS - 60_000);
    expect(life).toBeLessThanOrEqual(DAY_MS);
    expect(jar.has("better-auth.dont_remember")).toBe(true);
    await client.signOut();
    expect(jar.has("better-auth.dont_remember")).toBe(false);
  });
});

test("a browser without cookies has no session", async () => {
  expect(await browser(server).client.getSession()).toMatchObject({ data: null, error: null });
});

test("a session that has run out is gone, its row and its cookies with it", async ({ skip }) => {
  if (!server.database) skip();
  const { client, jar, data } = await newUser(server);
  await server.database.run("update session set expiresAt = ? where userId = ?", new Date(Date.now() - 1_000).toISOString(), data.user.id);
  expect((await client.getSession()).data).toBeNull();
  expect(jar.has(SESSION)).toBe(false);
  expect(await server.database.all("select id from session where userId = ?", data.user.id)).toEqual([]);
});
