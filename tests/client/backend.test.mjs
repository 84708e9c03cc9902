// A backend's own calls with plugins: names of the reference, an administrator's session, tokens by the id of a user.
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../harness/doorward.mjs";
import { startOpenIdProvider } from "../harness/openid_provider.mjs";
import { browser, newUser, serve } from "./harness.mjs";

const KEY = "management-key-0123456789-abcdefghijklmnop";
const FEW = "management-key-of-another-0123456789-abcdef";
const port = await freePort();
const provider = await startOpenIdProvider();
const { client_id, client_secret } = provider.client;
const settings = { client_id, client_secret, discovery_url: `${provider.issuer}/.well-known/openid-configuration`, authentication: "basic", scopes: ["openid", "email", "profile", "offline_access"] };
const server = serve({
  plugins: [{ id: "social", providers: { op: settings }, http: { hosts: [provider.host], allow_private: true, allow_http: true } }, { id: "admin" }, { id: "bearer" }],
  management: { address: `127.0.0.1:${port}`, keys: [{ name: "all", value: KEY, scopes: ["*"] }, { name: "few", value: FEW, scopes: ["list-users"] }] },
});
beforeAll(() => provider.register(`${server.origin}/api/auth/callback/op`));
afterAll(() => provider.stop());

async function call(name, request = {}, key = KEY) {
  const answer = await fetch(`http://127.0.0.1:${port}/${name}`, { method: "POST", headers: { authorization: `Bearer ${key}` }, body: JSON.stringify(request) });
  return { status: answer.status, data: await answer.json().catch(() => null) };
}

test("list-users answers an administrator's session, by each of its names and within its scope", async () => {
  const ada = await newUser(server);
  await server.database.run("update user set role = ? where id = ?", "admin", ada.data.user.id);
  const headers = { cookie: ada.jar.header() };
  for (const name of ["list-users", "admin-list-users", "admin/list-users"]) {
    const { status, data } = await call(name, { headers, query: { limit: "1" } });
    expect({ status, users: data.users.length }).toEqual({ status: 200, users: 1 });
  }
  expect((await call("list-users", { headers }, FEW)).status).toBe(200);
  expect((await call("ban-user", { headers, body: { userId: ada.data.user.id } }, FEW)).data.code).toBe("INSUFFICIENT_SCOPE");
  expect((await call("list-users")).status).toBe(401);
  // The signed token of a session does as well as its cookie, and without its signature it is nobody's.
  const signed = decodeURIComponent(ada.jar.get("better-auth.session_token"));
  expect((await call("list-users", { headers: { authorization: `Bearer ${signed}` } })).status).toBe(200);
  expect((await call("list-users", { headers: { authorization: `Bearer ${ada.data.token}` } })).status).toBe(401);
});

test("tokens of a user's account are had by the user's id, and no other session comes of it", async () => {
  provider.people.set("bob", { email: "bob@example.com", email_verified: true, name: "Bob" });
  const bob = browser(server);
  const { data } = await bob.client.signIn.social({ provider: "op", callbackURL: "/home" });
  await bob.send(await provider.visit(data.url, "bob"));
  const userId = (await bob.client.getSession()).data.user.id;
  const sessions = await server.database.all("select id from session");
  const [account] = (await bob.client.listAccounts()).data;
  const { status, data: tokens } = await call("get-access-token", { body: { accountId: account.id, userId } });
  expect({ status, accessToken: tokens.accessToken }).toEqual({ status: 200, accessToken: expect.stringMatching(/^.+$/) });
  expect((await call("get-access-token", { body: { providerId: "op", userId } })).data.accessToken).toBe(tokens.accessToken);
  expect((await call("refresh-token", { body: { providerId: "op", accountId: account.accountId, userId } })).status).toBe(200);
  expect((await call("account-info", { query: { accountId: account.accountId, userId } })).data.user.email).toBe("bob@example.com");
  expect((await call("get-access-token", { body: { accountId: account.id, userId: "nobody" } })).status).toBe(401);
  expect((await call("get-access-token", { body: { accountId: account.id } })).status).toBe(401);
  // A session wins over the id, and on the public address the id is nothing.
  const eve = await newUser(server);
  const request = { body: { accountId: account.id, userId } };
  expect((await call("get-access-token", { ...request, headers: { cookie: eve.jar.header() } })).data.code).toBe("ACCOUNT_NOT_FOUND");
  expect((await eve.client.getAccessToken(request.body)).error.code).toBe("ACCOUNT_NOT_FOUND");
  expect((await browser(server).client.getAccessToken(request.body)).error.status).toBe(401);
  // No other endpoint acts for a user whom the call only names.
  expect((await call("list-accounts", { query: { userId }, body: { userId } })).status).toBe(401);
  expect((await call("update-user", { body: { name: "Mallory", userId } })).status).toBe(401);
  expect((await server.database.all("select id from session")).length).toBe(sessions.length + 1);
});

test("a sign-in page learns methods and providers", async () => {
  const page = await (await fetch(`${server.origin}/api/auth/config`)).json();
  expect(page).toMatchObject({ methods: ["email", "social"], providers: [{ id: "op", name: "Op" }], emailAndPassword: { minPasswordLength: 8 } });
});
