// The jwt plugin: tokens that another service verifies with npm's jose against the published keys.
import { jwtClient } from "better-auth/client/plugins";
import { symmetricDecrypt, symmetricEncrypt } from "better-auth/crypto";
import { createLocalJWKSet, createRemoteJWKSet, decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { browser, newUser, raw, SECRET, serve } from "./harness.mjs";

const plugins = [jwtClient()];
const JWKS = "/api/auth/jwks";
const member = async (server) => { const user = await newUser(server); return { ...user, ...browser(server, { jar: user.jar, plugins }) }; };
const tokenOf = async ({ client }) => (await client.token()).data.token;
const names = (server) => ({ issuer: server.origin, audience: server.origin });
const keyRows = (server) => server.database.all("select * from jwks order by createdAt");
const from = (ms) => new Date(Date.now() + ms).toISOString();

describe("as it comes", () => {
  const server = serve({ plugins: [{ id: "jwt" }] });

  // JWT-4: runs first, on a server without a key.
  test("fifty first requests at once make one key", async () => {
    const user = await member(server);
    const cookie = user.jar.header();
    const ask = (n) => raw(server, "GET", ["/api/auth/token", JWKS, "/api/auth/get-session"][n % 3], { headers: { cookie } });
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => ask(n)));
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    const kids = answers.flatMap(({ text, headers }, n) => [
      () => [decodeProtectedHeader(JSON.parse(text).token).kid],
      () => JSON.parse(text).keys.map(({ kid }) => kid),
      () => [decodeProtectedHeader(headers.find(([name]) => name === "set-auth-jwt")[1]).kid],
    ][n % 3]());
    expect(new Set(kids).size).toBe(1);
    if (server.database) expect((await keyRows(server)).map(({ id }) => id)).toEqual([kids[0]]);
  });

  test("a token is about its user, and verifies against the published keys", async () => {
    const user = await member(server);
    const keys = createRemoteJWKSet(new URL(server.origin + JWKS));
    const { payload, protectedHeader } = await jwtVerify(await tokenOf(user), keys, names(server));
    expect(protectedHeader).toEqual({ alg: "EdDSA", kid: expect.stringMatching(/^[A-Za-z0-9]{32}$/) });
    const { user: shown } = (await user.client.getSession()).data;
    expect(payload).toEqual({ ...JSON.parse(JSON.stringify(shown)), sub: shown.id, iat: payload.iat, exp: payload.iat + 900, iss: server.origin, aud: server.origin });
    expect(Math.abs(payload.iat - Date.now() / 1000)).toBeLessThan(60);
  });

  test("the session comes with a token in a header that scripts may read; without a session there is none", async () => {
    const user = await member(server);
    let headers;
    await user.client.getSession({ fetchOptions: { onSuccess: ({ response }) => { headers = response.headers; } } });
    expect(headers.get("access-control-expose-headers").split(", ")).toContain("set-auth-jwt");
    const { data } = await user.client.jwks();
    const { payload } = await jwtVerify(headers.get("set-auth-jwt"), createLocalJWKSet(data), names(server));
    expect(payload.sub).toBe(user.data.user.id);
    const stranger = await browser(server).send(`${server.origin}/api/auth/get-session`);
    expect(stranger.headers.get("set-auth-jwt")).toBeNull();
  });

  test("without a session there is no token", async () => {
    expect((await browser(server, { plugins }).client.token()).error).toMatchObject({ status: 401, code: "UNAUTHORIZED" });
    const user = await member(server);
    await browser(server, { jar: user.jar.clone() }).client.signOut();
    expect((await user.client.token()).error.status).toBe(401);
  });

  // JWT-3
  test("public members are published, private ones are sealed, and signing is not for clients", async () => {
    const { keys } = JSON.parse((await raw(server, "GET", JWKS)).text);
    expect(keys.map((key) => Object.keys(key).sort())).toEqual([["alg", "crv", "kid", "kty", "x"]]);
    const user = await member(server);
    for (const path of ["sign-jwt", "verify-jwt"]) {
      const answer = await raw(server, "POST", `/api/auth/${path}`, { headers: { cookie: user.jar.header(), origin: server.origin, "content-type": "application/json" }, body: '{"payload":{"sub":"x"},"token":"x"}' });
      expect([answer.status, answer.text]).toEqual([404, ""]);
    }
    if (!server.database) return;
    const [row] = await keyRows(server);
    expect(row.privateKey).toMatch(/^"[0-9a-f]+"$/);
    const key = JSON.parse(await symmetricDecrypt({ key: SECRET, data: JSON.parse(row.privateKey) }));
    expect(key).toMatchObject({ kty: "OKP", crv: "Ed25519", x: JSON.parse(row.publicKey).x, d: expect.stringMatching(/^[\w-]{43}$/) });
  });

  // ATO-7
  test("a user who is gone gets no more tokens, and no other user has their id", async ({ skip }) => {
    if (!server.database) skip();
    const user = await member(server);
    await server.database.run("delete from session where userId = ?", user.data.user.id);
    await server.database.run("delete from account where userId = ?", user.data.user.id);
    await server.database.run("delete from user where id = ?", user.data.user.id);
    expect((await user.client.token()).error.status).toBe(401);
    const again = await browser(server).client.signUp.email({ name: "Ada", email: user.email, password: "correct horse 1" });
    expect(again.data.user.id).not.toBe(user.data.user.id);
    expect((await user.client.token()).error.status).toBe(401);
  });
});

describe.each([
  ["ES256", { alg: "ES256" }, { kty: "EC", crv: "P-256" }],
  ["ES512", { alg: "ES512" }, { kty: "EC", crv: "P-521" }],
  ["RS256", { alg: "RS256" }, { kty: "RSA", e: "AQAB" }],
  ["PS256", { alg: "PS256", modulus_length: 2048 }, { kty: "RSA", e: "AQAB" }],
])("%s", (alg, key_pair_config, members) => {
  const server = serve({ plugins: [{ id: "jwt", jwks: { key_pair_config } }] });

  test("tokens verify", async () => {
    const user = await member(server);
    const token = await tokenOf(user);
    const { data } = await user.client.jwks();
    expect(data.keys).toEqual([expect.objectContaining({ ...members, alg, kid: decodeProtectedHeader(token).kid })]);
    for (const secret of ["d", "p", "q", "dp", "dq", "qi", "k"]) expect(data.keys[0]).not.toHaveProperty(secret);
    const { payload } = await jwtVerify(token, createLocalJWKSet(data), { ...names(server), algorithms: [alg] });
    expect(payload.sub).toBe(user.data.user.id);
  });
});

describe("keys that change", () => {
  const server = serve({ plugins: [{ id: "jwt", jwks: { rotation_interval: 3600, grace_period: 600 } }] });
  const published = async () => createLocalJWKSet(JSON.parse((await raw(server, "GET", JWKS)).text));

  test("a token of the key before verifies through the grace period and no longer", async ({ skip }) => {
    if (!server.database) skip();
    const user = await member(server);
    const old = await tokenOf(user);
    const [first] = await keyRows(server);
    expect(Math.abs(new Date(first.expiresAt) - Date.now() - 3_600_000)).toBeLessThan(60_000);

    await server.database.run("update jwks set expiresAt = ?", from(-1_000));
    const fresh = await Promise.all(Array.from({ length: 50 }, () => tokenOf(user)));
    const kids = new Set(fresh.map((token) => decodeProtectedHeader(token).kid));
    expect(kids.size).toBe(1);
    expect(kids.has(first.id)).toBe(false);
    for (const token of [old, fresh[0]]) await jwtVerify(token, await published(), names(server));

    await server.database.run("update jwks set expiresAt = ? where id = ?", from(-601_000), first.id);
    await expect(jwtVerify(old, await published(), names(server))).rejects.toThrow(/no applicable key/);
    await jwtVerify(fresh[0], await published(), names(server));
  });
});

describe("a key that the reference made", () => {
  const server = serve({ plugins: [{ id: "jwt" }] });

  test("goes on signing, and the one without an algorithm counts as the configured one", async ({ skip }) => {
    if (!server.database) skip();
    const { publicKey, privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
    const sealed = JSON.stringify(await symmetricEncrypt({ key: SECRET, data: JSON.stringify(await exportJWK(privateKey)) }));
    await server.database.run("insert into jwks (id, publicKey, privateKey, createdAt) values (?, ?, ?, ?)", "key-of-the-reference", JSON.stringify(await exportJWK(publicKey)), sealed, from(0));
    const user = await member(server);
    const token = await tokenOf(user);
    expect(decodeProtectedHeader(token)).toEqual({ alg: "EdDSA", kid: "key-of-the-reference" });
    await jwtVerify(token, createLocalJWKSet((await user.client.jwks()).data), names(server));
    expect(await keyRows(server)).toHaveLength(1);
  });
});

describe("with other options", () => {
  const server = serve({
    plugins: [{
      id: "jwt",
      disable_setting_jwt_header: true,
      jwks: { jwks_path: "/.well-known/jwks.json", disable_private_key_encryption: true },
      jwt: { issuer: "https://issuer.example.com", audience: ["https://a.example.com", "https://b.example.com"], expiration_time: "1h", define_payload: { mail: "{user.email}", scope: "basic", none: "{user.nothing}" }, get_subject: "user-{user.id}" },
    }],
  });

  test("a token says what the options say", async () => {
    const user = await member(server);
    const token = await tokenOf(user);
    const payload = decodeJwt(token);
    expect(payload).toEqual({ iat: payload.iat, mail: user.email, scope: "basic", sub: `user-${user.data.user.id}`, exp: payload.iat + 3600, iss: "https://issuer.example.com", aud: ["https://a.example.com", "https://b.example.com"] });
    expect((await raw(server, "GET", JWKS)).status).toBe(404);
    const keys = JSON.parse((await raw(server, "GET", "/api/auth/.well-known/jwks.json")).text);
    await jwtVerify(token, createLocalJWKSet(keys), { issuer: "https://issuer.example.com", audience: "https://b.example.com" });
    const session = await user.send(`${server.origin}/api/auth/get-session`);
    expect(session.headers.get("set-auth-jwt")).toBeNull();
    if (server.database) expect(JSON.parse((await keyRows(server))[0].privateKey)).toMatchObject({ kty: "OKP", d: expect.any(String) });
  });
});
