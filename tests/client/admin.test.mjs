// What administrators do to users, through the official client: every method, happy and refused.
import { adminClient } from "better-auth/client/plugins";
import { describe, expect, test } from "vitest";
import { browser as plainBrowser, mailTo, PASSWORD, rowCounts, serve } from "./harness.mjs";

const config = { plugins: [{ id: "magic-link" }, { id: "last-login-method" }, { id: "admin" }] };
const server = serve(config);
const ROLES = { owner: { user: ["create", "list", "get", "set-role"], session: ["list"], ticket: ["close"] }, guest: {} };
const owned = serve({ plugins: [{ id: "admin", roles: ROLES, admin_roles: ["owner"], default_role: "guest", banned_user_message: "Go away", default_ban_reason: "house rules", default_ban_expires_in: 60, allow_impersonating_admins: true, impersonation_session_duration: 120 }] });

const browser = (where = server, options = {}) => plainBrowser(where, { plugins: [adminClient()], ...options });
let made = 0;
/** Signs a new user up, in a browser of its own, with these fields of its row. */
async function person(where = server, fields = {}) {
  const who = browser(where);
  const email = `person${++made}@example.com`;
  const { data, error } = await who.client.signUp.email({ name: `Person ${made}`, email, password: PASSWORD });
  expect(error).toBeNull();
  for (const [column, value] of Object.entries(fields)) await where.database.run(`update user set ${column} = ? where id = ?`, value, data.user.id);
  return { ...who, id: data.user.id, email, token: data.token };
}
const admin = (where = server) => person(where, { role: "admin" });
const ok = (data) => ({ data, error: null });
const refused = async (call, status, code) => expect((await call).error).toMatchObject(code ? { status, code } : { status });
const row = async (id, where = server) => (await where.database.all("select * from user where id = ?", id))[0];
const isSignedIn = async ({ client }) => (await client.getSession()).data !== null;
const signIn = (email, where = server) => browser(where).client.signIn.email({ email, password: PASSWORD });

test("a new user has the default role and no ban", async () => {
  const { client } = await person();
  expect((await client.getSession()).data.user).toMatchObject({ role: "user", banned: false, banReason: null, banExpires: null });
});

test("createUser makes users with and without a password", async () => {
  const { client } = await admin();
  const carol = await client.admin.createUser({ email: "Carol@Example.com", password: PASSWORD, name: "Carol", role: "user", data: { image: "https://img.example.com/c.png" } });
  expect(carol.error).toBeNull();
  expect(carol.data.user).toMatchObject({ email: "carol@example.com", name: "Carol", role: "user", image: "https://img.example.com/c.png", emailVerified: false, banned: false });
  expect((await signIn("carol@example.com")).error).toBeNull();

  const before = await rowCounts(server);
  const dave = await client.admin.createUser({ email: "dave@example.com", name: "Dave" });
  expect(dave.data.user.role).toBe("user");
  expect(await rowCounts(server)).toEqual({ ...before, user: before.user + 1 });
  await refused(signIn("dave@example.com"), 401, "INVALID_EMAIL_OR_PASSWORD");
  await refused(client.admin.createUser({ email: "dave@example.com", name: "Dave" }), 400, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL");
  await refused(client.admin.createUser({ email: "nope", name: "X" }), 400, "INVALID_EMAIL");
  await refused(client.admin.createUser({ email: "x@example.com", name: "X", password: "a".repeat(129) }), 400, "PASSWORD_TOO_LONG");
  await refused(client.admin.createUser({ email: "x@example.com", name: "X", data: { name: 5, image: 5 } }), 400, "VALIDATION_ERROR");
  await refused((await person()).client.admin.createUser({ email: "x@example.com", name: "X" }), 403, "YOU_ARE_NOT_ALLOWED_TO_CREATE_USERS");
  expect(await rowCounts(server)).toMatchObject({ account: before.account + 1 });
});

test("getUser shows one user", async () => {
  const { client } = await admin();
  const bob = await person();
  expect((await client.admin.getUser({ query: { id: bob.id } })).data).toMatchObject({ id: bob.id, email: bob.email });
  await refused(client.admin.getUser({ query: { id: "nobody" } }), 404, "USER_NOT_FOUND");
  await refused(bob.client.admin.getUser({ query: { id: bob.id } }), 403, "YOU_ARE_NOT_ALLOWED_TO_GET_USER");
});

test("listUsers searches, filters, sorts and pages", async () => {
  const { client } = await admin();
  const names = ["zoe", "yan", "xim"];
  for (const name of names) await client.admin.createUser({ email: `${name}@list.example.com`, name });
  const list = async (query) => (await client.admin.listUsers({ query })).data;
  const emails = async (query) => (await list(query)).users.map((user) => user.email.split("@")[0]);
  const ours = { searchValue: "@list.example.com", searchOperator: "ends_with" };
  expect(await emails(ours)).toEqual(names);
  expect(await emails({ ...ours, sortBy: "email" })).toEqual(["xim", "yan", "zoe"]);
  expect(await emails({ ...ours, sortBy: "email", sortDirection: "desc" })).toEqual(["zoe", "yan", "xim"]);
  const page = await list({ ...ours, sortBy: "email", limit: 1, offset: 1 });
  expect(page).toMatchObject({ total: 3, limit: 1, offset: 1 });
  expect(page.users.map((user) => user.name)).toEqual(["yan"]);
  // By key: each page begins behind the last user of the one before.
  const paged = [];
  for (let after = "", found; !found || found.length; after = found.at(-1)?.id) {
    found = (await list({ ...ours, limit: 2, after })).users;
    paged.push(...found);
  }
  expect(paged.map((user) => user.name).sort()).toEqual([...names].sort());
  expect(paged.map((user) => user.id)).toEqual(paged.map((user) => user.id).sort());
  expect((await list({ ...ours, limit: 2, after: paged[0].id })).total).toBe(3);
  expect(await emails({ ...ours, filterField: "name", filterValue: "zoe" })).toEqual(["zoe"]);
  expect(await emails({ ...ours, filterField: "name", filterOperator: "ne", filterValue: "zoe" })).toEqual(["yan", "xim"]);
  expect(await emails({ ...ours, filterField: "name", filterOperator: "gte", filterValue: "yan", sortBy: "name" })).toEqual(["yan", "zoe"]);
  expect(await emails({ ...ours, filterField: "emailVerified", filterValue: true })).toEqual([]);
  expect(await emails({ ...ours, filterField: "banned", filterValue: false })).toEqual(names);
  expect(await emails({ searchField: "name", searchOperator: "starts_with", searchValue: "zo" })).toEqual(["zoe"]);
  expect((await list({ sortBy: "nope" }))).toEqual({ users: [], total: 0 });
  await refused((await person()).client.admin.listUsers({ query: {} }), 403, "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS");
});

test("updateUser changes what its caller may change", async () => {
  const { client, id } = await admin();
  const bob = await person();
  const update = (data, userId = bob.id) => client.admin.updateUser({ userId, data });
  expect((await update({ name: "Robert", email: "ROBERT@example.com", emailVerified: true })).data).toMatchObject({ name: "Robert", email: "robert@example.com", emailVerified: true });
  const before = await row(bob.id);
  await refused(update({}), 400, "NO_DATA_TO_UPDATE");
  await refused(update({ password: "x" }), 400, "PASSWORD_CANNOT_BE_UPDATED_VIA_UPDATE_USER");
  await refused(update({ id: "x" }), 400, "USER_ID_CANNOT_BE_UPDATED");
  await refused(update({ email: "x" }), 400, "INVALID_EMAIL");
  await refused(update({ email: (await person()).email }), 400, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL");
  await refused(update({ banned: true }, id), 400, "YOU_CANNOT_BAN_YOURSELF");
  await refused(update({ name: "x" }, "nobody"), 404, "USER_NOT_FOUND");
  await refused(bob.client.admin.updateUser({ userId: bob.id, data: { role: "admin" } }), 403, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_USERS");
  expect(await row(bob.id)).toEqual(before);
});

test("setRole gives one role or several", async () => {
  const { client } = await admin();
  const bob = await person();
  expect((await client.admin.setRole({ userId: bob.id, role: ["user", "admin"] })).data.user.role).toBe("user,admin");
  expect((await bob.client.admin.listUsers({ query: {} })).error).toBeNull();
  expect((await client.admin.setRole({ userId: bob.id, role: "user" })).data.user.role).toBe("user");
  await refused(bob.client.admin.listUsers({ query: {} }), 403, "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS");
  await refused(client.admin.setRole({ userId: "nobody", role: "user" }), 404, "USER_NOT_FOUND");
  await refused(bob.client.admin.setRole({ userId: bob.id, role: "admin" }), 403, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE");
});

test("banUser ends the sessions and keeps the user out until unbanUser", async () => {
  const { client, id } = await admin();
  const bob = await person();
  expect((await client.admin.banUser({ userId: bob.id })).data.user).toMatchObject({ banned: true, banReason: "No reason", banExpires: null });
  expect(await isSignedIn(bob)).toBe(false);
  const before = await rowCounts(server);
  const { jar, client: again } = browser();
  await refused(again.signIn.email({ email: bob.email, password: PASSWORD }), 403, "BANNED_USER");
  expect(jar.size).toBe(0);
  await refused(again.signIn.email({ email: bob.email, password: "wrong password" }), 401, "INVALID_EMAIL_OR_PASSWORD");
  expect(await rowCounts(server)).toEqual(before);
  expect((await client.admin.unbanUser({ userId: bob.id })).data.user).toMatchObject({ banned: false, banReason: null, banExpires: null });
  expect((await signIn(bob.email)).error).toBeNull();
  await refused(client.admin.banUser({ userId: id }), 400, "YOU_CANNOT_BAN_YOURSELF");
  await refused(client.admin.banUser({ userId: "nobody" }), 404, "USER_NOT_FOUND");
  await refused(client.admin.unbanUser({ userId: "nobody" }), 404, "USER_NOT_FOUND");
  await refused(bob.client.admin.banUser({ userId: id }), 401);
});

test("a ban ends by itself and is lifted at the next sign-in", async () => {
  const { client } = await admin();
  const bob = await person();
  const { data } = await client.admin.banUser({ userId: bob.id, banReason: "spam", banExpiresIn: 3600 });
  expect(data.user.banReason).toBe("spam");
  expect(Math.abs(new Date(data.user.banExpires) - Date.now() - 3_600_000)).toBeLessThan(60_000);
  await refused(signIn(bob.email), 403, "BANNED_USER");
  await server.database.run("update user set banExpires = ? where id = ?", new Date(Date.now() - 1000).toISOString(), bob.id);
  expect((await signIn(bob.email)).error).toBeNull();
  expect(await row(bob.id)).toMatchObject({ banned: 0, banReason: null, banExpires: null });
});

test("a mailed link does not get round a ban", async () => {
  const { client } = await admin();
  const bob = await person();
  await browser().client.signIn.magicLink({ email: bob.email });
  const { data } = await mailTo(server, bob.email, "magic-link");
  await client.admin.banUser({ userId: bob.id });
  const late = browser();
  expect((await late.send(data.url)).status).toBe(403);
  expect(late.jar.has("better-auth.session_token")).toBe(false);
  expect(await isSignedIn(late)).toBe(false);
});

test("sessions of a user are listed and revoked", async () => {
  const { client } = await admin();
  const bob = await person();
  const second = await signIn(bob.email);
  const list = async () => (await client.admin.listUserSessions({ userId: bob.id })).data.sessions.map((session) => session.id);
  const ids = (await server.database.all("select id from session where userId = ? order by createdAt", bob.id)).map((session) => session.id);
  expect(await list()).toEqual(ids);
  expect(await client.admin.revokeUserSession({ sessionToken: ids[1] })).toEqual(ok({ success: true }));
  expect(await list()).toEqual([ids[0]]);
  const third = await signIn(bob.email);
  expect(second.data.user.id).toBe(third.data.user.id);
  expect(await client.admin.revokeUserSession({ sessionToken: third.data.token })).toEqual(ok({ success: true }));
  expect(await list()).toEqual([ids[0]]);
  expect(await client.admin.revokeUserSession({ sessionToken: "nope" })).toEqual(ok({ success: true }));
  await refused(bob.client.admin.listUserSessions({ userId: bob.id }), 403, "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS");
  await refused(bob.client.admin.revokeUserSessions({ userId: bob.id }), 403, "YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS");
  expect(await isSignedIn(bob)).toBe(true);
  expect(await client.admin.revokeUserSessions({ userId: bob.id })).toEqual(ok({ success: true }));
  expect(await isSignedIn(bob)).toBe(false);
});

test("impersonateUser acts as someone for an hour, stopImpersonating comes back", async () => {
  const { client, jar, id, token } = await admin();
  const bob = await person();
  const { data } = await client.admin.impersonateUser({ userId: bob.id });
  expect(data).toMatchObject({ user: { id: bob.id }, session: { impersonatedBy: id } });
  expect(Math.abs(new Date(data.session.expiresAt) - Date.now() - 3_600_000)).toBeLessThan(60_000);
  expect(jar.has("better-auth.admin_session")).toBe(true);
  const session = (await client.getSession()).data;
  expect(session).toMatchObject({ user: { id: bob.id }, session: { impersonatedBy: id, token: data.session.token } });
  expect((await client.listSessions()).data.map((listed) => [listed.userId, listed.token])).toEqual([[bob.id, undefined]]);
  expect((await bob.client.listSessions()).data.map((listed) => listed.token)).toEqual([bob.token]);
  await refused(client.admin.listUsers({ query: {} }), 403, "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS");

  const back = await client.admin.stopImpersonating();
  expect(back.data).toMatchObject({ user: { id }, session: { token } });
  expect(jar.has("better-auth.admin_session")).toBe(false);
  expect((await client.getSession()).data.user.id).toBe(id);
  expect(await server.database.all("select id from session where token = ?", data.session.token)).toEqual([]);
  expect(await isSignedIn(bob)).toBe(true);
  expect((await client.admin.stopImpersonating()).error).toMatchObject({ status: 400, message: "You are not impersonating anyone" });
});

test("who cannot be impersonated, and by whom", async () => {
  const { client } = await admin();
  const [bob, other] = [await person(), await admin()];
  await refused(client.admin.impersonateUser({ userId: other.id }), 403, "YOU_CANNOT_IMPERSONATE_ADMINS");
  await refused(client.admin.impersonateUser({ userId: "nobody" }), 404, "USER_NOT_FOUND");
  await refused(bob.client.admin.impersonateUser({ userId: other.id }), 403, "YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS");
  await client.admin.banUser({ userId: bob.id });
  await refused(client.admin.impersonateUser({ userId: bob.id }), 403, "BANNED_USER");
  expect(await server.database.all("select id from session where impersonatedBy is not null and userId in (?, ?)", bob.id, other.id)).toEqual([]);
});

test("setUserPassword replaces a password, or gives the first", async () => {
  const { client } = await admin();
  const bob = await person();
  expect(await client.admin.setUserPassword({ userId: bob.id, newPassword: "another horse 1" })).toEqual(ok({ status: true }));
  expect(await isSignedIn(bob)).toBe(false);
  await refused(signIn(bob.email), 401, "INVALID_EMAIL_OR_PASSWORD");
  expect((await browser().client.signIn.email({ email: bob.email, password: "another horse 1" })).error).toBeNull();
  const { data } = await client.admin.createUser({ email: "first@example.com", name: "First" });
  expect((await client.admin.setUserPassword({ userId: data.user.id, newPassword: PASSWORD })).error).toBeNull();
  expect((await signIn("first@example.com")).error).toBeNull();
  await refused(client.admin.setUserPassword({ userId: bob.id, newPassword: "short" }), 400, "PASSWORD_TOO_SHORT");
  await refused(client.admin.setUserPassword({ userId: "nobody", newPassword: PASSWORD }), 404, "USER_NOT_FOUND");
  await refused((await person()).client.admin.setUserPassword({ userId: bob.id, newPassword: PASSWORD }), 403, "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PASSWORD");
});

test("removeUser removes a user with everything that is theirs", async () => {
  const { client, id } = await admin();
  const before = await rowCounts(server);
  const bob = await person();
  expect(await client.admin.removeUser({ userId: bob.id })).toEqual(ok({ success: true }));
  expect(await rowCounts(server)).toEqual(before);
  expect(await isSignedIn(bob)).toBe(false);
  await refused(client.admin.removeUser({ userId: bob.id }), 404, "USER_NOT_FOUND");
  await refused(client.admin.removeUser({ userId: id }), 400, "YOU_CANNOT_REMOVE_YOURSELF");
  await refused((await person()).client.admin.removeUser({ userId: id }), 403, "YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS");
});

test("hasPermission answers for the caller", async () => {
  const has = async ({ client }, permissions) => (await client.admin.hasPermission({ permissions })).data?.success;
  const [ada, bob] = [await admin(), await person()];
  expect(await has(ada, { user: ["list", "ban"], session: ["revoke"] })).toBe(true);
  expect(await has(ada, { user: ["impersonate-admins"] })).toBe(false);
  expect(await has(bob, { user: ["list"] })).toBe(false);
  expect(await has(bob, {})).toBe(false);
  await refused(browser().client.admin.hasPermission({ permissions: { user: ["list"] } }), 401);
  expect(ada.client.admin.checkRolePermission({ role: "admin", permissions: { user: ["list"] } })).toBe(true);
});

describe("with roles and limits of the operator's own", () => {
  test("roles allow what they name, and no others can be given", async () => {
    const owner = await person(owned, { role: "owner" });
    const bob = await person(owned);
    expect((await bob.client.getSession()).data.user.role).toBe("guest");
    expect((await owner.client.admin.hasPermission({ permissions: { ticket: ["close"], user: ["list"] } })).data.success).toBe(true);
    expect((await owner.client.admin.listUsers({ query: {} })).error).toBeNull();
    await refused(owner.client.admin.banUser({ userId: bob.id }), 403, "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS");
    await refused(owner.client.admin.setRole({ userId: bob.id, role: "admin" }), 400, "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE");
    await refused(owner.client.admin.createUser({ email: "q@example.com", name: "Q", role: "wizard" }), 400, "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE");
    expect((await owner.client.admin.setRole({ userId: bob.id, role: "owner" })).data.user.role).toBe("owner");
  });
});
