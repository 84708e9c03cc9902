// Sessions and accounts through the official client: listed, revoked, updated, and fields that the operator added.
import { inferAdditionalFields } from "better-auth/client/plugins";
import { expect, test } from "vitest";
import { browser, newUser, PASSWORD, serve } from "./harness.mjs";

const server = serve({
  user: {
    additional_fields: {
      plan: { type: "string", default_value: "free" },
      credits: { type: "number", default_value: 3, input: false },
      note: { type: "string", returned: false },
    },
  },
  session: { additional_fields: { theme: { type: "string", default_value: "light" } } },
});

async function signedInTwice() {
  const here = await newUser(server);
  const there = browser(server);
  expect((await there.client.signIn.email({ email: here.email, password: PASSWORD })).error).toBeNull();
  return { here, there };
}

test("listSessions shows every device", async () => {
  const { here } = await signedInTwice();
  const { data, error } = await here.client.listSessions();
  expect(error).toBeNull();
  expect(data).toHaveLength(2);
  const own = (await here.client.getSession()).data.session.token;
  expect(data.map((session) => session.token)).toContain(own);
  expect((await browser(server).client.listSessions()).error.status).toBe(401);
});

test("revokeSession ends one session of one's own, and no other's", async () => {
  const { here, there } = await signedInTwice();
  const { token } = (await there.client.getSession()).data.session;
  const stranger = await newUser(server);
  expect((await stranger.client.revokeSession({ token })).data).toEqual({ status: true });
  expect((await there.client.getSession()).data).not.toBeNull();
  expect((await here.client.revokeSession({ token })).data).toEqual({ status: true });
  expect((await there.client.getSession()).data).toBeNull();
  expect((await here.client.getSession()).data).not.toBeNull();
});

test("revokeOtherSessions leaves the caller's", async () => {
  const { here, there } = await signedInTwice();
  expect((await here.client.revokeOtherSessions()).data).toEqual({ status: true });
  expect((await there.client.getSession()).data).toBeNull();
  expect((await here.client.getSession()).data).not.toBeNull();
});

test("revokeSessions ends all", async () => {
  const { here, there } = await signedInTwice();
  expect((await here.client.revokeSessions()).data).toEqual({ status: true });
  expect((await there.client.getSession()).data).toBeNull();
  expect((await here.client.getSession()).data).toBeNull();
});

test("updateSession sets the session's own fields and nothing else", async () => {
  const { client } = await newUser(server);
  const before = (await client.getSession()).data.session;
  expect(before.theme).toBe("light");
  const { error } = await client.updateSession({ theme: "dark" });
  expect(error).toBeNull();
  const after = (await client.getSession()).data.session;
  expect(after).toMatchObject({ theme: "dark", token: before.token, userId: before.userId, expiresAt: before.expiresAt });
  await client.updateSession({ userId: "someone-else", token: "chosen" });
  expect((await client.getSession()).data.session).toMatchObject({ token: before.token, userId: before.userId });
});

test("listAccounts shows the credential; the last account stays", async () => {
  const { client } = await newUser(server);
  const { data } = await client.listAccounts();
  expect(data).toHaveLength(1);
  expect(data[0]).toMatchObject({ providerId: "credential" });
  expect(data[0]).not.toHaveProperty("password");
  const { error } = await client.unlinkAccount({ providerId: "credential", accountId: data[0].id });
  expect(error).toMatchObject({ status: 400, code: "FAILED_TO_UNLINK_LAST_ACCOUNT" });
  expect((await client.listAccounts()).data).toHaveLength(1);
});

test("fields that the operator added go in and come out by their rules", async () => {
  const plugins = [inferAdditionalFields({ user: { plan: { type: "string" }, note: { type: "string" } } })];
  const { client } = browser(server, { plugins });
  const email = `fields-${Date.now()}@example.com`;
  const made = await client.signUp.email({ name: "Ada", email, password: PASSWORD, plan: "pro", note: "between us" });
  expect(made.error).toBeNull();
  expect(made.data.user).toMatchObject({ plan: "pro", credits: 3 });
  expect(made.data.user).not.toHaveProperty("note");
  expect((await client.updateUser({ plan: "team" })).error).toBeNull();
  expect((await client.updateUser({ credits: 1_000 })).error).toMatchObject({ status: 400, code: "FIELD_NOT_ALLOWED" });
  expect((await client.getSession()).data.user).toMatchObject({ plan: "team", credits: 3 });
});
