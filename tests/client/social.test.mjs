// The social plugin: the client library's calls against a real OpenID provider.
import { adminClient, twoFactorClient } from "better-auth/client/plugins";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startOpenIdProvider } from "../harness/openid_provider.mjs";
import { totpFromUri } from "../wire/lib/totp.mjs";
import { browser, inPage, newUser, PASSWORD, serve } from "./harness.mjs";

const provider = await startOpenIdProvider();
const { client_id, client_secret } = provider.client;
const settings = { client_id, client_secret, discovery_url: `${provider.issuer}/.well-known/openid-configuration`, authentication: "basic", scopes: ["openid", "email", "profile", "offline_access"] };
const social = { id: "social", providers: { op: settings }, http: { hosts: [provider.host], allow_private: true, allow_http: true } };
const server = serve({ plugins: [social, { id: "last-login-method" }, { id: "admin" }, { id: "two-factor" }] });
beforeAll(() => { provider.register(`${server.origin}/api/auth/callback/op`); });
afterAll(() => provider.stop());

let people = 0;
/** Somebody whom the provider knows. */
function person(fields = {}) {
  const login = `person-${++people}`;
  provider.people.set(login, { email: `${login}@example.com`, email_verified: true, name: `Person ${people}`, picture: "https://img.example.com/p.png", ...fields });
  return { login, ...provider.people.get(login) };
}
const way = { provider: "op", callbackURL: "/home", errorCallbackURL: "/oops", newUserCallbackURL: "/welcome" };
/** From the provider back to the server: where the browser ends. */
const comeBack = async (who, url) => (await who.send(url)).headers.get("location");
async function signIn(who, login, fields = {}) {
  const { data, error } = await who.client.signIn.social({ ...way, ...fields });
  expect(error).toBeNull();
  return comeBack(who, await provider.visit(data.url, login));
}
const accountsOf = async (who) => (await who.client.listAccounts()).data;
const verify = (user) => server.database.run("update user set emailVerified = ? where id = ?", server.database.kind === "postgres" ? true : 1, user.data.user.id);

test("a new user is welcomed, comes home the next time, and has one account", async () => {
  const ada = person();
  const who = browser(server);
  expect(await signIn(who, ada.login)).toBe("/welcome");
  const { user } = (await who.client.getSession()).data;
  expect(user).toMatchObject({ email: ada.email, emailVerified: true, name: ada.name, image: ada.picture });
  expect(inPage(who, () => who.client.getLastUsedLoginMethod())).toBe("op");
  const again = browser(server);
  expect(await signIn(again, ada.login)).toBe("/home");
  expect((await again.client.getSession()).data.user.id).toBe(user.id);
  const [account, ...others] = await accountsOf(again);
  expect(others).toEqual([]);
  expect(account).toMatchObject({ providerId: "op", accountId: ada.login, userId: user.id });
  expect(account.scopes).toEqual(expect.arrayContaining(["openid", "email", "profile"]));
  expect(account).not.toHaveProperty("accessToken");
});

test("tokens are given, refreshed with rotation, and the profile is asked anew", async () => {
  const ada = person();
  const who = browser(server);
  await signIn(who, ada.login);
  const [{ id }] = await accountsOf(who);
  const first = (await who.client.getAccessToken({ accountId: id })).data;
  expect(first.accessToken).toMatch(/^.{20,}$/);
  expect(new Date(first.accessTokenExpiresAt).getTime()).toBeGreaterThan(Date.now());
  const stored = async () => (await server.database.all("select refreshToken from account where id = ?", id))[0].refreshToken;
  const before = await stored();
  const refreshed = (await who.client.refreshToken({ accountId: id })).data;
  expect(refreshed).toMatchObject({ providerId: "op", accountId: id });
  expect(refreshed.accessToken).not.toBe(first.accessToken);
  expect(refreshed.refreshToken, "the provider rotates it").not.toBe(before);
  expect(await stored()).toBe(refreshed.refreshToken);
  const { data } = await who.client.accountInfo({ query: { accountId: id } });
  expect(data.user).toMatchObject({ email: ada.email, emailVerified: true, name: ada.name });
  expect(data.account).toEqual({ id, providerId: "op", accountId: ada.login });
  await server.database.run("update account set accessTokenExpiresAt = ? where id = ?", new Date(Date.now() - 1000).toISOString(), id);
  const renewed = (await who.client.getAccessToken({ accountId: id })).data;
  expect(renewed.accessToken).not.toBe(refreshed.accessToken);
  await server.database.run("update account set refreshToken = ? where id = ?", before, id);
  expect((await who.client.refreshToken({ accountId: id })).error, "a spent token").toMatchObject({ status: 400, code: "FAILED_TO_REFRESH_ACCESS_TOKEN" });
});

test("an account is linked, used and unlinked, and the last way in stays", async () => {
  const user = await newUser(server);
  const ada = person({ email: user.email });
  const link = async () => comeBack(user, await provider.visit((await user.client.linkSocial({ provider: "op", callbackURL: "/settings", errorCallbackURL: "/oops" })).data.url, ada.login));
  expect(await link()).toBe("/settings");
  expect((await accountsOf(user)).map((account) => account.providerId).sort()).toEqual(["credential", "op"]);
  const who = browser(server);
  expect(await signIn(who, ada.login)).toBe("/home");
  expect((await who.client.getSession()).data.user.id).toBe(user.data.user.id);
  for (const account of await accountsOf(who)) {
    const { data, error } = await who.client.unlinkAccount({ accountId: account.id });
    if (account.providerId === "credential") expect(data).toEqual({ status: true });
    else expect(error).toMatchObject({ code: "FAILED_TO_UNLINK_LAST_ACCOUNT" });
  }
});

test("an account with another address is not linked, and one of somebody else is not taken", async () => {
  const user = await newUser(server);
  const ada = person();
  const other = browser(server);
  await signIn(other, ada.login);
  const { data } = await user.client.linkSocial({ provider: "op", callbackURL: "/settings", errorCallbackURL: "/oops" });
  expect(await comeBack(user, await provider.visit(data.url, ada.login))).toBe("/oops?error=email_does_not_match");
  expect((await accountsOf(user)).length).toBe(1);
});

test("a user who says no at the provider comes back with that", async () => {
  const who = browser(server);
  const { data } = await who.client.signIn.social(way);
  const answer = await comeBack(who, await provider.visit(data.url, "nobody", { deny: true }));
  expect(answer).toMatch(/^\/oops\?error=access_denied/);
  expect((await who.client.getSession()).data).toBeNull();
});

test("signing out tells the provider's page", async () => {
  const who = browser(server);
  await signIn(who, person().login);
  const { data } = await who.client.signOut();
  expect(data).toMatchObject({ success: true, redirect: true });
  const url = new URL(data.url);
  expect(url.origin).toBe(provider.issuer);
  expect(url.searchParams.get("id_token_hint")).toMatch(/^ey/);
  expect((await who.client.getSession()).data).toBeNull();
});

test("who is banned is sent to the page for errors, and no session is made", async () => {
  const ada = person();
  const who = browser(server, { plugins: [adminClient()] });
  await signIn(who, ada.login);
  await server.database.run("update user set banned = ? where email = ?", server.database.kind === "postgres" ? true : 1, ada.email);
  const again = browser(server);
  expect(await signIn(again, ada.login)).toMatch(/^\/oops\?error=BANNED_USER&error_description=/);
  expect((await again.client.getSession()).data).toBeNull();
});

test("a second factor is asked for after the provider, too", async () => {
  const user = await newUser(server);
  const page = browser(server, { jar: user.jar, plugins: [twoFactorClient()] });
  const { data } = await page.client.twoFactor.enable({ password: PASSWORD });
  expect((await page.client.twoFactor.verifyTotp({ code: totpFromUri(data.totpURI) })).error).toBeNull();
  await verify(user);
  const ada = person({ email: user.email });
  const who = browser(server, { plugins: [twoFactorClient()] });
  const end = await signIn(who, ada.login);
  expect(end).toMatch(/twoFactorRedirect=true/);
  expect((await who.client.getSession()).data).toBeNull();
  expect((await who.client.twoFactor.verifyTotp({ code: totpFromUri(data.totpURI, { step: 1 }) })).error).toBeNull();
  expect((await who.client.getSession()).data.user.id).toBe(user.data.user.id);
});

test("neither the client's secret nor a token is in the log", async () => {
  const who = browser(server);
  await signIn(who, person().login);
  const tokens = await server.database.all("select accessToken, refreshToken, idToken from account");
  const secrets = [client_secret, ...tokens.flatMap(Object.values)].filter(Boolean);
  expect(secrets.length).toBeGreaterThan(3);
  for (const secret of secrets) expect(server.log()).not.toContain(secret);
});
