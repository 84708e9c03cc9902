// Sessions hold what they promised at every plugin: their life, their copies, what is stored in them; links wait for people.
import { magicLinkClient, multiSessionClient, twoFactorClient } from "better-auth/client/plugins";
import { expect, test } from "vitest";
import { totpFromUri } from "../wire/lib/totp.mjs";
import { browser as plainBrowser, mailTo, newUser, PASSWORD, raw, serve } from "./harness.mjs";

const plugins = [{ id: "multi-session" }, { id: "two-factor" }, { id: "bearer" }, { id: "jwt" }, { id: "magic-link" }, { id: "passkey" }, { id: "admin" }];
const server = serve({ session: { cookie_cache: { enabled: true, max_age: 300 }, additional_fields: { theme: { type: "string" } } }, plugins });
const strict = serve({ plugins: [{ id: "magic-link" }], user: { additional_fields: { plan: { type: "string", required: true } } } });
const careful = serve({ plugins: [{ id: "magic-link" }], advanced: { confirm_links: true } });

const browser = (where = server) => plainBrowser(where, { plugins: [multiSessionClient(), twoFactorClient(), magicLinkClient()] });
const DAY = 86_400_000;
let made = 0;
async function signUp(who = browser(), rememberMe = true) {
  const email = `promise${++made}@example.com`;
  const { data, error } = await who.client.signUp.email({ name: "P", email, password: PASSWORD, rememberMe });
  expect(error).toBeNull();
  return { ...who, email, id: data.user.id, token: data.token };
}
const lifeOf = async (token) => {
  const [{ createdAt, expiresAt }] = await server.database.all("select createdAt, expiresAt from session where token = ?", token);
  return Math.round((new Date(expiresAt) - new Date(createdAt)) / DAY);
};

test("a session that ends with the browser does so among others, and for clients without cookies", async () => {
  const brief = await signUp(browser(), false);
  const set = [];
  const send = async (path, body) => {
    const response = await brief.send(`${server.origin}/api/auth${path}`, body && { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    set.push(...response.headers.getSetCookie());
    return response;
  };
  await send("/sign-up/email", { name: "Q", email: `promise${++made}@example.com`, password: PASSWORD });
  expect((await send("/multi-session/set-active", { sessionToken: brief.token })).status).toBe(200);
  const lines = (name) => set.filter((line) => line.startsWith(name) && !line.includes("Max-Age=0"));
  expect(lines("better-auth.session_token=").at(-1)).not.toContain("Max-Age");
  expect(brief.jar.has("better-auth.dont_remember")).toBe(true);
  for (let look = 0; look < 2; look++) {
    const headers = { authorization: `Bearer ${decodeURIComponent(brief.jar.get("better-auth.session_token"))}` };
    expect(JSON.parse((await raw(server, "GET", "/api/auth/get-session", { headers })).text).user.id).toBe(brief.id);
    await send("/get-session?disableCookieCache=true");
  }
  expect(await lifeOf(brief.token)).toBe(1);
});

test("the cookie of a session that ends with the browser ends with it", async () => {
  const who = browser();
  const response = await who.send(`${server.origin}/api/auth/sign-up/email`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name: "R", email: `promise${++made}@example.com`, password: PASSWORD, rememberMe: false }) });
  const kept = response.headers.getSetCookie().find((line) => line.startsWith("better-auth.session_token_multi-"));
  expect(kept).not.toContain("Max-Age");
});

test("what the application stored survives a session that a second factor replaces", async () => {
  const who = await signUp();
  await who.client.$fetch("/update-session", { method: "POST", body: { theme: "dark" } });
  const { data: app } = await who.client.twoFactor.enable({ password: PASSWORD });
  expect((await who.client.twoFactor.verifyTotp({ code: totpFromUri(app.totpURI) })).error).toBeNull();
  const session = (await who.client.getSession({ query: { disableCookieCache: true } })).data.session;
  expect(session.token).not.toBe(who.token);
  expect(session.theme).toBe("dark");
  expect(await server.database.all("select id from session where token = ?", who.token)).toEqual([]);
});

test("a copy of an ended session mints no token and tells no account", async () => {
  const who = await signUp();
  expect((await raw(server, "GET", "/api/auth/get-session", { headers: { cookie: who.jar.header() } })).headers.some(([name]) => name.toLowerCase() === "set-auth-jwt")).toBe(true);
  await server.database.run("delete from session where token = ?", who.token);
  const { headers, text } = await raw(server, "GET", "/api/auth/get-session", { headers: { cookie: who.jar.header() } });
  expect(JSON.parse(text).user.id).toBe(who.id);
  expect(headers.some(([name]) => name.toLowerCase() === "set-auth-jwt")).toBe(false);
  for (const path of ["/list-accounts", "/token"]) expect((await raw(server, "GET", `/api/auth${path}`, { headers: { cookie: who.jar.header() } })).status, path).toBe(401);
});

test("a link is for people: what only prefetches it does not spend it", async () => {
  const user = await newUser(server);
  await browser().client.signIn.magicLink({ email: user.email });
  const { data } = await mailTo(server, user.email, "magic-link");
  const path = data.url.slice(server.origin.length);
  for (const headers of [{ "sec-purpose": "prefetch" }, { "sec-purpose": "prefetch;prerender" }, { purpose: "prefetch" }, { "x-moz": "prefetch" }]) expect((await raw(server, "GET", path, { headers })).status).toBe(503);
  const who = browser();
  await who.send(data.url);
  expect((await who.client.getSession()).data.user.email).toBe(user.email);
});

test("with confirm_links, a link asks for a click", async () => {
  const user = await newUser(careful);
  await browser(careful).client.signIn.magicLink({ email: user.email });
  const { data } = await mailTo(careful, user.email, "magic-link");
  const who = browser(careful);
  const page = await who.send(data.url);
  expect(page.headers.get("content-type")).toContain("text/html");
  expect(await page.text()).toContain("<button>");
  expect((await who.client.getSession()).data).toBeNull();
  await who.send(`${data.url}&confirmed=1`);
  expect((await who.client.getSession()).data.user.email).toBe(user.email);
});

test("a required field that nobody gave is told on the page", async () => {
  await browser(strict).client.signIn.magicLink({ email: "plan@example.com", callbackURL: "/home", errorCallbackURL: "/oops" });
  const { data } = await mailTo(strict, "plan@example.com", "magic-link");
  const who = browser(strict);
  expect((await who.send(data.url)).headers.get("location")).toContain("/oops?error=unable_to_create_user");
  expect(await strict.database.all("select id from user where email = ?", "plan@example.com")).toEqual([]);
});

test("the last account can go while there is a passkey", async () => {
  const who = await signUp();
  const [{ id }] = await server.database.all("select id from account where userId = ?", who.id);
  const unlink = () => who.client.unlinkAccount({ accountId: id });
  expect((await unlink()).error.code).toBe("FAILED_TO_UNLINK_LAST_ACCOUNT");
  const backedUp = server.database.kind === "postgres" ? false : 0;
  await server.database.run("insert into passkey (id, publicKey, userId, credentialID, counter, deviceType, backedUp) values (?, 'x', ?, ?, 0, 'singleDevice', ?)", `pk-${who.id}`, who.id, `c-${who.id}`, backedUp);
  expect((await unlink()).error).toBeNull();
});
