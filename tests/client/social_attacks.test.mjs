// What an attacker tries at the sign-in with providers: OA-2, OA-3, ATO-2 and ATO-8 of the red team, end to end.
import crypto from "node:crypto";
import http from "node:http";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { idp, idp2 } from "../wire/lib/idp.mjs";
import { browser, newUser, PASSWORD, rowCounts, serve } from "./harness.mjs";

// A provider whose keys are not to be had, and one whose document names another issuer.
const broken = http.createServer((request, response) => {
  const issuer = `http://127.0.0.1:${broken.address().port}`;
  const named = { authorization_endpoint: `${issuer}/a`, token_endpoint: `${issuer}/t`, jwks_uri: `${issuer}/jwks`, id_token_signing_alg_values_supported: ["RS256"] };
  const document = { "/keyless/.well-known/openid-configuration": { issuer: `${issuer}/keyless`, ...named }, "/mixed-up/.well-known/openid-configuration": { issuer: idp.issuer, ...named } }[request.url];
  response.writeHead(document ? 200 : 503, { "content-type": "application/json" });
  response.end(JSON.stringify(document ?? {}));
});
await new Promise((resolve) => broken.listen(0, "127.0.0.1", resolve));
afterAll(() => { broken.closeAllConnections(); broken.close(); });
const brokenAt = `http://127.0.0.1:${broken.address().port}`;

const discovery = (issuer) => ({ client_id: "wire-client", client_secret: "secret", discovery_url: `${issuer}/.well-known/openid-configuration`, scopes: ["email"] });
const social = {
  id: "social",
  providers: {
    wire: discovery(idp.issuer), second: discovery(idp2.issuer), keyless: discovery(`${brokenAt}/keyless`), "mixed-up": discovery(`${brokenAt}/mixed-up`),
    plain: { client_id: "wire-client", client_secret: "secret", authorization_url: `${idp.issuer}/authorize`, token_url: `${idp.issuer}/token`, user_info_url: `${idp.issuer}/userinfo` },
  },
  http: { hosts: [idp.issuer, idp2.issuer, brokenAt].map((url) => new URL(url).host), allow_private: true, allow_http: true },
};
const server = serve({ plugins: [social] });

let people = 0;
/** Somebody new whom both providers know. */
function person(fields = {}) {
  const user = { sub: `sub-${++people}`, email: `person${people}@example.com`, email_verified: true, name: "Ada", ...fields };
  idp.user = idp2.user = user;
  return user;
}
beforeEach(() => { for (const each of [idp, idp2]) Object.assign(each, { idTokenOverride: undefined, noIdToken: false, fail: null }); });

const WAY = { callbackURL: "/home", errorCallbackURL: "/oops" };
async function begin(who, provider = "wire", more = {}) {
  const { data, error } = await who.client.signIn.social({ provider, ...WAY, disableRedirect: true, ...more });
  expect(error).toBeNull();
  return data.url;
}
/** What the provider answers with: the URL that the browser is sent back to. */
const consent = async (url) => (await fetch(url, { redirect: "manual" })).headers.get("location");
const follow = async (who, url) => (await who.send(url)).headers.get("location");
const signIn = async (who, provider) => follow(who, await consent(await begin(who, provider)));
const isIn = async (who) => (await who.client.getSession()).data !== null;
const edited = (url, edit) => { const made = new URL(url); edit(made.searchParams, made); return made.href; };
const bring = async (who, provider, token, more = {}) => {
  const { data, error } = await who.client.signIn.social({ provider, ...WAY, idToken: { token, ...more } });
  return data?.token ? "in" : `${error.status} ${error.code}`;
};
/** Runs `attack` and expects that no user, account or session came of it. */
async function nothingComesOf(attack) {
  const before = await rowCounts(server);
  await attack();
  const after = await rowCounts(server);
  for (const table of ["user", "account", "session"]) expect(after?.[table], table).toBe(before?.[table]);
}

test("who the provider knows is signed in: the rest of this file would not tell otherwise", async () => {
  person();
  const who = browser(server);
  expect(await signIn(who)).toBe("/home");
  expect(await isIn(who)).toBe(true);
});

describe("OA-2: a provider's answer", () => {
  test("does not count in another browser, and still counts in the right one", async () => {
    person();
    const [victim, attacker] = [browser(server), browser(server)];
    const answer = await consent(await begin(attacker));
    await nothingComesOf(async () => {
      expect(await follow(victim, answer)).toBe("/oops?error=state_mismatch");
      expect(await isIn(victim)).toBe(false);
    });
    expect(await follow(attacker, answer)).toBe("/home");
  });

  test("counts once beside the state of another sign-in of the same browser", async () => {
    person();
    const who = browser(server);
    const first = await consent(await begin(who));
    await begin(who, "second");
    expect(await follow(who, first)).toBe("/home");
    await nothingComesOf(async () => expect(await follow(who, first)).toContain("error=state_mismatch"));
  });

  test("is not taken for that of another provider", async () => {
    person();
    const who = browser(server);
    const answer = await consent(await begin(who));
    await nothingComesOf(async () => expect(await follow(who, answer.replace("/callback/wire", "/callback/second"))).toBe("/oops?error=state_mismatch"));
  });

  test("names the issuer that was asked, if any", async () => {
    person();
    const who = browser(server);
    const answer = edited(await consent(await begin(who)), (query) => query.set("iss", idp2.issuer));
    await nothingComesOf(async () => expect(await follow(who, answer)).toBe("/oops?error=issuer_mismatch"));
  });

  test("needs a state, and one that was made here", async () => {
    person();
    const who = browser(server);
    const answer = await consent(await begin(who));
    await nothingComesOf(async () => {
      expect(await follow(who, edited(answer, (query) => query.delete("state")))).toMatch(/error\?error=state_not_found$/);
      for (const state of ["", "x", "../x", "a".repeat(5000), "'; --", "%00"]) {
        expect(await follow(who, edited(answer, (query) => query.set("state", state))), state).toMatch(/error\?error=state_(mismatch|not_found)$/);
      }
    });
  });

  test("counts once, also when it comes ten times at once", async () => {
    person();
    const who = browser(server);
    const answer = await consent(await begin(who));
    const before = await rowCounts(server);
    const cookie = who.jar.header();
    let open;
    const barrier = new Promise((resolve) => { open = resolve; });
    const callers = Array.from({ length: 10 }, async () => { await barrier; return (await fetch(answer, { redirect: "manual", headers: { cookie } })).headers.get("location"); });
    open();
    const ends = await Promise.all(callers);
    expect(ends.filter((end) => end === "/home")).toHaveLength(1);
    expect(ends.filter((end) => end.includes("error=state_mismatch"))).toHaveLength(9);
    const after = await rowCounts(server);
    for (const table of ["user", "account", "session"]) expect(after?.[table], table).toBe(before && before[table] + 1);
  });

  test("is not steered by what a request adds", async () => {
    const who = browser(server);
    for (const name of ["state", "client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method", "nonce", "scope"]) {
      const { error } = await who.client.signIn.social({ provider: "wire", ...WAY, additionalParams: { [name]: "evil" } });
      expect(error, name).toMatchObject({ status: 400, code: "VALIDATION_ERROR" });
    }
    const url = new URL(await begin(who, "wire", { additionalParams: { audience: "x" }, additionalData: { callbackURL: "https://evil.example", link: { userId: "x", email: "x" }, codeVerifier: "x" } }));
    expect(url.searchParams.get("redirect_uri")).toBe(`${server.origin}/api/auth/callback/wire`);
    expect(url.searchParams.get("audience")).toBe("x");
    person();
    expect(await follow(who, await consent(url.href))).toBe("/home");
  });

  test("links nothing to who did not ask for it", async () => {
    const victim = await newUser(server);
    person({ email: victim.email });
    const attacker = await newUser(server);
    const { data } = await attacker.client.linkSocial({ provider: "wire", callbackURL: "/settings", errorCallbackURL: "/oops" });
    const answer = await consent(data.url);
    await nothingComesOf(async () => expect(await follow(victim, answer)).toBe("/oops?error=state_mismatch"));
  });

  test("leads to no page of somebody else", async () => {
    const who = browser(server);
    for (const field of ["callbackURL", "errorCallbackURL", "newUserCallbackURL"]) {
      for (const url of ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]) {
        const { error } = await who.client.signIn.social({ provider: "wire", callbackURL: "/home", [field]: url });
        expect(error?.status, `${field} ${url}`).toBe(403);
      }
    }
  });
});

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const now = () => Math.floor(Date.now() / 1000);
const claimsOf = (user) => ({ iss: idp.issuer, aud: "wire-client", sub: user.sub, email: user.email, email_verified: true, iat: now(), exp: now() + 600 });

describe("OA-3: an ID token", () => {
  const own = crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
  /** Tokens that prove nothing, each with its fault. */
  async function faulty(user, nonce) {
    const jwks = await (await fetch(`${idp.issuer}/jwks`)).json();
    const body = { ...claimsOf(user), ...(nonce ? { nonce } : {}) };
    const publicKey = crypto.createPublicKey({ key: jwks.keys[0], format: "jwk" }).export({ type: "spki", format: "pem" });
    const mac = (header) => { const signed = `${part(header)}.${part(body)}`; return `${signed}.${crypto.createHmac("sha256", publicKey).update(signed).digest("base64url")}`; };
    const signedByMe = (header) => { const signed = `${part(header)}.${part(body)}`; return `${signed}.${crypto.sign("sha256", Buffer.from(signed), own.privateKey).toString("base64url")}`; };
    const good = await idp.idToken(user, nonce);
    const [header, payload, signature] = good.split(".");
    return {
      "alg none": `${part({ alg: "none" })}.${part(body)}.`,
      "alg none, signed": `${part({ alg: "none", kid: "idp-key-1" })}.${part(body)}.${signature}`,
      "the public key as a secret": mac({ alg: "HS256", kid: "idp-key-1" }),
      "another key": signedByMe({ alg: "RS256", kid: "idp-key-1" }),
      "another key, brought along": signedByMe({ alg: "RS256", kid: "me", jwk: own.publicKey.export({ format: "jwk" }), jku: `${brokenAt}/jwks` }),
      "another algorithm of the same key": `${part({ alg: "PS256", kid: "idp-key-1" })}.${payload}.${signature}`,
      "other claims": `${header}.${part({ ...body, sub: "other" })}.${signature}`,
      "no signature": `${header}.${payload}.`,
      "another audience": await idp.idToken(user, nonce, "other-client"),
      "another issuer": await idp2.idToken(user, nonce),
      "two parts": `${header}.${payload}`,
      "no token": "x",
      "a very long one": "a".repeat(100_000),
    };
  }

  test("that proves nothing is not taken from a client", async () => {
    const user = person();
    const tokens = await faulty(user);
    await nothingComesOf(async () => {
      for (const [says, token] of Object.entries(tokens)) {
        const who = browser(server);
        expect(await bring(who, "wire", token), says).toMatch(/^(401 INVALID_TOKEN|413)/);
        expect(await isIn(who)).toBe(false);
      }
      const who = browser(server);
      expect(await bring(who, "wire", await idp.idToken(user, "one"), { nonce: "another" })).toBe("401 INVALID_TOKEN");
      expect(await bring(who, "wire", await idp.idToken(user), { nonce: "one" })).toBe("401 INVALID_TOKEN");
    });
    expect(await bring(browser(server), "wire", await idp.idToken(user, "one"), { nonce: "one" })).toBe("in");
  });

  test("that proves nothing is not taken beside a code", async () => {
    const user = person();
    for (const says of Object.keys(await faulty(user)).concat("no nonce", "another nonce")) {
      await nothingComesOf(async () => {
        const who = browser(server);
        const url = await begin(who);
        const nonce = new URL(url).searchParams.get("nonce");
        idp.idTokenOverride = { "no nonce": await idp.idToken(user), "another nonce": await idp.idToken(user, "x") }[says] ?? (await faulty(user, nonce))[says];
        expect(await follow(who, await consent(url)), says).toBe("/oops?error=unable_to_get_user_info");
        expect(await isIn(who)).toBe(false);
      });
    }
  });

  test("is not taken while the keys are not to be had, nor from a provider that names another issuer", async () => {
    const user = person();
    await nothingComesOf(async () => {
      expect(await bring(browser(server), "keyless", await idp.idToken(user))).toBe("401 INVALID_TOKEN");
      expect(await bring(browser(server), "mixed-up", await idp.idToken(user))).toBe("404 PROVIDER_NOT_FOUND");
      expect(await bring(browser(server), "plain", await idp.idToken(user))).toBe("404 ID_TOKEN_NOT_SUPPORTED");
    });
  });
});

describe("ATO-2: who registered somebody else's address", () => {
  test.each([[true], ["false"], ["true"], [false], [null], [undefined], [1]])("is not joined by its owner with email_verified %j", async (email_verified) => {
    const squatter = await newUser(server);
    const user = person({ email: squatter.email, email_verified });
    await nothingComesOf(async () => {
      const who = browser(server);
      expect(await signIn(who)).toBe("/oops?error=account_not_linked");
      expect(await bring(who, "wire", await idp.idToken(user))).toMatch(/^401/);
      expect(await isIn(who)).toBe(false);
    });
    // The squatter's own way in neither gained nor lost anything.
    expect((await browser(server).client.signIn.email({ email: squatter.email, password: PASSWORD })).error).toBeNull();
  });

  test.each([["false"], [false], [null], [undefined], [1], ["yes"]])("and nobody's address is proven by email_verified %j", async (email_verified) => {
    const user = person({ email_verified });
    const who = browser(server);
    expect(await signIn(who)).toBe("/home");
    expect((await who.client.getSession()).data.user).toMatchObject({ email: user.email, emailVerified: false });
  });
});

describe("ATO-8: a profile", () => {
  test.each([[""], [" "], ["undefined"], ["null"], [null], [undefined], [{}], [[]], [true]])("with the id %j is nobody's", async (id) => {
    // Plain OAuth: the endpoint says `id`.
    person({ id });
    idp.noIdToken = true;
    await nothingComesOf(async () => expect(await signIn(browser(server), "plain")).toBe("/oops?error=unable_to_get_user_info"));
  });

  test("with the id of another provider's user is another user", async () => {
    const user = person();
    const [first, second] = [browser(server), browser(server)];
    expect(await signIn(first)).toBe("/home");
    idp2.user = { ...user, email: "other-person@example.com" };
    expect(await signIn(second, "second")).toBe("/home");
    const [one, two] = await Promise.all([first, second].map(async (who) => (await who.client.getSession()).data.user));
    expect(one.id).not.toBe(two.id);
  });

  test("is its user's by the id, whatever it says about name and address", async () => {
    const user = person();
    const who = browser(server);
    expect(await signIn(who)).toBe("/home");
    const before = (await who.client.getSession()).data.user;
    idp.user = { ...user, email: "renamed@example.com", name: "Renamed" };
    const again = browser(server);
    expect(await signIn(again)).toBe("/home");
    expect((await again.client.getSession()).data.user).toMatchObject({ id: before.id, email: before.email });
  });

  test("without an address opens nothing", async () => {
    person({ email: undefined });
    await nothingComesOf(async () => expect(await signIn(browser(server))).toMatch(/^\/oops\?error=(email_not_found|unable_to_get_user_info)$/));
  });
});
