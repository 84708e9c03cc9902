// The last-login-method plugin: its cookie, as the client's plugin reads it.
import { describe, expect, test } from "vitest";
import { browser, inPage, mailTo, newUser, PASSWORD, serve } from "./harness.mjs";

const COOKIE = "better-auth.last_used_login_method";
const server = serve();

test("a sign-up says 'email', readable by scripts for thirty days", async () => {
  const { send } = browser(server);
  const body = JSON.stringify({ name: "Ada", email: "cookie@example.com", password: PASSWORD });
  const response = await send(`${server.origin}/api/auth/sign-up/email`, { method: "POST", headers: { "content-type": "application/json" }, body });
  expect(response.headers.getSetCookie().filter((line) => line.startsWith(COOKIE))).toEqual([`${COOKIE}=email; Max-Age=2592000; Path=/; SameSite=Lax`]);
});

test("the client reads it, and clears it", async () => {
  const user = await newUser(server);
  expect(inPage(user, () => user.client.getLastUsedLoginMethod())).toBe("email");
  expect(inPage(user, () => user.client.isLastUsedLoginMethod("email"))).toBe(true);
  expect(inPage(user, () => user.client.isLastUsedLoginMethod("magic-link"))).toBe(false);
  inPage(user, () => user.client.clearLastUsedLoginMethod());
  expect(inPage(user, () => user.client.getLastUsedLoginMethod())).toBeNull();
});

test("a magic link says 'magic-link', a sign-out keeps it, the next sign-in replaces it", async () => {
  const user = await newUser(server);
  await user.client.signOut();
  expect(inPage(user, () => user.client.getLastUsedLoginMethod())).toBe("email");
  const address = "linked@example.com";
  await user.client.signIn.magicLink({ email: address });
  expect(inPage(user, () => user.client.getLastUsedLoginMethod())).toBe("email");
  await user.send((await mailTo(server, address, "magic-link")).data.url);
  expect(inPage(user, () => user.client.getLastUsedLoginMethod())).toBe("magic-link");
  await user.client.signIn.email({ email: user.email, password: PASSWORD });
  expect(inPage(user, () => user.client.getLastUsedLoginMethod())).toBe("email");
});

test("a refused sign-in sets nothing", async () => {
  const { email } = await newUser(server);
  const { client, jar } = browser(server);
  expect((await client.signIn.email({ email, password: "wrong password" })).error.status).toBe(401);
  expect(jar.has(COOKIE)).toBe(false);
});

describe("with store_in_database", () => {
  const stored = serve({ plugins: [{ id: "magic-link" }, { id: "last-login-method", store_in_database: true }] });
  const field = async (id) => (await stored.database.all("select lastLoginMethod from user where id = ?", id))[0].lastLoginMethod;

  test("a new user has the field in the answer that makes it, an existing one after it", async () => {
    const user = await newUser(stored);
    expect(user.data.user.lastLoginMethod).toBe("email");
    await stored.database.run("update user set emailVerified = ?", stored.database.kind === "postgres" ? true : 1);
    const { client, send } = browser(stored);
    await client.signIn.magicLink({ email: user.email });
    await send((await mailTo(stored, user.email, "magic-link")).data.url);
    expect((await client.getSession()).data.user.lastLoginMethod).toBe("magic-link");
    expect(await field(user.data.user.id)).toBe("magic-link");
    const again = await browser(stored).client.signIn.email({ email: user.email, password: PASSWORD });
    expect(again.data.user.lastLoginMethod, "as it was read before the session").toBe("magic-link");
    expect(await field(user.data.user.id)).toBe("email");
  });

  test("clients do not set it", async () => {
    const user = await newUser(stored);
    await user.client.updateUser({ lastLoginMethod: "google" });
    expect(await field(user.data.user.id)).toBe("email");
  });
});
