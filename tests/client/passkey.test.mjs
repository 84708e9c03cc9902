// Passkeys, end to end: the client's plugin with an authenticator made of software, and what an attacker tries.
import { passkeyClient } from "@better-auth/passkey/client";
import { twoFactorClient } from "better-auth/client/plugins";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Authenticator } from "../wire/lib/authenticator.mjs";
import { totpFromUri } from "../wire/lib/totp.mjs";
import { browser, newUser, PASSWORD, raw, serve } from "./harness.mjs";

const CHALLENGE = "better-auth.better-auth-passkey";
const withPlugins = (...plugins) => ({ plugins: [...plugins, { id: "magic-link" }, { id: "last-login-method" }] });
const plugins = () => [passkeyClient(), twoFactorClient()];
const page = (server, jar) => browser(server, { jar, plugins: plugins() });
const refusal = ({ data, error }) => (data ? "ok" : `${error.status} ${error.code}`);
const isSignedIn = async ({ client }) => (await client.getSession()).data !== null;
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64url")).buffer;
const text = (buffer) => Buffer.from(buffer).toString("base64url");
const edited = (answer, edit) => {
  const data = JSON.parse(Buffer.from(answer.response.clientDataJSON, "base64url"));
  const clientDataJSON = text(JSON.stringify({ ...data, ...edit }));
  return { ...answer, response: { ...answer.response, clientDataJSON } };
};

/** What a browser's page has: navigator.credentials, answered by this authenticator, on a page of this origin. */
function present(authenticator, origin) {
  const credential = (answer) => ({
    ...answer, rawId: bytes(answer.rawId), getClientExtensionResults: () => ({}),
    response: {
      ...Object.fromEntries(Object.entries(answer.response).filter(([, v]) => typeof v === "string").map(([k, v]) => [k, bytes(v)])),
      getTransports: () => answer.response.transports,
    },
  });
  const asked = (publicKey) => ({ ...publicKey, challenge: text(publicKey.challenge), user: publicKey.user && { ...publicKey.user, id: text(publicKey.user.id) } });
  const known = (list) => authenticator.creds.some(({ id }) => (list ?? []).some((other) => text(other.id) === id));
  const credentials = {
    create: async ({ publicKey }) => {
      if (known(publicKey.excludeCredentials)) throw Object.assign(new Error("known"), { name: "InvalidStateError" });
      return credential(authenticator.create(asked(publicKey), origin));
    },
    get: async ({ publicKey }) => {
      if (authenticator.creds.length === 0) throw Object.assign(new Error("none"), { name: "NotAllowedError" });
      return credential(authenticator.get(asked(publicKey), origin));
    },
  };
  Object.defineProperty(globalThis, "navigator", { value: { credentials }, configurable: true });
}
const before = Object.getOwnPropertyDescriptor(globalThis, "navigator") ?? { configurable: true };
beforeAll(() => { globalThis.PublicKeyCredential = class {}; });
afterAll(() => { delete globalThis.PublicKeyCredential; Object.defineProperty(globalThis, "navigator", before); });

const registerOptions = async ({ client }) => (await client.$fetch("/passkey/generate-register-options")).data;
const signInOptions = async ({ client }) => (await client.$fetch("/passkey/generate-authenticate-options")).data;
const verify = async ({ client }, ceremony, response, fields = {}) =>
  refusal(await client.$fetch(`/passkey/verify-${ceremony}`, { method: "POST", body: { response, ...fields } }));
const isRefused = expect.stringMatching(/^40[01] (AUTHENTICATION_FAILED|FAILED_TO_VERIFY_REGISTRATION)$/);

/** A user with a passkey, signed in. */
async function enrolled(server, settings) {
  const user = await newUser(server);
  const authenticator = new Authenticator(settings);
  const who = page(server, user.jar);
  present(authenticator, server.origin);
  const { data, error } = await who.client.passkey.addPasskey({ name: "Laptop" });
  expect(error).toBeNull();
  return { ...user, ...who, authenticator, passkey: data };
}

describe("by default", () => {
  const server = serve(withPlugins({ id: "passkey" }, { id: "two-factor" }));

  test("the client registers, signs in, lists, renames and deletes", async () => {
    const user = await enrolled(server);
    expect(user.passkey).toMatchObject({ name: "Laptop", counter: 0, transports: "internal,hybrid", userId: user.data.user.id });
    expect(refusal(await user.client.passkey.addPasskey())).toBe("400 ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED");
    const other = page(server);
    const { data } = await other.client.signIn.passkey();
    expect(data.user.email).toBe(user.email);
    expect((await other.client.getSession()).data.session.token).toBe(data.session.token);
    expect((await other.client.passkey.listUserPasskeys()).data.map(({ id }) => id)).toEqual([user.passkey.id]);
    const { id } = user.passkey;
    expect((await other.client.passkey.updatePasskey({ id, name: " Work " })).data.passkey.name).toBe("Work");
    expect((await other.client.passkey.deletePasskey({ id })).data).toEqual({ status: true });
    expect((await other.client.passkey.listUserPasskeys()).data).toEqual([]);
    expect(refusal(await page(server).client.signIn.passkey())).toBe("401 PASSKEY_NOT_FOUND");
  });

  test("every method refuses who is not signed in", async () => {
    const { client } = page(server);
    present(new Authenticator(), server.origin);
    expect((await client.passkey.addPasskey()).error.status).toBe(401);
    expect((await client.passkey.listUserPasskeys()).error.status).toBe(401);
    expect((await client.passkey.updatePasskey({ id: "x", name: "y" })).error.status).toBe(401);
    expect((await client.passkey.deletePasskey({ id: "x" })).error.status).toBe(401);
    expect(refusal(await client.signIn.passkey())).toMatch(/^400 /);
  });

  test("PK-1: a challenge is redeemed once, in its browser, for its ceremony", async () => {
    const user = await enrolled(server);
    const asked = await registerOptions(user);
    const made = user.authenticator.create(asked, server.origin);
    expect(await verify(user, "authentication", made)).toBe("400 CHALLENGE_NOT_FOUND");
    expect(await verify(user, "registration", made)).toBe("400 CHALLENGE_NOT_FOUND");
    const who = page(server);
    const answer = user.authenticator.get(await signInOptions(who), server.origin);
    expect(await verify(page(server), "authentication", answer)).toBe("400 CHALLENGE_NOT_FOUND");
    const tampered = { ...answer, response: { ...answer.response, signature: "AAAA" } };
    expect(await verify(who, "authentication", tampered)).toEqual(isRefused);
    expect(await verify(who, "authentication", answer)).toBe("400 CHALLENGE_NOT_FOUND");
    const stranger = await newUser(server);
    await registerOptions(user);
    const jar = stranger.jar;
    jar.set(CHALLENGE, user.jar.get(CHALLENGE));
    expect(await verify(page(server, jar), "registration", made)).toBe("401 YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY");
  });

  test("PK-1: twenty answers at once open one session", async () => {
    const user = await enrolled(server);
    const who = page(server);
    const body = JSON.stringify({ response: user.authenticator.get(await signInOptions(who), server.origin) });
    const headers = { origin: server.origin, cookie: who.jar.header(), "content-type": "application/json" };
    const answers = await Promise.all(Array.from({ length: 20 }, () => raw(server, "POST", "/api/auth/passkey/verify-authentication", { headers, body })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status, text }) => status === 400 && JSON.parse(text).code === "CHALLENGE_NOT_FOUND")).toHaveLength(19);
  });

  test("PK-2: only the configured page may ask", async () => {
    const user = await enrolled(server);
    const { port } = new URL(server.origin);
    const evil = [`http://badlocalhost:${port}`, `https://localhost:${port}`, "http://localhost:8443", `${server.origin}.evil`, `http://a.localhost:${port}`, "null", ""];
    for (const origin of evil) {
      const who = page(server);
      expect(await verify(who, "authentication", user.authenticator.get(await signInOptions(who), origin)), origin).toEqual(isRefused);
      expect(await verify(user, "registration", user.authenticator.create(await registerOptions(user), origin)), origin).toEqual(isRefused);
      user.authenticator.creds.length = 1;
    }
    for (const edit of [{ crossOrigin: true }, { topOrigin: "https://evil.tld" }]) {
      const answer = user.authenticator.create(await registerOptions(user), server.origin);
      expect(await verify(user, "registration", edited(answer, edit)), JSON.stringify(edit)).toEqual(isRefused);
    }
  });

  test("PK-3: what an authenticator must say", async () => {
    const user = await enrolled(server);
    const edits = [{ type: "webauthn.get" }, { challenge: "AAAA" }, { tokenBinding: { status: "present", id: "x" } }];
    for (const edit of edits) {
      const answer = user.authenticator.create(await registerOptions(user), server.origin);
      expect(await verify(user, "registration", edited(answer, edit)), JSON.stringify(edit)).toEqual(isRefused);
    }
    const asked = await registerOptions(user);
    const elsewhere = user.authenticator.create({ ...asked, rp: { id: "evil.tld" } }, server.origin);
    expect(await verify(user, "registration", elsewhere)).toEqual(isRefused);
    for (const flags of [0x00, 0x04, 0x11]) {
      const authenticator = Object.assign(new Authenticator(), { flags: (made) => flags | (made ? 0x40 : 0) });
      expect(await verify(user, "registration", authenticator.create(await registerOptions(user), server.origin)), flags).toEqual(isRefused);
    }
  });

  test("PK-3: without user verification a passkey is one factor", async () => {
    const user = await enrolled(server, { uv: false });
    const { data } = await user.client.twoFactor.enable({ password: PASSWORD });
    expect((await user.client.twoFactor.verifyTotp({ code: totpFromUri(data.totpURI) })).error).toBeNull();
    const who = page(server);
    expect((await who.client.signIn.passkey()).data.twoFactorRedirect).toBe(true);
    expect(await isSignedIn(who)).toBe(false);
    user.authenticator.uv = true;
    expect((await who.client.signIn.passkey()).data.user.email).toBe(user.email);
    expect(await isSignedIn(who)).toBe(true);
  });

  test("PK-4: a counter only grows, also for many at once", async () => {
    const user = await enrolled(server);
    const attempt = async (counter) => {
      const who = page(server);
      return verify(who, "authentication", user.authenticator.get(await signInOptions(who), server.origin, { counter }));
    };
    expect([await attempt(0), await attempt(0), await attempt(10)]).toEqual(["ok", "ok", "ok"]);
    for (const counter of [10, 9, 0]) expect(await attempt(counter), counter).toEqual(isRefused);
    const raced = await Promise.all(Array.from({ length: 10 }, () => attempt(11)));
    expect(raced.filter((outcome) => outcome === "ok")).toHaveLength(1);
  });

  test("PK-5: nobody touches the passkey of another", async () => {
    const user = await enrolled(server);
    const stranger = page(server, (await newUser(server)).jar);
    const { id } = user.passkey;
    expect((await stranger.client.passkey.updatePasskey({ id, name: "mine" })).error.status).toBe(401);
    expect((await stranger.client.passkey.deletePasskey({ id })).error.status).toBe(401);
    expect((await stranger.client.passkey.deletePasskey({ id: "unknown" })).error.status).toBe(404);
    expect((await user.client.passkey.listUserPasskeys()).data[0].name).toBe("Laptop");
  });

  test("PK-6: a credential signs its owner in, and has one", async () => {
    const [ada, eve] = [await enrolled(server), await enrolled(server)];
    const who = page(server);
    const answer = ada.authenticator.get(await signInOptions(who), server.origin);
    answer.response.userHandle = eve.authenticator.creds[0].userHandle;
    const outcome = await verify(who, "authentication", answer);
    if (outcome === "ok") expect((await who.client.getSession()).data.user.email).toBe(ada.email);
    else expect(outcome).toEqual(isRefused);
    const made = eve.authenticator.create(await registerOptions(eve), server.origin);
    expect(await verify(eve, "registration", made)).toBe("ok");
    const { challenge } = await registerOptions(ada);
    expect(await verify(ada, "registration", edited(made, { challenge }))).toBe("400 PREVIOUSLY_REGISTERED");
  });

  test("PK-6: of ten who register one credential at once, one keeps it", async () => {
    const users = await Promise.all(Array.from({ length: 10 }, () => newUser(server)));
    const pages = users.map(({ jar }) => page(server, jar));
    const asked = await Promise.all(pages.map(registerOptions));
    const made = new Authenticator().create(asked[0], server.origin);
    const outcomes = await Promise.all(pages.map((who, i) => verify(who, "registration", edited(made, { challenge: asked[i].challenge }))));
    expect(outcomes.filter((outcome) => outcome === "ok"), outcomes.join()).toHaveLength(1);
    expect(outcomes.every((outcome) => /^(ok|4\d\d .*)$/.test(outcome)), outcomes.join()).toBe(true);
  });

  test("PK-7: malformed answers are refused", async () => {
    const user = await enrolled(server);
    for (const attestationObject of ["", "oA", "////", "A".repeat(3_000)]) {
      const answer = user.authenticator.create(await registerOptions(user), server.origin);
      answer.response.attestationObject = attestationObject;
      expect(await verify(user, "registration", answer), attestationObject.slice(0, 9)).toEqual(isRefused);
    }
    for (const response of [{}, { id: 1 }, { id: "x", response: null }]) expect((await verify(page(server), "authentication", response)).slice(0, 2)).toBe("40");
  });

  test("PK-8: a stale session adds no passkey", async ({ skip }) => {
    if (!server.database) skip();
    const user = await newUser(server);
    const old = server.database.kind === "postgres" ? new Date(Date.now() - 2 * 86_400_000).toISOString() : null;
    const [{ createdAt }] = await server.database.all("select createdAt from session where userId = ?", user.data.user.id);
    const earlier = old ?? (typeof createdAt === "number" ? createdAt - 2 * 86_400_000 : new Date(Date.parse(createdAt) - 2 * 86_400_000).toISOString());
    await server.database.run("update session set createdAt = ? where userId = ?", earlier, user.data.user.id);
    const { client } = page(server, user.jar);
    expect(refusal(await client.passkey.addPasskey())).toBe("403 SESSION_NOT_FRESH");
  });
});

describe("PK-8: who has nothing but passkeys", () => {
  const server = serve({ plugins: [{ id: "passkey" }, { id: "admin" }] });
  const open = serve({ plugins: [{ id: "passkey", allow_deleting_last: true }] });
  /** A user with a passkey and no password, as an account of a magic link is. */
  async function withoutPassword(where) {
    const user = await enrolled(where);
    await where.database.run("delete from account where userId = ?", user.data.user.id);
    return user;
  }
  const listed = async (user) => (await user.client.passkey.listUserPasskeys()).data.map(({ id }) => id);

  test("keeps the last one, also of two that are deleted at once", async () => {
    const user = await withoutPassword(server);
    const { id } = user.passkey;
    expect(refusal(await user.client.passkey.deletePasskey({ id }))).toBe("400 FAILED_TO_DELETE_LAST_PASSKEY");
    expect(await listed(user)).toEqual([id]);
    for (let round = 0; round < 5; round++) {
      const second = new Authenticator();
      present(second, server.origin);
      expect((await user.client.passkey.addPasskey({ name: `Key ${round}` })).error).toBeNull();
      const both = await listed(user);
      const outcomes = await Promise.all(both.map((id) => user.client.passkey.deletePasskey({ id })));
      expect(outcomes.map(refusal).sort()).toEqual(["400 FAILED_TO_DELETE_LAST_PASSKEY", "ok"]);
      expect(await listed(user)).toHaveLength(1);
    }
  });

  test("may delete it with a password, with another account, or when the operator lets them", async () => {
    const password = await enrolled(server);
    expect(refusal(await password.client.passkey.deletePasskey({ id: password.passkey.id }))).toBe("ok");
    const linked = await enrolled(server);
    await server.database.run("update account set providerId = 'google', password = null where userId = ?", linked.data.user.id);
    expect(refusal(await linked.client.passkey.deletePasskey({ id: linked.passkey.id }))).toBe("ok");
    const free = await withoutPassword(open);
    expect(refusal(await free.client.passkey.deletePasskey({ id: free.passkey.id }))).toBe("ok");
  });

  test("is not signed in while banned", async () => {
    const user = await withoutPassword(server);
    await server.database.run("update user set banned = ? where id = ?", server.database.kind === "postgres" ? true : 1, user.data.user.id);
    const who = page(server);
    expect(refusal(await who.client.signIn.passkey())).toBe("403 BANNED_USER");
    expect(await isSignedIn(who)).toBe(false);
    expect(who.jar.keys()).not.toContain("better-auth.session_token");
  });
});

describe("with user verification required", () => {
  const server = serve(withPlugins({ id: "passkey", authenticator_selection: { user_verification: "required" } }));

  test("PK-3: presence is not enough", async () => {
    const user = await enrolled(server);
    user.authenticator.uv = false;
    expect(await verify(user, "registration", user.authenticator.create(await registerOptions(user), server.origin))).toBe("400 FAILED_TO_VERIFY_REGISTRATION");
    expect(refusal(await page(server).client.signIn.passkey())).toBe("400 AUTHENTICATION_FAILED");
    user.authenticator.uv = true;
    expect(refusal(await page(server).client.signIn.passkey())).toBe("ok");
  });
});
