// Flows: what sign-in with a provider takes and refuses, and the options of providers and linking.
import { flow, Jar } from "../lib/recorder.mjs";
import { ada, atProvider, idp, idp2, provider } from "../lib/idp.mjs";
const A = "core-accounts-oauth";
const V = (name, o = {}, extra = {}) => ({ name: `core+generic-oauth:${name}`, plugins: { genericOAuth: { config: [provider(o), provider({}, idp2, "second")] } }, options: { ...extra } });
const reset = () => { for (const i of [idp, idp2]) { Object.assign(i, { user: { ...ada }, fail: null, expiresIn: 3600, scope: undefined, noIdToken: false, iss: undefined, idTokenOverride: undefined }); i.log.length = 0; } };
const begin = async (t, path, body, o = {}, i = idp) => atProvider(t, (await t.req("", "POST", path, { json: { provider: i === idp ? "wire" : "second", callbackURL: "/home", errorCallbackURL: "/oops", ...body }, record: false, ...o })).body.url, i);
const signIn = async (t, note, body = {}, o = {}) => t.get(note, await begin(t, "/sign-in/social", body, o), { abs: true, ...o });
const who = (t, note, o = {}) => t.get(note, "/get-session", o);

flow(A, "input", "what the bodies must be", V("input"), async (t) => {
  reset();
  for (const [note, body] of Object.entries({
    "no object": [], "provider of another type": { provider: 1 }, "provider null": { provider: null },
    "everything of another type": { provider: "wire", callbackURL: 1, newUserCallbackURL: 2, errorCallbackURL: 3, disableRedirect: "x", idToken: 4, scopes: 5, requestSignUp: 6, loginHint: 7, additionalParams: 8, additionalData: 9 },
    "scopes with a number": { provider: "wire", scopes: ["a", 1] }, "params with a number": { provider: "wire", additionalParams: { a: 1, b: "x" } },
    "id token of another type": { provider: "wire", idToken: { token: 1, nonce: 2, accessToken: 3, refreshToken: 4, expiresAt: "5", user: 6 } },
    "id token's user": { provider: "wire", idToken: { token: "x", user: { name: { firstName: 1 }, email: 2 } } },
    "empty id token": { provider: "wire", idToken: { token: "" } },
  })) await t.post(note, "/sign-in/social", body, { jar: null });
  await t.req("GET", "GET", "/sign-in/social", { jar: null });
  await t.post("link: body before session", "/link-social", { provider: 1 }, { jar: null });
  await t.get("callback with a repeated state", "/callback/wire?state=a&state=b", { jar: null });
  await t.get("callback with an empty state", "/callback/wire?code=a&state=", { jar: null });
  await t.post("callback by JSON", "/callback/wire", { code: "a b", state: "s", extra: "x" }, { jar: null });
  await t.post("callback by JSON, wrong type", "/callback/wire", { code: 1 }, { jar: null });
  await t.req("callback by form, query first", "POST", "/callback/wire?code=q&iss=i", { raw: "code=b&state=s", headers: { "content-type": "application/x-www-form-urlencoded" }, jar: null, origin: null });
  await t.post("sign out with wrong types", "/sign-out", { callbackURL: 1, disableRedirect: "x", state: 2 }, { jar: null });
  for (const path of ["/get-access-token", "/refresh-token"]) await t.post(`${path}: no object`, path, [], { jar: null });
  await t.get("account-info: cookie in the query", "/account-info?useAccountCookie=true", { jar: null });
});
flow(A, "override-user-info", "overrideUserInfo, requestSignUp and the second sign-in", V("override", { overrideUserInfo: true, disableImplicitSignUp: true }), async (t) => {
  reset();
  await signIn(t, "no implicit sign-up");
  await signIn(t, "with requestSignUp", { requestSignUp: true });
  idp.user = { ...ada, name: "Countess", picture: "https://img.example.com/new.png", email: "new@example.com", email_verified: false };
  await signIn(t, "again, with another name and address");
  await who(t, "replaced");
});
flow(A, "require-email-verification", "requireEmailVerification of a provider", V("require-verified", { requireEmailVerification: true }), async (t) => {
  reset(); idp.user = { ...ada, email_verified: false };
  await signIn(t, "new, not verified");
  await signIn(t, "again");
  t.note("user", { row: await t.row("select email, emailVerified, name from user") });
  idp.user = { ...ada };
  await signIn(t, "verified by the provider");
});
flow(A, "linking-policies", "trusted providers, other addresses, profile on link", V("policies", {}, { account: { updateAccountOnSignIn: false, accountLinking: { trustedProviders: ["wire"], allowDifferentEmails: true, updateUserInfoOnLink: true } } }), async (t) => {
  reset(); await t.signUp(); await t.sql("update user set emailVerified = 1");
  idp.user = { ...ada, email_verified: false };
  await signIn(t, "a trusted provider links without a verified address", {}, { jar: (t.j = new Jar()) });
  await who(t, "the profile was taken", { jar: t.j });
  idp2.user = { ...ada, sub: "second-1", email: "other@example.com", name: "Other Name" };
  await t.get("another address is linked", await begin(t, "/link-social", {}, {}, idp2), { abs: true });
  await who(t, "its profile was taken");
  const before = (await t.row("select accessToken from account where providerId = 'wire'")).accessToken;
  await signIn(t, "signs in again", {}, { jar: new Jar() });
  t.note("tokens stay", { same: (await t.row("select accessToken from account where providerId = 'wire'")).accessToken === before });
  const bob = new Jar(); await t.signUp("bob@example.com", { jar: bob });
  await t.get("an account of somebody else", await begin(t, "/link-social", {}, { jar: bob }), { abs: true, jar: bob });
});
flow(A, "implicit-linking-disabled", "disableImplicitLinking", V("no-implicit", {}, { account: { accountLinking: { disableImplicitLinking: true } } }), async (t) => {
  reset(); await t.signUp(); await t.sql("update user set emailVerified = 1");
  await signIn(t, "refused", {}, { jar: new Jar() });
  await t.get("linked on request", await begin(t, "/link-social", {}), { abs: true });
});
flow(A, "state-in-a-cookie", "faults of the state cookie, and a link", V("state-cookie", {}, { account: { storeStateStrategy: "cookie" } }), async (t) => {
  reset(); await t.signUp();
  const cb = await begin(t, "/link-social", {});
  await t.get("another state", cb.replace(/state=[^&]+/, "state=x"), { abs: true });
  await t.get("no cookie", cb, { abs: true, jar: null });
  await t.get("a damaged cookie", cb, { abs: true, jar: new Jar().set("better-auth.oauth_state", "abcd") });
  await t.get("linked", cb, { abs: true });
  await t.post("sign out", "/sign-out", {});
});
flow(A, "skip-state-cookie-check", "another browser with skipStateCookieCheck", V("skip-state", {}, { account: { skipStateCookieCheck: true } }), async (t) => {
  reset();
  await t.get("signed in in another browser", await begin(t, "/sign-in/social", {}), { abs: true, jar: (t.j = new Jar()) });
  await who(t, "session", { jar: t.j });
});
flow(A, "provider-settings", "settings of a provider in its URLs", V("settings", { prompt: "consent", accessType: "offline", pkce: false, disableIdTokenNonceBinding: true, authorizationUrlParams: { audience: "api", state: "x" }, tokenUrlParams: { resource: "r" }, postLogoutRedirectURI: "/after", authentication: "basic" }), async (t) => {
  reset();
  await t.post("start", "/sign-in/social", { provider: "wire", callbackURL: "/home", loginHint: "a@b.co", additionalParams: { prompt: "none", z: "1" } }, { jar: new Jar() });
  const cb = await begin(t, "/sign-in/social", {}); idp.log.length = 0;
  await t.get("callback", cb, { abs: true, idp });
  await t.post("sign out", "/sign-out", {});
});
