// Sign in with a name, through the official client: every method, happy and refused.
import { usernameClient } from "better-auth/client/plugins";
import { describe, expect, test } from "vitest";
import { browser as plainBrowser, PASSWORD, rowCounts, serve } from "./harness.mjs";

const server = serve({ plugins: [{ id: "username" }] });
const strict = serve({ plugins: [{ id: "username", immutable_username: true, username_normalization: false, min_username_length: 5, username_validator: "[A-Z][a-z]+", display_username_validator: "[^<>]*" }] });
const browser = (where = server, options = {}) => plainBrowser(where, { plugins: [usernameClient()], ...options });
let made = 0;
const fresh = () => `Name_${++made}.x`;
const signUp = (fields, where = server, who = browser(where)) => who.client.signUp.email({ name: "Ada", email: `name${++made}@example.com`, password: PASSWORD, ...fields }).then((answer) => ({ ...who, ...answer }));
const refused = async (call, status, code) => expect((await call).error).toMatchObject({ status, code });

test("a name is stored in lower case, the display name as it was typed", async () => {
  const username = fresh();
  const { data, client } = await signUp({ username, displayUsername: "Ada L." });
  expect(data.user).toMatchObject({ username: username.toLowerCase(), displayUsername: "Ada L." });
  expect((await client.getSession()).data.user).toMatchObject({ username: username.toLowerCase(), displayUsername: "Ada L." });
  const alone = fresh();
  expect((await signUp({ username: alone })).data.user).toMatchObject({ username: alone.toLowerCase(), displayUsername: alone });
  const shown = fresh();
  expect((await signUp({ displayUsername: shown })).data.user).toMatchObject({ username: shown.toLowerCase(), displayUsername: shown });
  expect((await signUp({ displayUsername: "Not a name" })).data.user).toMatchObject({ username: null, displayUsername: "Not a name" });
});

test("signIn.username signs in in any letter case, once the password is right", async () => {
  const username = fresh();
  const { data } = await signUp({ username });
  const { client, jar } = browser();
  const opened = await client.signIn.username({ username: username.toUpperCase(), password: PASSWORD });
  expect(opened.data).toMatchObject({ redirect: false, user: { id: data.user.id, username: username.toLowerCase() } });
  expect((await client.getSession()).data.session.token).toBe(opened.data.token);
  expect(jar.has("better-auth.dont_remember")).toBe(false);
  const brief = browser();
  expect((await brief.client.signIn.username({ username, password: PASSWORD, rememberMe: false })).error).toBeNull();
  expect(brief.jar.has("better-auth.dont_remember")).toBe(true);
});

test("a wrong password, an unknown name and a user without a password are answered alike", async () => {
  const username = fresh();
  const { data } = await signUp({ username });
  const social = fresh();
  const other = await signUp({ username: social });
  await server.database.run("delete from account where userId = ?", other.data.user.id);
  const before = await rowCounts(server);
  const answers = [];
  for (const attempt of [{ username, password: "wrong password" }, { username: "nobody_here", password: PASSWORD }, { username: social, password: PASSWORD }, { username, password: "" }, { username: "", password: PASSWORD }]) {
    const { client, jar } = browser();
    answers.push((await client.signIn.username(attempt)).error);
    expect(jar.size).toBe(0);
  }
  for (const answer of answers) expect(answer).toEqual({ status: 401, statusText: "Unauthorized", code: "INVALID_USERNAME_OR_PASSWORD", message: "Invalid username or password" });
  expect(await rowCounts(server)).toEqual(before);
  expect(data.user.id).not.toBe(other.data.user.id);
});

test("what cannot be a name is refused before anything is looked up", async () => {
  const { client } = browser();
  for (const [username, code] of [["ab", "USERNAME_TOO_SHORT"], ["a".repeat(31), "USERNAME_TOO_LONG"], ["a b!", "INVALID_USERNAME"]]) {
    await refused(client.signIn.username({ username, password: PASSWORD }), 422, code);
    await refused(client.isUsernameAvailable({ username }), 422, code);
    await refused(signUp({ username }), 400, code);
  }
  await refused(client.isUsernameAvailable({ username: "" }), 422, "INVALID_USERNAME");
  await refused(client.signIn.username({ username: "a".repeat(10), password: "x".repeat(129) }), 400, "PASSWORD_TOO_LONG");
});

test("a name has one holder", async () => {
  const username = fresh();
  await signUp({ username });
  const { client } = browser();
  expect((await client.isUsernameAvailable({ username: username.toUpperCase() })).data).toEqual({ available: false });
  expect((await client.isUsernameAvailable({ username: fresh() })).data).toEqual({ available: true });
  const before = await rowCounts(server);
  await refused(signUp({ username: username.toUpperCase() }), 400, "USERNAME_IS_ALREADY_TAKEN");
  expect(await rowCounts(server)).toEqual(before);
});

test("of sixteen sign-ups with one name, one gets it", async () => {
  const username = fresh();
  const before = await rowCounts(server);
  const answers = await Promise.all(Array.from({ length: 16 }, () => signUp({ username })));
  expect(answers.filter(({ error }) => error === null)).toHaveLength(1);
  for (const { error } of answers) if (error) expect(error).toMatchObject({ status: 400, code: "USERNAME_IS_ALREADY_TAKEN" });
  const after = await rowCounts(server);
  expect(after).toEqual({ ...before, user: before.user + 1, account: before.account + 1, session: before.session + 1 });
});

test("of sixteen users who take one name at once, one gets it, and the others are told so", async () => {
  for (let round = 0; round < 3; round++) {
    const username = fresh();
    const users = await Promise.all(Array.from({ length: 16 }, () => signUp({})));
    const answers = await Promise.all(users.map(({ client }) => client.updateUser({ username })));
    expect(answers.filter(({ error }) => error === null)).toHaveLength(1);
    for (const { error } of answers) if (error) expect(error).toMatchObject({ status: 400, code: "USERNAME_IS_ALREADY_TAKEN" });
    expect(await server.database.all("select count(*) n from user where username = ?", username.toLowerCase())).toEqual([{ n: 1 }]);
  }
});

test("updateUser changes the name, and nobody else's", async () => {
  const [mine, theirs, next] = [fresh(), fresh(), fresh()];
  const { client } = await signUp({ username: mine });
  await signUp({ username: theirs });
  await refused(client.updateUser({ username: theirs.toUpperCase() }), 400, "USERNAME_IS_ALREADY_TAKEN");
  await refused(client.updateUser({ username: "x y" }), 400, "INVALID_USERNAME");
  expect((await client.updateUser({ username: next })).error).toBeNull();
  expect((await client.getSession()).data.user).toMatchObject({ username: next.toLowerCase(), displayUsername: mine });
  expect((await client.updateUser({ username: next.toUpperCase() })).error).toBeNull();
  expect((await client.updateUser({ displayUsername: "The New Name" })).error).toBeNull();
  expect((await client.getSession()).data.user).toMatchObject({ username: next.toLowerCase(), displayUsername: "The New Name" });
  await refused(browser().client.signIn.username({ username: mine, password: PASSWORD }), 401, "INVALID_USERNAME_OR_PASSWORD");
});

describe("with rules of the operator's own", () => {
  test("names keep their case, follow the pattern and stay", async () => {
    const { client, data } = await signUp({ username: "Augusta" }, strict);
    expect(data.user.username).toBe("Augusta");
    expect((await browser(strict).client.isUsernameAvailable({ username: "Augustb" })).data).toEqual({ available: true });
    await refused(browser(strict).client.isUsernameAvailable({ username: "augusta" }), 422, "INVALID_USERNAME");
    await refused(browser(strict).client.isUsernameAvailable({ username: "Aug" }), 422, "USERNAME_TOO_SHORT");
    await refused(client.updateUser({ username: "Charlotte" }), 400, "USERNAME_IS_IMMUTABLE");
    expect((await client.updateUser({ username: "Augusta" })).error).toBeNull();
    await refused(client.updateUser({ displayUsername: "<b>" }), 400, "INVALID_DISPLAY_USERNAME");
    const later = await signUp({}, strict);
    expect((await later.client.updateUser({ username: "Lateron" })).error).toBeNull();
  });
});
