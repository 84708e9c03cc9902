// A server without a database: sessions are sealed copies in the browser, for whoever signs in at a provider.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noDatabase } from "../harness/database.mjs";
import { startDoorward } from "../harness/doorward.mjs";
import { startOpenIdProvider } from "../harness/openid_provider.mjs";
import { browser, SECRET } from "./harness.mjs";

const provider = await startOpenIdProvider();
const { client_id, client_secret } = provider.client;
const op = { client_id, client_secret, discovery_url: `${provider.issuer}/.well-known/openid-configuration`, authentication: "basic", scopes: ["openid", "email", "profile"] };
const social = { id: "social", providers: { op }, http: { hosts: [provider.host], allow_private: true, allow_http: true } };
let origin;
/** All servers of this file are one to the browser, whichever port they have. */
const start = (extra = {}) => startDoorward({
  database: noDatabase,
  config: (own) => ({ base_url: origin ??= own, secret: SECRET, rate_limit: { enabled: false }, plugins: [social], ...extra }),
});
let server;
beforeAll(async () => { server = await start(); provider.register(`${origin}/api/auth/callback/op`); });
afterAll(async () => { await server?.stop(); await provider.stop(); });

provider.people.set("ada", { email: "ada@example.com", email_verified: true, name: "Ada" });

/** Signs in at the provider, and comes back to this server. */
async function signIn(at = server) {
  const who = browser({ origin });
  const ask = (path, init = {}) => who.send(`http://localhost:${at.port}/api/auth${path}`, init);
  const post = (path, body) => ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const begun = await (await post("/sign-in/social", { provider: "op", callbackURL: "/home" })).json();
  const back = new URL(await provider.visit(begun.url, "ada"));
  const home = await who.send(`http://localhost:${at.port}${back.pathname}${back.search}`);
  expect(home.headers.get("location")).toBe("/home");
  return { ...who, ask, post };
}
const cookies = (who) => ({ cookie: who.jar.header() });
const sessionAt = async (at, cookie, query = "") => fetch(`http://localhost:${at.port}/api/auth/get-session${query}`, { headers: { cookie } });

describe("a session in the browser alone", () => {
  test("is one on every server with the secret, also after a restart", async () => {
    const who = await signIn();
    const { cookie } = cookies(who);
    const mine = await (await sessionAt(server, cookie)).json();
    expect(mine.user.email).toBe("ada@example.com");
    const other = await start();
    try {
      expect(await (await sessionAt(other, cookie)).json()).toEqual(mine);
      const headers = { cookie };
      // What reads rows finds those of its own process.
      const listed = await fetch(`http://localhost:${other.port}/api/auth/list-sessions`, { headers });
      expect([listed.status, await listed.json()]).toEqual([200, []]);
      expect(await (await sessionAt(other, cookie, "?disableCookieCache=true")).json()).toBeNull();
      // The tokens of the provider are in the browser too.
      const token = await fetch(`http://localhost:${other.port}/api/auth/get-access-token`, {
        method: "POST", headers: { cookie, origin, "content-type": "application/json" }, body: JSON.stringify({ useAccountCookie: true }),
      });
      expect([token.status, typeof (await token.json()).accessToken]).toEqual([200, "string"]);
    } finally { await other.stop(); }
  });

  test("is refused by the server that ended it, though somebody kept the cookies", async () => {
    const who = await signIn();
    const { cookie } = cookies(who);
    expect((await who.post("/sign-out", {})).status).toBe(200);
    expect(await (await sessionAt(server, cookie)).json()).toBeNull();
    const listed = await fetch(`http://localhost:${server.port}/api/auth/list-sessions`, { headers: { cookie } });
    expect(listed.status).toBe(401);
  });

  test("is ended by a server that never had it, too", async () => {
    const who = await signIn();
    const { cookie } = cookies(who);
    const other = await start();
    try {
      const out = await fetch(`http://localhost:${other.port}/api/auth/sign-out`, { method: "POST", headers: { cookie, origin, "content-type": "application/json" }, body: "{}" });
      expect(out.status).toBe(200);
      expect(await (await sessionAt(other, cookie)).json()).toBeNull();
    } finally { await other.stop(); }
  });

  test("is not made by changing a cookie, and not without the token beside it", async () => {
    const who = await signIn();
    const { cookie } = cookies(who);
    const without = cookie.split("; ").filter((one) => !one.startsWith("better-auth.session_token")).join("; ");
    expect(await (await sessionAt(server, without)).json()).toBeNull();
    const changed = cookie.replace(/(session_data=[^;]{40})./, (_, head) => `${head}!`);
    const answer = await sessionAt(await start().then((other) => { server.other = other; return other; }), changed);
    expect(await answer.json()).toBeNull();
    await server.other.stop();
  });
});

test("an old copy is made anew before it ends", async () => {
  const brief = await start({ session: { cookie_cache: { max_age: 60, refresh_cache: { update_age: 59 } } } });
  try {
    const who = await signIn(brief);
    const { cookie } = cookies(who);
    const at = Date.now();
    let answer;
    do {
      await new Promise((resolve) => setTimeout(resolve, 100));
      answer = await sessionAt(brief, cookie);
    } while (!answer.headers.getSetCookie().length && Date.now() < at + 10_000);
    const names = answer.headers.getSetCookie().map((line) => line.split("=")[0].replace("better-auth.", ""));
    expect(names.slice(0, 1)).toEqual(["session_data"]);
    expect(names).toContain("session_token");
    expect((await answer.json()).user.email).toBe("ada@example.com");
  } finally { await brief.stop(); }
});

test("what needs rows is refused at the start, by name", async () => {
  for (const [extra, part] of [
    [{ email_and_password: { enabled: true } }, "email_and_password.enabled = true needs a database"],
    [{ user: { delete_user: { enabled: true } } }, "user.delete_user.enabled = true needs a database"],
    [{ plugins: [social, { id: "two-factor" }] }, "the plugin two-factor keeps rows of its own"],
    [{ plugins: [{ id: "username" }] }, "the plugin username keeps rows of its own"],
  ]) await expect(start(extra)).rejects.toThrow(part);
});
