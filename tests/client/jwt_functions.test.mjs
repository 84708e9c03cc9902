// The jwt plugin's functions for an application's backend, on the management address: what is signed, and what is refused.
import crypto from "node:crypto";
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from "jose";
import { expect, test } from "vitest";
import { freePort } from "../harness/doorward.mjs";
import { newUser, raw, serve } from "./harness.mjs";

const port = await freePort();
const KEY = "management-key-0123456789-abcdefghijklmnop";
const server = serve({ plugins: [{ id: "jwt" }], management: { address: `127.0.0.1:${port}`, keys: [{ name: "backend", value: KEY, scopes: ["sign-jwt", "verify-jwt"] }] } });

async function call(name, body) {
  const response = await fetch(`http://127.0.0.1:${port}/${name}`, { method: "POST", headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" }, body: JSON.stringify({ body }) });
  return { status: response.status, ...(await response.json()) };
}
const sign = async (payload, overrideOptions) => (await call("sign-jwt", { payload, ...(overrideOptions ? { overrideOptions } : {}) })).token;
const verify = async (token, issuer) => {
  const { status, payload } = await call("verify-jwt", { token, ...(issuer ? { issuer } : {}) });
  expect(status).toBe(200);
  return payload;
};
const b64 = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const jwk = async () => JSON.parse((await raw(server, "GET", "/api/auth/jwks")).text).keys[0];

test("a payload is signed, completed, and verified", async () => {
  const token = await sign({ sub: "x", a: 1 });
  const { exp, ...rest } = decodeJwt(token);
  expect(rest).toEqual({ sub: "x", a: 1, iss: server.origin, aud: server.origin });
  expect(Math.abs(exp - Date.now() / 1000 - 900)).toBeLessThan(60);
  expect(await verify(token)).toEqual(decodeJwt(token));
  expect(await verify(await sign({ sub: "x", iss: "Q" }), "Q")).toMatchObject({ iss: "Q" });
  const own = decodeJwt(await sign({ sub: "x" }, { jwt: { issuer: "I", audience: ["A", "B"], expirationTime: "1h" } }));
  expect(own).toMatchObject({ iss: "I", aud: ["A", "B"] });
  expect(Math.abs(own.exp - Date.now() / 1000 - 3600)).toBeLessThan(60);
  expect(decodeJwt(await sign({ sub: "x" }, { jwt: { expirationTime: 5 } })).exp).toBe(5);
});

test.each([
  ["sign-jwt", {}, "[body.payload] Invalid input: expected record, received undefined"],
  ["sign-jwt", { payload: {}, overrideOptions: "x" }, "[body.overrideOptions] Invalid input: expected record, received string"],
  ["verify-jwt", { token: 5 }, "[body.token] Invalid input: expected string, received number"],
  ["verify-jwt", { token: "a", issuer: 3 }, "[body.issuer] Invalid input: expected string, received number"],
])("%s refuses %j", async (name, body, message) => {
  expect(await call(name, body)).toEqual({ status: 400, code: "VALIDATION_ERROR", message });
});

test("claims that are none, and options that are none, are refused", async () => {
  for (const payload of [{ exp: {} }, { exp: "soon" }, { iat: "1h" }, { sub: 5 }]) expect(await call("sign-jwt", { payload })).toMatchObject({ status: 400, code: "INVALID_CLAIM" });
  for (const jwt of [{ expirationTime: "zzz" }, { nonsense: 1 }]) expect(await call("sign-jwt", { payload: {}, overrideOptions: { jwt } })).toMatchObject({ status: 400, code: "INVALID_OVERRIDE_OPTIONS" });
});

test("JWT-1: only a signature of our key with its own algorithm counts", async () => {
  const good = await sign({ sub: "x" });
  const [header, payload, signature] = good.split(".");
  const key = await jwk();
  const kid = key.kid;
  const mac = (secret, head) => { const text = `${b64(head)}.${payload}`; return `${text}.${crypto.createHmac("sha256", secret).update(text).digest("base64url")}`; };
  const pem = crypto.createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "pem" });
  const { privateKey, publicKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  const foreign = (head) => new SignJWT(decodeJwt(good)).setProtectedHeader({ alg: "EdDSA", kid, ...head }).sign(privateKey);
  const es = await generateKeyPair("ES256");
  const tokens = [
    ...["none", "None", "NONE", ""].map((alg) => `${b64({ alg, kid })}.${payload}.`),
    ...["none", "None"].map((alg) => `${b64({ alg, kid })}.${payload}.${signature}`),
    mac(pem, { alg: "HS256", kid }), mac(JSON.stringify(key), { alg: "HS256", kid }), mac(Buffer.from(key.x, "base64url"), { alg: "HS256", kid }),
    await new SignJWT(decodeJwt(good)).setProtectedHeader({ alg: "ES256", kid }).sign(es.privateKey),
    `${b64({ alg: "ES256", kid })}.${payload}.${Buffer.alloc(64).toString("base64url")}`,
    `${header}.${payload}.`, `${header}.${payload}.${Buffer.alloc(64).toString("base64url")}`, `${header}.${payload}.${signature}=`,
    `${b64({ alg: "EdDSA", kid, crit: ["b64"], b64: false })}.${payload}.${signature}`,
    await foreign({}), await foreign({ jwk: await exportJWK(publicKey) }), await foreign({ jku: "http://127.0.0.1:9/jwks", x5u: "http://127.0.0.1:9/c" }), await foreign({ x5c: ["AA=="] }),
    JSON.stringify({ payload, protected: header, signature }), `${header}.${b64({ sub: "admin" })}.${signature}`,
  ];
  for (const token of tokens) expect(await verify(token), token).toBeNull();
  expect(await verify(good)).not.toBeNull();
});

test("JWT-2: a key's name is only looked up", async () => {
  const [, payload, signature] = (await sign({ sub: "x" })).split(".");
  for (const kid of ["../../x", "' or 1=1 --", "x".repeat(20_000), "unknown", "", null, [], {}, 7, "minting"]) expect(await verify(`${b64({ alg: "EdDSA", kid })}.${payload}.${signature}`)).toBeNull();
  expect(await verify(`${b64({ alg: "EdDSA" })}.${payload}.${signature}`)).toBeNull();
  expect(JSON.parse((await raw(server, "GET", "/api/auth/jwks")).text).keys).toHaveLength(1);
});

test("JWT-5: a token that is not for us or not of now is refused, and so is a session's copy", async () => {
  const bad = [{ sub: "x", iss: "http://evil.example" }, { sub: "x", aud: "other" }, { sub: "x", exp: 1 }, { sub: "x", exp: 1e308 }, { sub: "x", nbf: "1h" }, { a: 1 }, { sub: "" }];
  for (const payload of bad) expect(await verify(await sign(payload)), JSON.stringify(payload)).toBeNull();
  const user = await newUser(server);
  for (const cookie of user.jar.keys()) expect(await verify(decodeURIComponent(user.jar.get(cookie)))).toBeNull();
  const token = await sign({ sub: user.data.user.id });
  for (const name of ["session_token", "session_data"]) {
    const answer = await raw(server, "GET", "/api/auth/get-session", { headers: { cookie: `better-auth.${name}=${token}` } });
    expect(answer.text).toBe("null");
  }
});

test("JWT-6: what is no token is refused at once", async () => {
  for (const token of [".".repeat(60_000), "a.".repeat(30_000), `${"A".repeat(60_000)}.e30.x`, "", "x", "a.b", "a.b.c.d", `${b64({ alg: "EdDSA", kid: "x", p2c: 2 ** 31 })}.e30.AA`]) expect(await verify(token)).toBeNull();
  expect(await call("verify-jwt", { token: ".".repeat(90_000) })).toMatchObject({ status: 413 });
  expect(decodeProtectedHeader(await sign({})).alg).toBe("EdDSA");
});
