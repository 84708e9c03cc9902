// Sign in with a mailed link, end to end: client, mail, link, session.
import { expect, test } from "vitest";
import { browser, mailTo, newUser, PASSWORD, rowCounts, serve } from "./harness.mjs";

const server = serve();

/** Asks for a link and opens the mail; `after` is the number of links that the address already had. */
async function linkFor(email, options = {}, after = 0) {
  const { client } = browser(server);
  const { data, error } = await client.signIn.magicLink({ email, ...options });
  expect({ data, error }).toEqual({ data: { status: true }, error: null });
  return mailTo(server, email, "magic-link", after);
}

test("a link makes a verified user and signs in", async () => {
  const before = await rowCounts(server);
  const mail = await linkFor("link@example.com", { name: "Link", callbackURL: "/home", newUserCallbackURL: "/welcome" });
  expect(mail.data.url.startsWith(`${server.origin}/api/auth/magic-link/verify?token=${mail.data.token}`)).toBe(true);
  expect(mail.text).toContain(mail.data.url);
  if (before) expect(await rowCounts(server)).toEqual({ ...before, verification: before.verification + 1 });

  const { client, send } = browser(server);
  const opened = await send(mail.data.url);
  expect(opened.status).toBe(302);
  expect(opened.headers.get("location")).toBe(`${server.origin}/welcome`);
  const { user } = (await client.getSession()).data;
  expect(user).toMatchObject({ name: "Link", email: "link@example.com", emailVerified: true });
  if (before) expect(await rowCounts(server)).toEqual({ ...before, user: before.user + 1, session: before.session + 1 });
});

test("a link works once", async () => {
  const mail = await linkFor("once@example.com", { callbackURL: "/home", errorCallbackURL: "/oops" });
  expect((await browser(server).send(mail.data.url)).status).toBe(302);
  const second = browser(server);
  const opened = await second.send(mail.data.url);
  expect(opened.headers.get("location")).toBe(`${server.origin}/oops?error=INVALID_TOKEN`);
  expect(second.jar.size).toBe(0);
  expect((await second.client.getSession()).data).toBeNull();
});

test("of sixteen browsers that open a link at once, one is signed in", async () => {
  const mail = await linkFor("crowd@example.com", { callbackURL: "/home" });
  const crowd = Array.from({ length: 16 }, () => browser(server));
  const opened = await Promise.all(crowd.map(({ send }) => send(mail.data.url)));
  const locations = opened.map((r) => r.headers.get("location"));
  expect(locations.filter((l) => l === `${server.origin}/home`)).toHaveLength(1);
  expect(locations.filter((l) => l === `${server.origin}/home?error=INVALID_TOKEN`)).toHaveLength(15);
  expect(crowd.filter(({ jar }) => jar.has("better-auth.session_token"))).toHaveLength(1);
  if (server.database) expect(await server.database.all("select s.id from session s join user u on u.id = s.userId where u.email = ?", "crowd@example.com")).toHaveLength(1);
});

test("a link signs an existing user in and takes an unproven password away", async () => {
  const user = await newUser(server);
  const mail = await linkFor(user.email, { callbackURL: "/home", newUserCallbackURL: "/welcome" });
  const { client, send } = browser(server);
  expect((await send(mail.data.url)).headers.get("location")).toBe(`${server.origin}/home`);
  expect((await client.getSession()).data.user).toMatchObject({ id: user.data.user.id, emailVerified: true });
  expect((await user.client.getSession()).data).toBeNull();
  expect((await browser(server).client.signIn.email({ email: user.email, password: PASSWORD })).error).toMatchObject({ status: 401, code: "INVALID_EMAIL_OR_PASSWORD" });
});

test("the client's own verify call returns the session's token", async () => {
  const mail = await linkFor("call@example.com");
  const { client } = browser(server);
  const { data } = await client.magicLink.verify({ query: { token: mail.data.token } });
  expect(data.user.email).toBe("call@example.com");
  expect((await client.getSession()).data.session.token).toBe(data.token);
});

test("an expired link is refused", async ({ skip }) => {
  if (!server.database) skip();
  const mail = await linkFor("late@example.com", { callbackURL: "/home" });
  await server.database.run("update verification set expiresAt = ?", new Date(Date.now() - 1_000).toISOString());
  const { jar, send } = browser(server);
  expect((await send(mail.data.url)).headers.get("location")).toBe(`${server.origin}/home?error=INVALID_TOKEN`);
  expect(jar.size).toBe(0);
});

test.each(["callbackURL", "newUserCallbackURL", "errorCallbackURL"])("a foreign %s is refused and no mail leaves", async (key) => {
  const before = { rows: await rowCounts(server), mails: (await server.mailbox()).length };
  const { error } = await browser(server).client.signIn.magicLink({ email: "evil@example.com", [key]: "https://evil.example.net" });
  expect(error.status).toBe(403);
  expect(error.code).toMatch(/^INVALID_(NEW_USER_|ERROR_)?CALLBACK_URL$/);
  expect({ rows: await rowCounts(server), mails: (await server.mailbox()).length }).toEqual(before);
});
