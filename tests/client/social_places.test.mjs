// OA-1 of the red team: wherever a provider's URLs point, the server asks nobody it may not ask, and nobody is signed in.
import http from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { browser, rowCounts, serve } from "./harness.mjs";

const NOTHING = { user: 0, account: 0, session: 0 };
const SECRET = "client-secret-that-no-log-has";
const ACCESS = "access-token-that-no-log-has";

/** A server of this machine that notes who comes. */
function listener(answer) {
  const seen = [];
  const server = http.createServer((request, response) => {
    seen.push(`${request.method} ${request.headers.host}${request.url}`);
    request.resume().on("end", () => answer(request, response));
  });
  return { seen, server, listen: () => new Promise((resolve) => server.listen(0, "::", () => resolve(server.address().port))) };
}

const json = (response, status, body, headers = {}) => { response.writeHead(status, { "content-type": "application/json", ...headers }); response.end(JSON.stringify(body)); };

// Where nothing may ever arrive: it would say yes to everything.
const trap = listener((_, response) => json(response, 200, { sub: "1", id: "1", email: "trap@example.com", email_verified: true, access_token: ACCESS, keys: [] }));
// A provider that works, beside answers that lead elsewhere.
const idp = listener((request, response) => {
  const { pathname } = new URL(request.url, "http://x");
  const away = (location) => json(response, 302, {}, { location });
  const base = `http://127.0.0.1:${ports.idp}`;
  if (pathname === "/token") return json(response, 200, { access_token: ACCESS, token_type: "Bearer" });
  if (pathname === "/user") return json(response, 200, { id: "1", email: "ada@example.com", email_verified: true, name: "Ada" });
  if (pathname === "/large") return json(response, 200, { id: "1", email: "ada@example.com", name: "x".repeat(2 << 20) });
  if (pathname === "/text") { response.writeHead(200); return response.end("<html>"); }
  if (pathname === "/to-trap") return away(`http://127.0.0.1:${ports.trap}/`);
  if (pathname === "/to-metadata") return away("http://169.254.169.254/latest/meta-data/");
  if (pathname === "/keys-elsewhere/.well-known/openid-configuration") return json(response, 200, { issuer: `${base}/keys-elsewhere`, authorization_endpoint: `${base}/a`, token_endpoint: `${base}/token`, jwks_uri: `http://127.0.0.1:${ports.trap}/jwks`, id_token_signing_alg_values_supported: ["RS256"] });
  if (pathname === "/moved/.well-known/openid-configuration") return away(`http://127.0.0.1:${ports.trap}/`);
  return json(response, 404, {});
});
const ports = {};
const opening = Promise.all([idp.listen(), trap.listen()]).then(([a, b]) => Object.assign(ports, { idp: a, trap: b }));
await opening;
afterAll(() => [idp, trap].forEach(({ server }) => { server.closeAllConnections(); server.close(); }));
beforeEach(() => { idp.seen.length = 0; trap.seen.length = 0; });

/** The server with these providers by settings. `named` are the hosts that the operator names. */
function providers(list, named, reach) {
  const entries = Object.entries(list).map(([id, own]) => [id, { client_id: "client", client_secret: SECRET, ...own }]);
  return serve({ plugins: [{ id: "social", providers: Object.fromEntries(entries), http: { hosts: named, allow_http: true, ...reach } }] });
}

/** The whole way to a provider and back: what the callback's redirect says, or what the first step refuses with. */
async function signIn(server, provider) {
  const who = browser(server);
  const begun = await who.client.signIn.social({ provider, callbackURL: "/home", disableRedirect: true });
  if (begun.error) return `${begun.error.status} ${begun.error.code}`;
  const state = new URL(begun.data.url).searchParams.get("state");
  const back = await who.send(`${server.origin}/api/auth/callback/${provider}?code=code&state=${state}`);
  const session = await who.client.getSession();
  const { pathname, searchParams } = new URL(back.headers.get("location"), server.origin);
  return `${session.data ? "in" : "out"} ${searchParams.get("error") ?? pathname}`;
}

async function nothingHappened(server) {
  expect(trap.seen).toEqual([]);
  const counts = await rowCounts(server);
  if (counts) expect({ user: counts.user, account: counts.account, session: counts.session }).toEqual(NOTHING);
  for (const secret of [SECRET, ACCESS]) expect(server.log()).not.toContain(secret);
}

const endpoints = (over) => ({ authorization_url: "https://idp.example/a", token_url: `http://127.0.0.1:${ports.idp}/token`, user_info_url: `http://127.0.0.1:${ports.idp}/user`, ...over });

describe("places that are nobody's business, though the operator names them as hosts", () => {
  // Each is this machine, its network or a way to it.
  const places = ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "0.0.0.0", "localhost", "x.localhost", "169.254.169.254", "192.88.99.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:169.254.169.254]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[fec0::1]"].map((host) => `${host}:${ports.trap}`);
  const list = Object.fromEntries(places.flatMap((place, i) => [
    [`discovery-${i}`, { discovery_url: `http://${place}/.well-known/openid-configuration` }],
    [`token-${i}`, { authorization_url: "https://idp.example/a", token_url: `http://${place}/token`, user_info_url: `http://${place}/user` }],
  ]));
  const server = providers(list, places);

  test("no discovery document comes from there", async () => {
    for (const i of places.keys()) expect(await signIn(server, `discovery-${i}`), places[i]).toBe("404 PROVIDER_NOT_FOUND");
    await nothingHappened(server);
  });

  test("no code goes there", async () => {
    for (const i of places.keys()) expect(await signIn(server, `token-${i}`), places[i]).toBe("out invalid_code");
    await nothingHappened(server);
  });
});

describe("hosts that nobody named", () => {
  const list = { discovery: { discovery_url: "https://unnamed.example/.well-known/openid-configuration" }, token: { authorization_url: "https://idp.example/a", token_url: "https://unnamed.example/token" } };
  const server = providers(list, ["named.example"]);

  test("are not asked", async () => {
    expect(await signIn(server, "discovery")).toBe("404 PROVIDER_NOT_FOUND");
    expect(await signIn(server, "token")).toBe("out invalid_code");
    await nothingHappened(server);
  });
});

describe("a provider of the own network, which the operator allows", () => {
  const idpHost = `127.0.0.1:${ports.idp}`;
  const at = (path) => `http://${idpHost}${path}`;
  const list = {
    works: endpoints(),
    "token-redirects": endpoints({ token_url: at("/to-trap") }),
    "token-to-metadata": endpoints({ token_url: at("/to-metadata") }),
    "user-redirects": endpoints({ user_info_url: at("/to-trap") }),
    "user-to-metadata": endpoints({ user_info_url: at("/to-metadata") }),
    "user-at-metadata": endpoints({ user_info_url: "http://169.254.169.254/latest/" }),
    "user-at-nat64": endpoints({ user_info_url: `http://[64:ff9b::7f00:1]:${ports.trap}/` }),
    "user-at-mapped": endpoints({ user_info_url: `http://[::ffff:169.254.169.254]:${ports.trap}/` }),
    "user-unnamed": endpoints({ user_info_url: `http://127.0.0.1:${ports.trap}/` }),
    "user-large": endpoints({ user_info_url: at("/large") }),
    "user-text": endpoints({ user_info_url: at("/text") }),
    "keys-elsewhere": { discovery_url: at("/keys-elsewhere/.well-known/openid-configuration") },
    moved: { discovery_url: at("/moved/.well-known/openid-configuration") },
  };
  const named = [idpHost, "169.254.169.254", `[64:ff9b::7f00:1]:${ports.trap}`, `[::ffff:169.254.169.254]:${ports.trap}`];
  const server = providers(list, named, { allow_private: true });

  test("redirects of the token endpoint lead nowhere", async () => {
    for (const id of ["token-redirects", "token-to-metadata"]) expect(await signIn(server, id), id).toBe("out invalid_code");
    expect(idp.seen).toEqual([`POST ${idpHost}/to-trap`, `POST ${idpHost}/to-metadata`]);
    await nothingHappened(server);
  });

  test("nor do those of the user's data, and no other place is asked for it", async () => {
    for (const id of Object.keys(list).filter((id) => id.startsWith("user-"))) expect(await signIn(server, id), id).toBe("out unable_to_get_user_info");
    await nothingHappened(server);
  });

  test("keys are not fetched from a host that nobody named, and the ID token is not taken", async () => {
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: at("/keys-elsewhere"), aud: "client", sub: "1", email: "trap@example.com", email_verified: true, iat: now, exp: now + 60 };
    const token = `${part({ alg: "RS256", kid: "k" })}.${part(claims)}.${part("signature")}`;
    const { data, error } = await browser(server).client.signIn.social({ provider: "keys-elsewhere", idToken: { token } });
    expect([data, error?.status]).toEqual([null, 401]);
    await nothingHappened(server);
  });

  test("a discovery document that moved is none", async () => {
    expect(await signIn(server, "moved")).toBe("404 PROVIDER_NOT_FOUND");
    await nothingHappened(server);
  });

  // Last: it leaves a user.
  test("and the one that works, works", async () => {
    expect(await signIn(server, "works")).toBe("in /home");
    expect(trap.seen).toEqual([]);
  });
});
