// A page of another origin in a real browser: the official client calls the server, which stands on a port of its own.
import { afterAll, beforeAll, expect, test } from "vitest";
import { PASSWORD, serve } from "../client/harness.mjs";
import { device, launch, servePage } from "./harness.mjs";

const nowhere = () => 1;
const [trusted, stranger] = [await servePage(nowhere), await servePage(nowhere)];
const server = serve({ trusted_origins: [trusted.origin], plugins: [{ id: "bearer" }], rate_limit: { enabled: true, custom_rules: { "/update-user": { window: 60, max: 1 } } } });
let chromium;
beforeAll(async () => { chromium = await launch(); });
afterAll(async () => { await chromium?.close(); trusted.close(); stranger.close(); });

const user = { name: "Ada Lovelace", email: "ada@example.com", password: PASSWORD };
/** A page of `origin` whose client calls the server. */
const open = async (origin) => device(chromium, `${origin}/?server=${encodeURIComponent(server.origin)}`);
const who = async ({ call }) => (await call("getSession")).data?.user.email ?? null;

test("a page served from another port signs up, out and in", async () => {
  const page = await open(trusted.origin);
  expect((await page.call("signUp.email", user)).error).toBeNull();
  expect(await who(page)).toBe(user.email);
  expect((await page.call("signOut")).error).toBeNull();
  expect(await who(page)).toBeNull();
  expect((await page.call("signIn.email", user)).error).toBeNull();
  expect(await who(page)).toBe(user.email);
  // Refusals are read too.
  expect((await page.call("changePassword", { currentPassword: "wrong horse 1", newPassword: PASSWORD })).error).toMatchObject({ code: "INVALID_PASSWORD" });
  await page.close();
});

test("its scripts read the headers that clients need", async () => {
  const page = await open(trusted.origin);
  const read = (path, body) => page.page.evaluate(async ([url, body]) => {
    const answer = await fetch(url, { method: "POST", credentials: "include", headers: { "content-type": "application/json", "x-anything": "1" }, body: JSON.stringify(body) });
    return { status: answer.status, token: answer.headers.get("set-auth-token"), retryAfter: answer.headers.get("x-retry-after") };
  }, [`${server.origin}/api/auth${path}`, body]);
  expect((await read("/sign-in/email", user)).token).toMatch(/^.{20,}$/);
  expect((await read("/update-user", { name: "Ada" })).status).toBe(200);
  const limited = await read("/update-user", { name: "Ada" });
  expect(limited.status).toBe(429);
  expect(Number(limited.retryAfter)).toBeGreaterThan(0);
  await page.close();
});

test("a page of an origin that is not trusted neither signs in nor reads who is signed in", async () => {
  const page = await open(trusted.origin);
  await page.call("signIn.email", user);
  await page.page.goto(`${stranger.origin}/?server=${encodeURIComponent(server.origin)}`);
  const failure = (method, ...args) => page.call(method, ...args).then(({ error }) => error?.status ?? error, () => "unreadable");
  expect(await failure("getSession")).not.toBeNull();
  expect(await failure("signIn.email", user)).not.toBeNull();
  expect((await page.call("getSession").catch(() => ({}))).data ?? null).toBeNull();
  await page.close();
});
