// The bearer plugin: a client without cookies that keeps its token, as the reference's documentation sets one up.
import { createAuthClient } from "better-auth/client";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { browser, newUser, PASSWORD, raw, rowCounts, serve } from "./harness.mjs";

const PLUGINS = [{ id: "bearer", require_signature: false }];
const GET = "/api/auth/get-session";

/** A client that keeps what `set-auth-token` said and sends it in `Authorization`; it has no cookies. */
function tokenClient(server) {
  const kept = { token: "" };
  const client = createAuthClient({
    baseURL: server.origin,
    fetchOptions: {
      headers: { origin: server.origin },
      auth: { type: "Bearer", token: () => kept.token },
      onSuccess: ({ response }) => { kept.token = response.headers.get("set-auth-token") ?? kept.token; },
    },
  });
  return { client, kept };
}

const header = (answer, name) => answer.headers.find(([key]) => key === name)?.[1];
const bearer = (value) => ({ headers: { authorization: value } });

describe("as the reference", () => {
  const server = serve({ plugins: PLUGINS });
  const session = async (authorization, cookie) => JSON.parse((await raw(server, "GET", GET, { headers: { ...(authorization === undefined ? {} : { authorization }), ...(cookie ? { cookie } : {}) } })).text);

  test("signs up, reads, changes and signs out without a cookie", async () => {
    const { client, kept } = tokenClient(server);
    const { data } = await client.signUp.email({ name: "Tok", email: "tok@example.com", password: PASSWORD });
    expect(kept.token).toMatch(new RegExp(`^${data.token}\\.[A-Za-z0-9+/]{43}=$`));
    expect((await client.getSession()).data.user.email).toBe("tok@example.com");
    expect((await client.updateUser({ name: "Tik" })).error).toBeNull();
    expect((await client.getSession()).data.user.name).toBe("Tik");
    expect((await client.signOut()).data).toEqual({ success: true });
    expect((await client.getSession()).data).toBeNull();
  });

  test("an answer without the cookie has no token, and the header is exposed beside others", async () => {
    const user = await newUser(server);
    const signIn = await user.send(`${server.origin}/api/auth/sign-in/email`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ email: user.email, password: PASSWORD }) });
    expect(signIn.headers.get("access-control-expose-headers").split(", ")).toContain("set-auth-token");
    const read = await user.send(`${server.origin}${GET}`);
    expect(read.headers.get("set-auth-token")).toBeNull();
    const out = await user.send(`${server.origin}/api/auth/sign-out`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
    expect(out.headers.get("set-auth-token")).toBeNull();
  });

  // SES-10
  test("whatever stands in the header, the winner is the same each time", async () => {
    const ada = await newUser(server), bob = await newUser(server);
    const token = ada.data.token;
    const signed = decodeURIComponent(ada.jar.get("better-auth.session_token"));
    const cookie = bob.jar.header();
    const mail = async (...args) => (await session(...args))?.user.email ?? null;
    for (const value of [`Bearer ${token}`, `bearer ${token}`, `BEARER   ${token}  `, `Bearer ${signed}`, `Bearer ${encodeURIComponent(signed)}`]) {
      expect(await mail(value), value).toBe(ada.email);
      expect(await mail(value, cookie), `${value} and a cookie`).toBe(ada.email);
    }
    // No token, another scheme, or a wrong signature: as if there were no header.
    for (const value of ["Bearer", "Bearer ", "", "Basic " + token, token, `Bearer ${token}.${Buffer.alloc(32, 1).toString("base64")}`, `Bearer ${token}.`, `Bearer ${signed.slice(0, -2)}`, "Bearer %zz.%", "Bearer a.b.c", `Bearer ${"a".repeat(9000)}.${"b".repeat(44)}`]) {
      expect(await mail(value), value).toBeNull();
      expect(await mail(value, cookie), `${value} and a cookie`).toBe(bob.email);
    }
    // A bare token that no session has replaces the cookie, and is nobody.
    for (const value of ["Bearer unknown", "Bearer %", "Bearer %zz"]) expect(await mail(value, cookie), value).toBeNull();
  });

  test("a foreign page that has only the cookie stays refused, whatever it puts in the header", async () => {
    const user = await newUser(server);
    const before = await rowCounts(server);
    const answer = await raw(server, "POST", "/api/auth/update-user", { headers: { cookie: user.jar.header(), origin: "https://evil.example.net", "content-type": "application/json", authorization: "Bearer x" }, body: '{"name":"Eve"}' });
    expect(answer.status).toBe(403);
    expect(await rowCounts(server)).toEqual(before);
  });

  test("a revoked session's token is worth nothing", async () => {
    const user = await newUser(server);
    const { client, kept } = tokenClient(server);
    await client.signIn.email({ email: user.email, password: PASSWORD });
    await user.client.revokeOtherSessions();
    const answer = await raw(server, "GET", "/api/auth/list-sessions", bearer(`Bearer ${kept.token}`));
    expect(answer.status).toBe(401);
  });
});

describe("as it comes", () => {
  const server = serve({ plugins: [{ id: "bearer" }] });

  test("a bare token is nobody, a signed one is its user", async () => {
    const user = await newUser(server);
    const signed = decodeURIComponent(user.jar.get("better-auth.session_token"));
    const read = async (value) => JSON.parse((await raw(server, "GET", GET, bearer(value))).text);
    expect(await read(`Bearer ${user.data.token}`)).toBeNull();
    expect((await read(`Bearer ${signed}`)).user.email).toBe(user.email);
  });
});

describe("beside scripts", () => {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "doorward-script-")), "who.rhai");
  fs.writeFileSync(file, `
    before("/list-sessions", |ctx| {
        if ctx.session == () { reject(401, "NOBODY", "Nobody"); }
        reject(403, "SEEN", ctx.user.email);
    });`);
  const server = serve({ plugins: PLUGINS, hooks: [{ file }] });

  test("a script before the endpoint sees whose token it is", async () => {
    const [ada, bob] = [await newUser(server), await newUser(server)];
    const seen = async (headers) => { const { status, text } = await raw(server, "GET", "/api/auth/list-sessions", { headers }); return [status, JSON.parse(text).message]; };
    expect(await seen({ authorization: `Bearer ${ada.data.token}` })).toEqual([403, ada.email]);
    expect(await seen({ authorization: `Bearer ${ada.data.token}`, cookie: bob.jar.header() })).toEqual([403, ada.email]);
    expect(await seen({ authorization: "Bearer unknown", cookie: bob.jar.header() })).toEqual([401, "Nobody"]);
    expect(await seen({ authorization: `Bearer ${ada.data.token}.AAAA` })).toEqual([401, "Nobody"]);
    expect(await seen({ cookie: bob.jar.header() })).toEqual([403, bob.email]);
    expect(await seen({})).toEqual([401, "Nobody"]);
  });
});
