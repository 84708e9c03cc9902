// The social plugin against providers that lie and browsers that are not those that began.
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import http from "node:http";
import { afterAll, describe, expect, test } from "vitest";
import { idp, idp2 } from "../wire/lib/idp.mjs";
import { Jar } from "../harness/http.mjs";
import { browser, mailTo, newUser, PASSWORD, rowCounts, serve } from "./harness.mjs";

const hosts = [idp, idp2].map(({ issuer }) => new URL(issuer).host);
const discovery = (issuer) => `${issuer}/.well-known/openid-configuration`;
const client = { client_id: "wire-client", client_secret: "wire-client-secret", scopes: ["email", "profile"] };
const entry = (providers, more = []) => ({ id: "social", providers, http: { hosts: [...hosts, ...more], allow_private: true, allow_http: true } });

// A provider of our own, one whose keys are not to be had, and one that says it is another.
const { privateKey, publicKey } = await generateKeyPair("RS256");
const jwk = { ...(await exportJWK(publicKey)), kid: "k", alg: "RS256", use: "sig" };
const liar = http.createServer((req, res) => {
  const issuer = `http://${req.headers.host}`;
  const json = (body) => { res.writeHead(200, { "content-type": "application/json" }); res.end(JSON.stringify(body)); };
  const document = (own, keys) => json({ issuer: own, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}${keys}`, id_token_signing_alg_values_supported: ["RS256"] });
  if (req.url === "/no-keys/.well-known/openid-configuration") return document(`${issuer}/no-keys`, "/gone");
  if (req.url === "/another/.well-known/openid-configuration") return document("https://accounts.google.com", "/keys");
  if (req.url === "/own/.well-known/openid-configuration") return document(`${issuer}/own`, "/keys");
  if (req.url === "/keys") return json({ keys: [jwk] });
  res.writeHead(503); res.end();
});
await new Promise((resolve) => liar.listen(0, "127.0.0.1", resolve));
const lies = `http://127.0.0.1:${liar.address().port}`;
afterAll(() => liar.close());

const providers = {
  wire: { ...client, discovery_url: discovery(idp.issuer) },
  second: { ...client, discovery_url: discovery(idp2.issuer) },
  keyless: { ...client, discovery_url: discovery(`${lies}/no-keys`) },
  own: { ...client, discovery_url: discovery(`${lies}/own`) },
  another: { ...client, discovery_url: discovery(`${lies}/another`) },
};
const server = serve({ plugins: [entry(providers, [new URL(lies).host]), { id: "magic-link" }] });
const way = { provider: "wire", callbackURL: "/home", errorCallbackURL: "/oops" };
const isTrue = () => (server.database.kind === "postgres" ? true : 1);

let people = 0;
const person = (fields = {}) => { const sub = `sub-${++people}`; return { sub, email: `${sub}@example.com`, email_verified: true, name: "Somebody", ...fields }; };
/** What the browser does at the fake provider: the callback's URL. */
async function visit(url, user, i = idp) {
  i.user = user;
  return (await fetch(url, { redirect: "manual" })).headers.get("location");
}
const begin = async (who, fields = {}) => (await who.client.signIn.social({ ...way, ...fields })).data.url;
const comeBack = async (who, url) => (await who.send(url)).headers.get("location");
const signIn = async (who, user, fields) => comeBack(who, await visit(await begin(who, fields), user));
const nobody = async (who) => expect((await who.client.getSession()).data).toBeNull();

describe("ATO-2: who signed up with another's address", () => {
  test.each([[true], ["false"], [undefined], [false], [1]])("gets no account linked when the provider says email_verified = %s", async (told) => {
    const squatter = await newUser(server);
    const victim = person({ email: squatter.email, email_verified: told });
    const who = browser(server);
    expect(await signIn(who, victim)).toBe("/oops?error=account_not_linked");
    await nobody(who);
    const byToken = await who.client.signIn.social({ provider: "wire", idToken: { token: await idp.idToken(victim) } });
    expect(byToken.error).toMatchObject({ status: 401, code: "OAUTH_LINK_ERROR" });
    await nobody(who);
    expect((await squatter.client.listAccounts()).data.length).toBe(1);
  });

  test("and a proven user gets none from a provider that does not vouch for the address", async () => {
    for (const told of ["false", undefined, false, 1]) {
      const user = await newUser(server);
      await server.database.run("update user set emailVerified = ? where id = ?", isTrue(), user.data.user.id);
      const who = browser(server);
      expect(await signIn(who, person({ email: user.email, email_verified: told }))).toBe("/oops?error=account_not_linked");
      await nobody(who);
    }
  });
});

describe("ATO-3: a state is for a callback and nothing else is", () => {
  const elsewhere = ["/magic-link/verify?token=", "/verify-email?token=", "/reset-password/", "/delete-user/callback?token="];

  test("no other endpoint redeems it, and it still works where it belongs", async () => {
    const who = browser(server);
    const victim = await newUser(server);
    const url = await begin(who, { additionalData: { email: victim.email, type: "magic-link", link: { userId: victim.data.user.id, email: "x" } } });
    const state = new URL(url).searchParams.get("state");
    for (const path of elsewhere) {
      for (const token of [state, `auth-state:${state}`]) {
        const stranger = browser(server);
        await stranger.send(`${server.origin}/api/auth${path}${encodeURIComponent(token)}`);
        await nobody(stranger);
      }
    }
    expect(await comeBack(who, await visit(url, person()))).toBe("/home");
    expect((await who.client.getSession()).data.user.email).not.toBe(victim.email);
    expect((await victim.client.listAccounts()).data.length).toBe(1);
  });

  test("other secrets are no states", async () => {
    const who = browser(server);
    await who.client.signIn.magicLink({ email: "linked@example.com" });
    const { token } = (await mailTo(server, "linked@example.com", "magic-link")).data;
    for (const state of [token, `magic-link:${token}`, "", "%C3%A9", "a".repeat(5000)]) {
      const end = await comeBack(who, `${server.origin}/api/auth/callback/wire?code=x&state=${state}`);
      expect(end, state.slice(0, 40)).toMatch(/\/error\?error=state_(mismatch|not_found)$/);
    }
    await nobody(who);
    expect(await comeBack(who, (await mailTo(server, "linked@example.com", "magic-link")).data.url)).toBe(`${server.origin}/`);
  });
});

test.each([[""], ["undefined"], ["null"], ["  "]])("ATO-8: a profile whose subject is %j is nobody", async (sub) => {
  const who = browser(server);
  const before = await rowCounts(server);
  const user = person();
  const url = await begin(who);
  idp.idTokenOverride = await idp.idToken({ ...user, sub }, new URL(url).searchParams.get("nonce"));
  try {
    expect(await comeBack(who, await visit(url, user))).toBe("/oops?error=unable_to_get_user_info");
  } finally { idp.idTokenOverride = undefined; }
  await nobody(who);
  expect(await rowCounts(server)).toMatchObject({ user: before.user, account: before.account, session: before.session });
});

describe("OA-2: the callback", () => {
  test("of another browser, another provider or another sign-in signs nobody in, and does not spend the state", async () => {
    const who = browser(server);
    const callback = await visit(await begin(who), person());
    const stranger = browser(server);
    expect(await comeBack(stranger, callback)).toBe("/oops?error=state_mismatch");
    await begin(stranger);
    expect(await comeBack(stranger, callback)).toBe("/oops?error=state_mismatch");
    await nobody(stranger);
    expect(await comeBack(who, callback)).toBe("/home");
    expect(await comeBack(who, callback)).toMatch(/error=state_mismatch$/);
    const mixed = browser(server);
    const other = await visit(await begin(mixed), person());
    expect(await comeBack(mixed, other.replace("/callback/wire", "/callback/second"))).toBe("/oops?error=state_mismatch");
    await nobody(mixed);
  });

  test("twenty times at once opens one session", async () => {
    const who = browser(server);
    const user = person();
    const callback = await visit(await begin(who), user);
    const ends = await Promise.all(Array.from({ length: 20 }, () => comeBack(browser(server, { jar: new Jar(who.jar) }), callback)));
    expect(ends.filter((end) => end === "/home").length).toBe(1);
    const [{ id }] = await server.database.all("select id from user where email = ?", user.email);
    expect((await server.database.all("select id from session where userId = ?", id)).length).toBe(1);
    expect((await server.database.all("select id from account where userId = ?", id)).length).toBe(1);
  });

  test("parameters that belong to the protocol are not a request's to set", async () => {
    const who = browser(server);
    for (const name of ["state", "client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method", "nonce", "scope"]) {
      const { error } = await who.client.signIn.social({ ...way, additionalParams: { [name]: "x" } });
      expect(error).toMatchObject({ status: 400, code: "VALIDATION_ERROR" });
    }
    for (const field of ["callbackURL", "errorCallbackURL", "newUserCallbackURL"]) {
      for (const target of ["https://evil.example.net", "//evil.example.net", "/\\evil.example.net", "javascript:alert(1)"]) {
        expect((await who.client.signIn.social({ ...way, [field]: target })).error?.status, `${field} ${target}`).toBe(403);
      }
    }
  });

  test("of a provider that names another issuer is refused", async () => {
    const who = browser(server);
    idp.iss = "https://other-issuer.example.com";
    const callback = await visit(await begin(who), person());
    idp.iss = undefined;
    expect(await comeBack(who, callback)).toBe("/oops?error=issuer_mismatch");
    await nobody(who);
  });
});

describe("OA-3: an ID token", () => {
  const bring = (provider, token, more = {}) => browser(server).client.signIn.social({ provider, idToken: { token, ...more } });
  const now = Math.floor(Date.now() / 1000);
  const made = (claims, header = { alg: "RS256", kid: "k" }) => new SignJWT({ sub: "x", email: "x@example.com", email_verified: true, iss: `${lies}/own`, aud: "wire-client", iat: now, exp: now + 3600, ...claims }).setProtectedHeader(header).sign(privateKey);

  test("is refused for any fault", async () => {
    const before = await rowCounts(server);
    const user = person();
    const good = await idp.idToken(user);
    const [head, body, signature] = good.split(".");
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = JSON.parse(Buffer.from(body, "base64url"));
    const tokens = [
      `${part({ alg: "none" })}.${body}.`,
      `${part({ alg: "none" })}.${body}.${signature}`,
      `${part({ alg: "HS256", kid: "idp-key-1" })}.${body}.${signature}`,
      `${head}.${part({ ...claims, email: "admin@example.com" })}.${signature}`,
      `${head}.${body}`, `${head}.${body}.${signature}.x`, "", ".", "..", "é", "x".repeat(60_000),
      await idp.idToken(user, undefined, "someone-else"),
      await idp2.idToken(user),
      await made({ iss: idp.issuer, aud: "wire-client" }),
      await made({ iss: idp.issuer, aud: "wire-client" }, { alg: "RS256", kid: "idp-key-1", jwk }),
    ];
    for (const token of tokens) {
      const { data, error } = await bring("wire", token);
      expect(data, token.slice(0, 60)).toBeNull();
      expect(error.status, token.slice(0, 60)).toBe(401);
    }
    expect((await bring("wire", good, { nonce: "another" })).error).toMatchObject({ status: 401, code: "INVALID_TOKEN" });
    expect(await rowCounts(server)).toEqual(before);
  });

  test("is refused when it is over, of the future, or says too little", async () => {
    for (const claims of [{ exp: now - 60 }, { exp: undefined }, { exp: "never" }, { iat: undefined }, { iat: now + 600 }, { nbf: now + 600 }, { sub: undefined }, { sub: null }, { sub: 7 }, { sub: {} }, { aud: undefined }, { aud: [] }, { aud: ["x"] }, { iss: undefined }, { iss: lies }]) {
      const { data, error } = await bring("own", await made(claims));
      expect([data, error?.status, error?.code], JSON.stringify(claims)).toEqual([null, 401, "INVALID_TOKEN"]);
    }
    expect((await bring("own", await made({ aud: ["y", "wire-client"] }))).data?.user.email).toBe("x@example.com");
  });

  test("of a provider without keys, or one that says it is another, is refused", async () => {
    expect((await bring("keyless", await made({ iss: `${lies}/no-keys`, aud: "wire-client" }))).error).toMatchObject({ status: 401, code: "INVALID_TOKEN" });
    expect((await bring("another", await made({ iss: "https://accounts.google.com", aud: "wire-client" }))).error.status).toBe(404);
  });
});
