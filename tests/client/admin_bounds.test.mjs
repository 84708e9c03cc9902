// The bounds of administrators: what they may do to whom, and what an impersonation is good for.
import { adminClient, usernameClient } from "better-auth/client/plugins";
import { expect, test } from "vitest";
import { browser as plainBrowser, PASSWORD, serve } from "./harness.mjs";

const ALL = { user: ["create", "list", "set-role", "ban", "impersonate", "delete", "set-password", "set-email", "set-username", "get", "update"], session: ["list", "revoke"] };
const roles = { admin: ALL, support: { user: ["set-password", "set-role", "update", "ban", "impersonate", "get", "list"], session: ["list", "revoke"] }, user: {} };
const plugins = [{ id: "username" }, { id: "two-factor" }, { id: "jwt" }, { id: "bearer" }, { id: "admin", roles, allow_impersonating_admins: true }];
const server = serve({ session: { cookie_cache: { enabled: true, max_age: 300 } }, plugins });

const browser = (options = {}) => plainBrowser(server, { plugins: [adminClient(), usernameClient()], ...options });
let made = 0;
async function person(role = "user", where = browser(), extra = {}) {
  const email = `bound${++made}@example.com`;
  const { data, error } = await where.client.signUp.email({ name: `Bound ${made}`, email, password: PASSWORD, ...extra });
  expect(error).toBeNull();
  await server.database.run("update user set role = ? where id = ?", role, data.user.id);
  return { ...where, id: data.user.id, email, token: data.token };
}
async function call({ send }, method, path, body) {
  const response = await send(`${server.origin}/api/auth${path}`, method === "GET" ? {} : { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body ?? {}) });
  const text = await response.text();
  return { status: response.status, json: text ? JSON.parse(text) : null, headers: response.headers };
}
const row = async (id) => (await server.database.all("select * from user where id = ?", id))[0];
const sessionsOf = (id) => server.database.all("select id, token, impersonatedBy from session where userId = ?", id);
const whose = async (who) => (await call(who, "GET", "/get-session")).json?.user.id;

test("nobody changes a user who has permissions that they lack", async () => {
  const [support, admin] = [await person("support"), await person("admin")];
  const before = [await row(admin.id), await sessionsOf(admin.id)];
  const [{ id: sessionId }] = before[1];
  for (const [path, body] of [["set-user-password", { newPassword: "another horse 1" }], ["set-role", { role: "user" }], ["update-user", { data: { name: "x" } }], ["ban-user", {}], ["unban-user", {}], ["impersonate-user", {}], ["revoke-user-sessions", {}], ["revoke-user-session", { sessionId }], ["revoke-user-session", { sessionToken: admin.token }]]) {
    const { status, json } = await call(support, "POST", `/admin/${path}`, { userId: admin.id, ...body });
    expect({ path, status, code: json.code }).toEqual({ path, status: 403, code: "USER_HAS_MORE_PERMISSIONS" });
  }
  for (const userId of [support.id, (await person()).id]) for (const [path, body] of [["set-role", { role: "admin" }], ["set-role", { role: ["user", "admin"] }], ["update-user", { data: { role: "admin" } }]]) {
    const { status, json } = await call(support, "POST", `/admin/${path}`, { userId, ...body });
    expect({ path, status, code: json.code }).toEqual({ path, status: 403, code: "ROLE_HAS_MORE_PERMISSIONS" });
  }
  expect([await row(admin.id), await sessionsOf(admin.id)]).toEqual(before);
  const bob = await person();
  expect((await call(support, "POST", "/admin/set-user-password", { userId: bob.id, newPassword: "another horse 1" })).status).toBe(200);
});

test("sessions of others are named by ids", async () => {
  const [admin, bob] = [await person("admin"), await person()];
  const { json } = await call(admin, "POST", "/admin/list-user-sessions", { userId: bob.id });
  expect(json.sessions.map((session) => [session.userId, "token" in session])).toEqual([[bob.id, false]]);
  expect((await call(admin, "POST", "/admin/revoke-user-session", { sessionToken: json.sessions[0].id })).json).toEqual({ success: true });
  expect(await sessionsOf(bob.id)).toEqual([]);
});

test("new passwords hold the rules", async () => {
  const admin = await person("admin");
  for (const [password, code] of [["short", "PASSWORD_TOO_SHORT"], ["x".repeat(129), "PASSWORD_TOO_LONG"]]) {
    expect((await call(admin, "POST", "/admin/create-user", { email: "rules@example.com", name: "R", password })).json.code).toBe(code);
  }
  expect(await server.database.all("select id from user where email = ?", "rules@example.com")).toEqual([]);
});

test("an impersonation is a list of what may be done", async () => {
  const [admin, bob] = [await person("admin"), await person()];
  expect((await call(admin, "POST", "/admin/impersonate-user", { userId: bob.id })).status).toBe(200);
  for (const [method, path, body] of [["POST", "/two-factor/send-otp"], ["POST", "/two-factor/verify-otp", { code: "123456" }], ["POST", "/two-factor/verify-totp", { code: "123456" }], ["POST", "/revoke-sessions"], ["POST", "/revoke-session", { token: bob.token }], ["POST", "/revoke-other-sessions"], ["POST", "/update-user", { username: "mine" }], ["POST", "/send-verification-email", { email: bob.email }], ["POST", "/verify-password", { password: PASSWORD }], ["POST", "/sign-in/email", { email: bob.email, password: PASSWORD }], ["POST", "/request-password-reset", { email: bob.email }]]) {
    const { status, json } = await call(admin, method, path, body);
    expect({ path, status, code: json?.code }).toEqual({ path, status: 403, code: "NOT_ALLOWED_WHILE_IMPERSONATING" });
  }
  const listed = await call(admin, "GET", "/list-sessions");
  expect(listed.json.map((session) => "token" in session)).toEqual([false]);
  expect((await call(admin, "POST", "/update-user", { name: "Renamed" })).status).toBe(200);
  expect((await call(bob, "GET", "/list-sessions")).json.map((session) => session.token)).toEqual([bob.token]);
});

test("tokens say who acts", async () => {
  const [admin, bob] = [await person("admin"), await person()];
  const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  expect(claims((await call(bob, "GET", "/token")).json.token).act).toBeUndefined();
  await call(admin, "POST", "/admin/impersonate-user", { userId: bob.id });
  const minted = await call(admin, "GET", "/token");
  expect(claims(minted.json.token)).toMatchObject({ sub: bob.id, impersonatedBy: admin.id, act: { sub: admin.id } });
  const { headers } = await call(admin, "GET", "/get-session");
  expect(claims(headers.get("set-auth-jwt"))).toMatchObject({ act: { sub: admin.id } });
});

test.each([
  ["their session ends", async (admin) => call(admin.other, "POST", "/revoke-session", { token: admin.token })],
  ["their session is revoked by another administrator", async (admin, chief) => call(chief, "POST", "/admin/revoke-user-session", { sessionToken: admin.token })],
  ["their other sessions are revoked", async (admin) => call(admin.other, "POST", "/revoke-other-sessions")],
  ["their password changes", async (admin) => call(admin.other, "POST", "/change-password", { currentPassword: PASSWORD, newPassword: "another horse 1" })],
  ["their row loses the role", async (admin) => server.database.run("update user set role = 'user' where id = ?", admin.id).then(() => ({ status: 200 }))],
])("an impersonation ends when its administrator's %s", async (_, act) => {
  const [chief, admin, bob] = [await person("admin"), await person("admin"), await person()];
  const other = browser();
  expect((await other.client.signIn.email({ email: admin.email, password: PASSWORD })).error).toBeNull();
  await call(admin, "POST", "/admin/impersonate-user", { userId: bob.id });
  const stolen = browser({ jar: admin.jar.clone() });
  expect(await whose(admin)).toBe(bob.id);
  expect((await act({ ...admin, other }, chief)).status).toBe(200);
  // Also for who has a copy of the session in a cookie.
  expect(await whose(stolen)).toBeUndefined();
  expect(await whose(admin)).toBeUndefined();
  expect((await call(admin, "POST", "/update-user", { name: "x" })).status).toBe(401);
  expect((await sessionsOf(bob.id)).map((session) => session.token)).toEqual([bob.token]);
});

test("an impersonation ends when the password of the user changes", async () => {
  const [admin, bob] = [await person("admin"), await person()];
  await call(admin, "POST", "/admin/impersonate-user", { userId: bob.id });
  expect(await whose(admin)).toBe(bob.id);
  expect((await call(bob, "POST", "/change-password", { currentPassword: PASSWORD, newPassword: "another horse 1" })).status).toBe(200);
  expect(await whose(admin)).toBeUndefined();
  expect((await sessionsOf(bob.id)).map((session) => session.token)).toEqual([bob.token]);
});

test("a session of the administrator's elsewhere may end meanwhile", async () => {
  const [admin, bob] = [await person("admin"), await person()];
  const other = browser();
  await other.client.signIn.email({ email: admin.email, password: PASSWORD });
  await call(admin, "POST", "/admin/impersonate-user", { userId: bob.id });
  await call(other, "POST", "/sign-out");
  expect(await whose(admin)).toBe(bob.id);
});

test("a sign-out leaves nothing of the administrator", async () => {
  const [admin, bob] = [await person("admin"), await person()];
  await call(admin, "POST", "/admin/impersonate-user", { userId: bob.id });
  const stolen = browser({ jar: admin.jar.clone() });
  expect((await call(admin, "POST", "/sign-out")).status).toBe(200);
  expect([...admin.jar.keys()].filter((name) => /session|admin/.test(name))).toEqual([]);
  expect((await call(stolen, "POST", "/admin/stop-impersonating")).status).toBe(401);
  expect(await sessionsOf(admin.id)).toEqual([]);
  expect((await sessionsOf(bob.id)).map((session) => session.token)).toEqual([bob.token]);
});

test("there is a way back after the end, once, and not for who signs in next", async () => {
  const [admin, bob] = [await person("admin"), await person()];
  await call(admin, "POST", "/admin/impersonate-user", { userId: bob.id });
  await server.database.run("delete from session where impersonatedBy = ?", admin.id);
  expect(await whose(browser({ jar: admin.jar }))).toBeUndefined();
  const stolen = browser({ jar: admin.jar.clone() });
  const back = await call(admin, "POST", "/admin/stop-impersonating");
  expect(back.json.user.id).toBe(admin.id);
  expect(await whose(admin)).toBe(admin.id);
  expect((await call(stolen, "POST", "/admin/stop-impersonating")).status).toBe(401);

  await call(admin, "POST", "/admin/impersonate-user", { userId: bob.id });
  await server.database.run("delete from session where impersonatedBy = ?", admin.id);
  admin.jar.delete("better-auth.session_data");
  expect((await admin.client.signIn.email({ email: bob.email, password: PASSWORD })).error).toBeNull();
  expect(admin.jar.has("better-auth.admin_session")).toBe(false);
  await call(admin, "POST", "/sign-out");
  expect((await call(admin, "POST", "/admin/stop-impersonating")).status).toBe(401);
});

test("a ban without an end has none", async () => {
  const [admin, bob] = [await person("admin"), await person()];
  const update = (data) => call(admin, "POST", "/admin/update-user", { userId: bob.id, data });
  expect((await update({ banned: true, banReason: "spam", banExpires: "2020-01-01T00:00:00.000Z" })).status).toBe(200);
  expect((await update({ banned: true })).json).toMatchObject({ banned: true, banExpires: null });
  expect((await browser().client.signIn.email({ email: bob.email, password: PASSWORD })).error.code).toBe("BANNED_USER");
  expect((await update({ banned: false })).json).toMatchObject({ banned: false, banReason: null, banExpires: null });
});

test("an unchanged user name is saved", async () => {
  const [admin, bob, eve] = [await person("admin"), await person("user", browser(), { username: "Bob.Bound" }), await person("user", browser(), { username: "eve_bound" })];
  const update = (data) => call(admin, "POST", "/admin/update-user", { userId: bob.id, data });
  expect((await update({ name: "Robert", username: "Bob.Bound", displayUsername: "Bob.Bound" })).json).toMatchObject({ name: "Robert", username: "bob.bound" });
  const { status, json } = await update({ username: "EVE_bound" });
  expect({ status, code: json.code }).toEqual({ status: 400, code: "USERNAME_IS_ALREADY_TAKEN" });
  expect((await update({ username: "b" })).json.code).toBe("USERNAME_TOO_SHORT");
  await server.database.run("update user set username = 'ab' where id = ?", bob.id);
  expect((await update({ name: "Bob", username: "ab" })).status).toBe(200);
  expect((await row(eve.id)).username).toBe("eve_bound");
});

test("_id is id, and a search ignores letter case", async () => {
  const admin = await person("admin");
  await call(admin, "POST", "/admin/create-user", { email: "case@example.com", name: "McCase Ömer" });
  const { json: all } = await call(admin, "GET", "/admin/list-users?searchValue=CASE%40EXAMPLE");
  expect(all.users.map((user) => user.email)).toEqual(["case@example.com"]);
  const names = async (query) => (await call(admin, "GET", `/admin/list-users?${new URLSearchParams(query)}`)).json.users.map((user) => user.name);
  for (const [searchOperator, searchValue] of [["contains", "CCAS"], ["starts_with", "mccase"], ["ends_with", "ÖMER"]]) expect(await names({ searchField: "name", searchOperator, searchValue }), searchValue).toEqual(["McCase Ömer"]);
  for (const filterOperator of ["contains", "starts_with"]) expect(await names({ filterField: "name", filterOperator, filterValue: "mcCASE" })).toEqual(["McCase Ömer"]);
  expect(await names({ filterField: "_id", filterValue: all.users[0].id })).toEqual(["McCase Ömer"]);
  expect((await names({ sortBy: "_id", limit: "1" })).length).toBe(1);
});

test("setting one's own role or data renews the copy", async () => {
  const admin = await person("admin");
  expect((await call(admin, "GET", "/get-session")).json.user.role).toBe("user"); // the copy of the sign-up
  admin.jar.delete("better-auth.session_data");
  expect((await call(admin, "GET", "/get-session")).json.user.role).toBe("admin");
  await call(admin, "POST", "/admin/update-user", { userId: admin.id, data: { name: "Own" } });
  expect((await call(admin, "GET", "/get-session")).json.user.name).toBe("Own");
  await call(admin, "POST", "/admin/set-role", { userId: admin.id, role: "support" });
  expect((await call(admin, "GET", "/get-session")).json.user.role).toBe("support");
});
