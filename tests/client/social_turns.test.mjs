// One browser with several sign-ins under way, and many requests that want one provider's token refreshed at once.
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import http from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDoorward } from "../harness/doorward.mjs";
import { browser, SECRET, serve } from "./harness.mjs";

const { privateKey, publicKey } = await generateKeyPair("RS256");
const jwk = { ...(await exportJWK(publicKey)), kid: "k", alg: "RS256", use: "sig" };
// A provider that takes each refresh token once, and is slow.
const spent = [];
let given = 0;
const provider = http.createServer(async (req, res) => {
  const issuer = `http://${req.headers.host}`;
  const json = (body, status = 200) => { res.writeHead(status, { "content-type": "application/json" }); res.end(JSON.stringify(body)); };
  if (req.url === "/.well-known/openid-configuration") return json({ issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/keys`, id_token_signing_alg_values_supported: ["RS256"] });
  if (req.url === "/keys") return json({ keys: [jwk] });
  let text = "";
  for await (const part of req) text += part;
  const form = new URLSearchParams(text);
  const next = () => ({ access_token: `at-${++given}`, refresh_token: `rt-${given}`, token_type: "Bearer", expires_in: 3600 });
  if (form.get("grant_type") === "authorization_code") {
    const [sub, nonce] = form.get("code").split(".");
    const id_token = await new SignJWT({ sub, email: `${sub}@example.com`, email_verified: true, name: sub, nonce }).setProtectedHeader({ alg: "RS256", kid: "k" }).setIssuer(issuer).setAudience("turns").setIssuedAt().setExpirationTime("1h").sign(privateKey);
    return json({ ...next(), id_token });
  }
  const token = form.get("refresh_token");
  if (spent.includes(token)) return json({ error: "invalid_grant" }, 400);
  spent.push(token);
  await new Promise((resolve) => setTimeout(resolve, 300));
  json(next());
});
await new Promise((resolve) => provider.listen(0, "127.0.0.1", resolve));
const host = `127.0.0.1:${provider.address().port}`;
afterAll(() => provider.close());

const social = { id: "social", providers: { turns: { client_id: "turns", client_secret: "s", discovery_url: `http://${host}/.well-known/openid-configuration` } }, http: { hosts: [host], allow_private: true, allow_http: true } };
const server = serve({ plugins: [social] });
const sealed = serve({ plugins: [social], account: { store_state_strategy: "cookie" } });
const second = {};
beforeAll(async () => Object.assign(second, await startDoorward({ database: server.database, config: (origin) => ({ base_url: origin, secret: SECRET, rate_limit: { enabled: false }, plugins: [social] }) })));
afterAll(() => second.stop?.());

/** Begins a sign-in and returns the URL with which the provider sends the browser back. */
async function begin(where, who, sub, page) {
  const { data } = await who.client.signIn.social({ provider: "turns", callbackURL: page, errorCallbackURL: "/oops" });
  const asked = new URL(data.url).searchParams;
  return `${where.origin}/api/auth/callback/turns?code=${sub}.${asked.get("nonce")}&state=${asked.get("state")}`;
}
const comeBack = async (who, url) => (await who.send(url)).headers.get("location");

test.each([["a row", server], ["a cookie", sealed]])("two sign-ins begun in one browser are each finished once, kept in %s", async (_, where) => {
  const who = browser(where);
  const first = await begin(where, who, "one", "/first");
  const other = await begin(where, who, "two", "/other");
  expect(await comeBack(who, first)).toBe("/first");
  expect((await who.client.getSession()).data.user.email).toBe("one@example.com");
  expect(await comeBack(who, first)).toContain("error=state_mismatch");
  expect(await comeBack(who, other)).toBe("/other");
  expect((await who.client.getSession()).data.user.email).toBe("two@example.com");
  expect(await comeBack(who, other)).toContain("error=state_mismatch");
});

test.each([["get-access-token"], ["refresh-token"]])("of many %s at once, on two nodes, one refreshes and the others read the result", async (path) => {
  const who = browser(server);
  await comeBack(who, await begin(server, who, `turns-${path}`, "/home"));
  const user = (await who.client.getSession()).data.user;
  const [account] = await server.database.all("select id from account where userId = ?", user.id);
  await server.database.run("update account set accessTokenExpiresAt = ? where id = ?", new Date(Date.now() - 1000).toISOString(), account.id);
  const before = spent.length;
  const ask = async ({ origin }) => {
    const response = await fetch(`${origin}/api/auth/${path}`, { method: "POST", headers: { origin, cookie: who.jar.header(), "content-type": "application/json" }, body: JSON.stringify({ accountId: account.id }) });
    return { status: response.status, token: (await response.json()).accessToken };
  };
  const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => ask(i % 2 ? second : server)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(answers.map(({ token }) => token)).size).toBe(1);
  expect(spent.length - before).toBe(1);
});
