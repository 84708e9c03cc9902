// Flows: the corners of the admin and username plugins.
import { flow, Jar } from "../lib/recorder.mjs";
const P = "correct horse 1";
const ada = { name: "Ada", email: "ada@example.com", password: P };
const iso = (ms) => new Date(ms).toISOString();
const ADMIN = { name: "core+admin", plugins: { admin: {} } };
async function people(t) { // t.jar = admin (ada); bob = plain user
  await t.signUp(); await t.sql("update user set role = 'admin'");
  const bob = new Jar(); await t.signUp("bob@example.com", { jar: bob, name: "Bob" });
  const id = async (email) => (await t.row("select id from user where email = ?", email)).id;
  return { bob, adaId: await id("ada@example.com"), bobId: await id("bob@example.com") };
}

flow("admin", "input", "types of every field, before the session is looked at", ADMIN, async (t) => {
  const nobody = { jar: null };
  for (const userId of [null, 5, true, {}, [], ["a"], ""]) await t.post("userId of any type", "/admin/unban-user", { userId }, nobody);
  for (const role of [null, true, {}, ["a", 1]]) await t.post("role of another type", "/admin/set-role", { userId: "x", role }, nobody);
  await t.req("no body", "POST", "/admin/set-role", nobody);
  await t.post("a list for a body", "/admin/set-role", [], nobody);
  await t.post("empty password and id", "/admin/set-user-password", { newPassword: "", userId: "" }, nobody);
  await t.post("password of another type", "/admin/set-user-password", { newPassword: 5, userId: null }, nobody);
  await t.post("ban: other types", "/admin/ban-user", { userId: "x", banReason: 5, banExpiresIn: "x" }, nobody);
  await t.post("ban: nulls", "/admin/ban-user", { userId: "x", banReason: null, banExpiresIn: null }, nobody);
  await t.post("create: other types", "/admin/create-user", { email: 5, password: 5, name: 5, role: 5, data: 5 }, nobody);
  await t.post("create: nulls", "/admin/create-user", { email: "a", name: "b", password: null, role: null, data: null }, nobody);
  await t.post("create: a list for data", "/admin/create-user", { email: "a", name: "b", data: [] }, nobody);
  await t.post("update: a list for data", "/admin/update-user", { userId: "x", data: [] }, nobody);
  await t.post("revoke: token of another type", "/admin/revoke-user-session", { sessionToken: 5 }, nobody);
  for (const query of ["id=", "id=a&id=b"]) await t.get("get-user: query", "/admin/get-user?" + query, nobody);
  for (const query of ["limit=1&limit=2", "sortBy=a&sortBy=b", "filterOperator=nope", "searchValue=a&searchValue=b", "filterValue=a&filterValue=b", "searchField=role&sortDirection=up&filterOperator=x&searchOperator=z"]) await t.get("list-users: query", "/admin/list-users?" + query, nobody);
});

flow("admin", "has-permission", "what is asked, and who asks", ADMIN, async (t) => {
  const { bob } = await people(t);
  const has = (note, body, o) => t.post(note, "/admin/has-permission", body, o);
  for (const body of [{ permission: { user: ["list"] } }, { permissions: {} }, { permissions: { user: [] } }, { permissions: { nope: ["a"] } }, { permissions: { user: ["list"], session: ["nope"] } }, { permissions: { user: ["list"], session: ["list"] } }, { permissions: { user: ["impersonate-admins"] } }]) await has("as administrator", body);
  await has("another's role does not count", { permissions: { user: ["list"] }, role: "admin" }, { jar: bob });
  for (const body of [{ permissions: { user: ["list"] }, permission: { user: ["list"] } }, { permissions: { user: "list" } }, { permissions: { user: [5] } }, { permissions: [] }, { permissions: null }, { role: 5 }, { userId: 5, role: 5, permissions: { user: ["list"] } }, []]) await has("not a question", body);
  await has("nobody", { permissions: { user: ["list"] }, role: "admin" }, { jar: null });
});

flow("admin", "list-users", "search, filter, sort and pages", ADMIN, async (t) => {
  await people(t);
  for (const [email, name] of [["zoe@example.com", "Zoe"], ["yan@example.com", "Yan"], ["xim@other.example.com", "100% Xim"]]) await t.req("", "POST", "/admin/create-user", { json: { email, name }, record: false });
  await t.sql("update user set emailVerified = 1 where email = 'zoe@example.com'");
  const list = (note, query) => t.get(note, "/admin/list-users?" + query);
  for (const query of ["limit=2", "limit=2&offset=4", "offset=3", "limit=0", "limit=", "limit=%202%20", "limit=1e0", "limit=0x2", "limit=2.5", "offset=1&limit=2&sortBy=name", "offset=99", "limit=1;2"]) await list("pages", query);
  for (const query of ["sortBy=name", "sortBy=name&sortDirection=desc", "sortBy=createdAt", "sortBy=email", "sortBy=", "sortDirection=desc", "sortBy=password", "sortBy=email;drop", "sortBy=__proto__"]) await list("order", query);
  for (const query of ["searchValue=ZOE", "searchValue=", "searchValue=example", "searchValue=other.example.com&searchOperator=ends_with", "searchValue=Y&searchField=name&searchOperator=starts_with", "searchValue=zz", "searchField=name"]) await list("search", query);
  for (const query of ["filterValue=zoe%40example.com", "filterField=name&filterValue=Zoe&filterOperator=ne", "filterField=name&filterValue=Y&filterOperator=gt&sortBy=name", "filterField=name&filterValue=Yan&filterOperator=lte&sortBy=name", "filterField=name&filterValue=o&filterOperator=contains", "filterField=name&filterValue=Zoe&filterValue=Yan&filterOperator=not_in&sortBy=name", "filterField=name&filterValue=Zoe&filterOperator=in", "filterField=name&filterValue=Zoe&filterOperator=not_in&sortBy=name", "filterField=emailVerified&filterValue=true", "filterField=emailVerified&filterValue=false&sortBy=name", "filterField=emailVerified&filterValue=banana&sortBy=name", "filterField=nope&filterValue=1", "filterField=role&filterValue=", "filterValue=", "filterField=name", "filterField=name&filterOperator=eq", "filterField=name&filterValue=Zoe&filterValue=Yan"]) await list("filter", query);
  await list("search and filter", "searchValue=example&filterField=role&filterValue=user&sortBy=name&limit=1");
});

flow("admin", "data", "free fields of create-user and update-user", ADMIN, async (t) => {
  const { bobId } = await people(t);
  await t.post("create: data does not override", "/admin/create-user", { email: "carol@example.com", name: "Carol", role: "user", data: { email: "evil@example.com", name: "Evil", role: "admin", emailVerified: true, nope: 1 } });
  await t.post("create: role in data", "/admin/create-user", { email: "dave@example.com", name: "Dave", data: { role: ["user", "admin"] } });
  await t.post("create: banned", "/admin/create-user", { email: "erin@example.com", name: "Erin", password: P, data: { banned: true, banReason: "spam" } });
  await t.post("who was created banned does not sign in", "/sign-in/email", { email: "erin@example.com", password: P }, { jar: null });
  await t.post("create: empty password makes none", "/admin/create-user", { email: "frank@example.com", name: "Frank", password: "" });
  t.note("accounts", { rows: await t.rows("select providerId from account a join user u on u.id = a.userId where u.email in ('frank@example.com', 'erin@example.com')") });
  await t.post("update: roles in a list", "/admin/update-user", { userId: bobId, data: { role: ["user", "admin"] } });
  await t.post("update: unban", "/admin/update-user", { userId: bobId, data: { banned: false, banReason: null, banExpires: null } });
  await t.post("update: image to null", "/admin/update-user", { userId: bobId, data: { image: null } });
  await t.post("update: own name", "/admin/update-user", { userId: bobId, data: { name: "Bob", email: "BOB@example.com" } });
  await t.post("update: address of another type", "/admin/update-user", { userId: bobId, data: { email: 5 } });
  await t.post("update: unknown user with a valid address", "/admin/update-user", { userId: "x", data: { email: "new@example.com" } });
});

flow("admin", "clients-set-nothing", "the plugin's fields in sign-up and update-user", ADMIN, async (t) => {
  await t.post("sign up with a role", "/sign-up/email", { ...ada, role: "admin" }, { jar: null });
  await t.post("sign up with an empty role", "/sign-up/email", { ...ada, role: "" }, { jar: null });
  await t.post("sign up banned", "/sign-up/email", { ...ada, email: "b@example.com", banned: true }, { jar: null });
  await t.post("sign up with a reason", "/sign-up/email", { ...ada, email: "c@example.com", banReason: "x" }, { jar: null });
  await t.signIn();
  for (const body of [{ role: "admin" }, { banned: true }, { banned: false }, { banReason: "x" }, { banExpires: "2030-01-01T00:00:00.000Z" }, { name: "Ada", role: "admin" }]) await t.post("update-user", "/update-user", body);
  await t.post("update-session", "/update-session", { impersonatedBy: "x" });
});

flow("admin", "admin-user-ids", "users who may do everything; several roles", { name: "core+admin:ids", plugins: { admin: { adminRoles: ["admin"], defaultRole: "user" } } }, async (t) => {
  const { bob, adaId, bobId } = await people(t);
  await t.sql("update user set role = 'user,admin' where id = ?", bobId);
  await t.get("one of two roles is enough", "/admin/get-user?id=" + adaId, { jar: bob });
  await t.post("who has it among others is an administrator", "/admin/impersonate-user", { userId: bobId });
  await t.sql("update user set role = null where id = ?", bobId);
  await t.get("no role is the default one", "/admin/get-user?id=" + adaId, { jar: bob });
  await t.get("and is listed so", "/admin/get-user?id=" + bobId);
});

flow("username", "corners", "types, order of checks, unverified addresses", { name: "core+username:verify", plugins: { username: {} }, options: ({ push }) => ({ emailAndPassword: { requireEmailVerification: true }, emailVerification: { sendOnSignUp: false, sendOnSignIn: true, sendVerificationEmail: push("verify-email") } }) }, async (t) => {
  const nobody = { jar: null };
  await t.post("sign up", "/sign-up/email", { ...ada, username: "Ada_L" }, nobody);
  await t.post("sign in before the address is verified", "/sign-in/username", { username: "ada_l", password: P, callbackURL: "/home" }, nobody);
  await t.post("wrong password before the address is verified", "/sign-in/username", { username: "ada_l", password: "wrong password" }, nobody);
  await t.sql("update user set emailVerified = 1");
  await t.post("sign in", "/sign-in/username", { username: "ada_l", password: P, callbackURL: "" }, nobody);
  await t.post("other types", "/sign-in/username", { username: 5, password: null, rememberMe: "x", callbackURL: 5 }, nobody);
  await t.req("no body", "POST", "/sign-in/username", nobody);
  await t.post("password too long", "/sign-in/username", { username: "ada_l", password: "x".repeat(129) }, nobody);
  await t.post("name too short and password too long", "/sign-in/username", { username: "a", password: "x".repeat(129) }, nobody);
  await t.post("foreign callbackURL", "/sign-in/username", { username: "ada_l", password: P, callbackURL: "https://evil.example.net" }, nobody);
  await t.post("availability: other type", "/is-username-available", { username: 5 }, nobody);
});

flow("username", "update", "names that come with other fields", { name: "core+username+admin", plugins: { username: {}, admin: {} } }, async (t) => {
  const bob = new Jar();
  await t.post("sign up without a name", "/sign-up/email", ada);
  await t.signUp("bob@example.com", { jar: bob, extra: { username: "Bobby" } });
  await t.post("nobody updates: taken", "/update-user", { username: "bobby" }, { jar: null });
  await t.post("nobody updates", "/update-user", { username: "free_name" }, { jar: null });
  await t.post("name and display name", "/update-user", { username: "Ada_L", displayUsername: "Ada L.", name: "Ada King" });
  await t.get("session", "/get-session");
  await t.post("display name to null", "/update-user", { displayUsername: null });
  await t.post("name to null", "/update-user", { username: null });
  await t.get("session", "/get-session");
  await t.sql("update user set role = 'admin' where email = 'ada@example.com'");
  await t.post("create-user with a name", "/admin/create-user", { email: "c@example.com", name: "C", data: { username: "Carol.C" } });
  await t.post("create-user: taken", "/admin/create-user", { email: "d@example.com", name: "D", data: { username: "BOBBY" } });
  await t.post("create-user: invalid", "/admin/create-user", { email: "d@example.com", name: "D", data: { username: "d" } });
  const bobId = (await t.row("select id from user where email = 'bob@example.com'")).id;
  await t.post("update-user of another: a new name", "/admin/update-user", { userId: bobId, data: { username: "Robert" } });
  await t.post("update-user of another: taken", "/admin/update-user", { userId: bobId, data: { username: "carol.c" } });
  await t.post("update-user of another: display name", "/admin/update-user", { userId: bobId, data: { displayUsername: "Sir Robert" } });
});

flow("username", "options", "lengths, normalisation, no display name, fixed names", { name: "core+username:options", plugins: { username: { minUsernameLength: 5, maxUsernameLength: 8, usernameNormalization: false, immutableUsername: true, displayUsername: false } } }, async (t) => {
  await t.post("sign up", "/sign-up/email", { ...ada, username: "AdaLov", displayUsername: "x" });
  await t.post("another case is another name", "/is-username-available", { username: "adalov" }, { jar: null });
  await t.post("too short", "/is-username-available", { username: "abcd" }, { jar: null });
  await t.post("too long", "/is-username-available", { username: "abcdefghi" }, { jar: null });
  await t.post("sign in in another case", "/sign-in/username", { username: "adalov", password: P }, { jar: null });
  await t.post("sign in", "/sign-in/username", { username: "AdaLov", password: P }, { jar: new Jar() });
  await t.post("another name", "/update-user", { username: "AdaKing" });
  await t.post("the same name", "/update-user", { username: "AdaLov" });
  await t.post("display name alone", "/sign-up/email", { ...ada, email: "b@example.com", displayUsername: "Bobby" }, { jar: null });
});
