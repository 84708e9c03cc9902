// What hit sign-ins with providers elsewhere, by the ids of the advisories. `docs/security.md` lists them.
import { SignJWT, generateKeyPair } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { browser, newUser, PASSWORD, rowCounts, SECRET, serve } from "../client/harness.mjs";
import { freshDatabase } from "../harness/database.mjs";
import { startDoorward } from "../harness/doorward.mjs";
import { idp, idp2 } from "../wire/lib/idp.mjs";

const app = { client_id: "wire-client", client_secret: "secret", scopes: ["email"] };
const discovery = (issuer) => ({ ...app, discovery_url: `${issuer}/.well-known/openid-configuration` });
const plain = (issuer) => ({ ...app, authorization_url: `${issuer}/authorize`, token_url: `${issuer}/token`, user_info_url: `${issuer}/userinfo` });
const http = { hosts: [idp.issuer, idp2.issuer].map((url) => new URL(url).host), allow_private: true, allow_http: true };
const social = (providers) => ({ plugins: [{ id: "social", providers, http }] });
const ALL = { wire: discovery(idp.issuer), second: discovery(idp2.issuer), plain: plain(idp.issuer) };

let people = 0;
function person(fields = {}) {
  const sub = `sub-${++people}`;
  const user = { sub, id: sub, email: `person${people}@example.com`, email_verified: true, name: "Ada", ...fields };
  idp.user = idp2.user = user;
  return user;
}
const reset = () => { for (const each of [idp, idp2]) Object.assign(each, { idTokenOverride: undefined, noIdToken: false, fail: null }); };
beforeEach(reset);
afterEach(reset);

const REFUSED = "/oops?error=unable_to_get_user_info";
const WAY = { callbackURL: "/home", errorCallbackURL: "/oops" };
const begin = async (who, provider = "wire") => (await who.client.signIn.social({ provider, ...WAY, disableRedirect: true })).data.url;
const consent = async (url) => (await fetch(url, { redirect: "manual" })).headers.get("location");
const follow = async (who, url) => (await who.send(url)).headers.get("location");
const signIn = async (who, provider) => follow(who, await consent(await begin(who, provider)));
const userOf = async (who) => (await who.client.getSession()).data?.user;
const bring = async (who, provider, token) => (await who.client.signIn.social({ provider, ...WAY, idToken: { token } })).data?.token;

/** Runs `attack` and expects that no user, account or session came of it. */
async function nothingComesOf(server, attack) {
  const before = await rowCounts(server);
  await attack();
  const after = await rowCounts(server);
  for (const table of ["user", "account", "session"]) expect(after?.[table], table).toBe(before?.[table]);
}

/** A user whose address is proven. */
async function proven(server) {
  const user = await newUser(server);
  await server.database.run("update user set emailVerified = 1 where email = ?", user.email);
  return user;
}

describe("by one server", () => {
  const server = serve(social(ALL));

  test("CVE-2026-134312: an address counts as verified by the word of no text, number or list", async () => {
    for (const email_verified of ["false", "true", "0", "1", 1, [true], { value: true }, null, undefined]) {
      for (const provider of ["wire", "plain"]) {
        const victim = await proven(server);
        idp.noIdToken = provider === "plain";
        person({ email: victim.email, email_verified });
        const who = browser(server);
        const about = `${provider} ${JSON.stringify(email_verified)}`;
        await nothingComesOf(server, async () => expect(await signIn(who, provider), about).toBe("/oops?error=account_not_linked"));
        expect(await userOf(who), about).toBeUndefined();
      }
    }
    const victim = await proven(server);
    person({ email: victim.email });
    const who = browser(server);
    expect(await signIn(who)).toBe("/home");
    expect((await userOf(who)).email, "and by `true` it does").toBe(victim.email);
  });

  test("CVE-2026-134312: a profile of another subject than the ID token's opens and links nothing", async () => {
    // A token that says all that is needed is believed alone; where the profile is asked too, it must be of the same subject.
    for (const [provider, inToken, expected] of [["wire", {}, "/home"], ["plain", {}, "/home"], ["wire", { email: undefined }, REFUSED], ["plain", { email: undefined }, REFUSED]]) {
      const victim = await proven(server);
      const attacker = person();
      const sub = `sub-${++people}`;
      const who = browser(server);
      const url = await consent(await begin(who, provider));
      const grant = idp.codes.get(new URL(url).searchParams.get("code"));
      idp.idTokenOverride = await idp.idToken({ ...attacker, ...inToken }, grant.nonce);
      grant.user = { ...attacker, sub, id: sub, email: victim.email };
      expect(await follow(who, url), provider).toBe(expected);
      expect((await userOf(who))?.email, provider).toBe(expected === "/home" ? attacker.email : undefined);
      const { n } = (await server.database.all("select count(*) n from account where userId = ? and providerId <> 'credential'", victim.data.user.id))[0];
      expect(Number(n), provider).toBe(0);
    }
  });

  test("CVE-2026-110863: an account is a provider's own: another issuer's word for it is none", async () => {
    const user = person();
    const first = browser(server);
    expect(await signIn(first)).toBe("/home");
    const { id } = await userOf(first);
    // The same subject, by another provider: somebody else.
    const other = { ...user, email: `other${people}@example.com` };
    idp2.user = other;
    const second = browser(server);
    expect(await signIn(second, "second")).toBe("/home");
    expect((await userOf(second)).id).not.toBe(id);
    // The other issuer's token, and one that only says that it is the first one's.
    const { privateKey } = await generateKeyPair("RS256");
    const claims = { email: user.email, email_verified: true };
    const forged = await new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "idp-key-1" }).setIssuer(idp.issuer).setAudience("wire-client").setSubject(user.sub).setIssuedAt().setExpirationTime("1h").sign(privateKey);
    const told = await idp2.idToken(user, undefined, "wire-client", { iss: idp.issuer });
    for (const [name, token] of Object.entries({ forged, told, others: await idp2.idToken(user) })) {
      await nothingComesOf(server, async () => expect(await bring(browser(server), "wire", token), name).toBeUndefined());
    }
    expect(await bring(browser(server), "wire", await idp.idToken(user))).toBeTruthy();
  });

  test("CVE-2026-9087: a link is made for the identity and by the session that asked for it", async () => {
    const ask = async (who) => (await who.client.linkSocial({ provider: "wire", ...WAY, disableRedirect: true })).data.url;
    const accounts = async ({ data }) => (await server.database.all("select accountId from account where userId = ? and providerId = 'wire'", data.user.id)).map((row) => row.accountId);
    const ada = await newUser(server);
    const eve = await newUser(server);
    // Another identity at the provider than the one with the user's address.
    person({ email: eve.email });
    expect(await follow(ada, await consent(await ask(ada)))).toMatch(/^\/oops\?error=/);
    // Somebody else is signed in when the answer comes.
    person({ email: ada.email });
    const answer = await consent(await ask(ada));
    await ada.client.signOut();
    await ada.client.signIn.email({ email: eve.email, password: PASSWORD });
    expect(await follow(ada, answer)).toMatch(/^\/oops\?error=/);
    expect([await accounts(ada), await accounts(eve)]).toEqual([[], []]);
    // Who asked gets it.
    const bob = await newUser(server);
    const { sub } = person({ email: bob.email });
    expect(await follow(bob, await consent(await ask(bob)))).toBe("/home");
    expect(await accounts(bob)).toEqual([sub]);
  });

  test("CVE-2026-110862: a state is no other secret, and no other secret is a state", async () => {
    const who = browser(server);
    person();
    const url = await consent(await begin(who));
    const state = new URL(url).searchParams.get("state");
    await nothingComesOf(server, async () => {
      for (const path of ["/verify-email?token=", "/magic-link/verify?token=", "/delete-user/callback?token="]) {
        expect((await who.send(`${server.origin}/api/auth${path}${state}`)).status, path).not.toBe(200);
      }
      expect((await who.client.resetPassword({ newPassword: PASSWORD, token: state })).error.status).toBe(400);
    });
    expect(await follow(who, url), "and it is not used up").toBe("/home");
  });
});

describe("CVE-2026-2603: a provider that was taken away", () => {
  let database;
  beforeAll(async () => { database = await freshDatabase(process.env.DOORWARD_TEST_DATABASE ?? "sqlite"); });
  afterAll(() => database.drop());
  const start = async (providers) => ({
    database,
    ...(await startDoorward({ database, config: (origin) => ({ base_url: origin, secret: SECRET, email_and_password: { enabled: true }, rate_limit: { enabled: false }, ...social(providers) }) })),
  });

  test("signs nobody in, whatever was begun or linked before", async () => {
    const user = person();
    let server = await start(ALL);
    const who = browser(server);
    expect(await signIn(who)).toBe("/home");
    const waiting = browser(server);
    const answer = new URL(await consent(await begin(waiting)));
    const token = await idp.idToken(user);
    await server.stop();
    server = await start({ second: ALL.second });
    try {
      await nothingComesOf(server, async () => {
        const late = browser(server, { jar: waiting.jar });
        expect(await follow(late, `${server.origin}${answer.pathname}${answer.search}`)).toMatch(/error=/);
        expect(await userOf(late)).toBeUndefined();
        const { error } = await late.client.signIn.social({ provider: "wire", ...WAY });
        expect(error.code).toBe("PROVIDER_NOT_FOUND");
        expect(await bring(late, "wire", token)).toBeUndefined();
        expect(await bring(late, "second", token)).toBeUndefined();
      });
    } finally { await server.stop(); }
  });
});
