// Takeover: the reference server and Doorward on one database and one secret know each other's users and cookies.
import Sqlite from "better-sqlite3";
import { betterAuth } from "better-auth";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browser, newUser, PASSWORD, SECRET, serve } from "./harness.mjs";

/** The reference on the server's database: {server, handler, close}. */
function onSameDatabase(server, options = {}) {
  const { kind, file, url } = server.database;
  const database = kind === "sqlite" ? new Sqlite(file) : new pg.Pool({ connectionString: url, max: 2 });
  const { handler } = betterAuth({ baseURL: server.origin, secret: SECRET, database, emailAndPassword: { enabled: true }, rateLimit: { enabled: false }, telemetry: { enabled: false }, logger: { disabled: true }, ...options });
  return { server, handler, close: async () => { await (kind === "sqlite" ? database.close() : database.end()); } };
}

/** A browser whose requests the reference answers. */
function at({ server, handler }, jar) {
  const who = browser(server, { jar });
  const call = async (path, body) => {
    const headers = { origin: server.origin, cookie: who.jar.header(), ...(body ? { "content-type": "application/json" } : {}) };
    const response = await handler(new Request(`${server.origin}/api/auth${path}`, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) }));
    who.jar.absorb(response.headers.getSetCookie().map((line) => ["set-cookie", line]));
    return { status: response.status, body: await response.json(), setCookies: response.headers.getSetCookie() };
  };
  return { ...who, call };
}

const passwordOf = async (server, userId) => (await server.database.all("select password from account where userId = ?", userId))[0].password;

describe.skipIf(process.env.DOORWARD_URL)("takeover", () => {
  // The reference gives up when another process writes to SQLite inside its transaction, as the audit log would.
  const server = serve({ audit: { enabled: false } });
  let reference;
  beforeAll(() => { reference = onSameDatabase(server); });
  afterAll(() => reference?.close());

  test("a session of the reference is accepted by Doorward, field for field", async () => {
    const there = at(reference);
    const { body } = await there.call("/sign-up/email", { name: "Old", email: "old@example.com", password: PASSWORD });
    const { data } = await there.client.getSession();
    expect(data.user.id).toBe(body.user.id);
    expect(JSON.parse(JSON.stringify(data))).toEqual((await there.call("/get-session")).body);
  });

  test("a session of Doorward is accepted by the reference, field for field", async () => {
    const { jar, client, data } = await newUser(server);
    const { body } = await at(reference, jar).call("/get-session");
    expect(body.user.id).toBe(data.user.id);
    expect(JSON.parse(JSON.stringify((await client.getSession()).data))).toEqual(body);
  });

  test("a sign-out at either ends the session at both", async () => {
    const here = await newUser(server);
    expect((await at(reference, here.jar.clone()).call("/sign-out", {})).body).toEqual({ success: true });
    expect((await here.client.getSession()).data).toBeNull();
    const there = at(reference);
    await there.call("/sign-up/email", { name: "Old", email: "out@example.com", password: PASSWORD });
    const copy = there.jar.clone();
    await there.client.signOut();
    expect((await at(reference, copy).call("/get-session")).body).toBeNull();
  });

  test("a password hashed by the reference verifies, and is argon2id from then on", async () => {
    const there = at(reference);
    const { body } = await there.call("/sign-up/email", { name: "Scrypt", email: "scrypt@example.com", password: "pässword ﬁ 1" });
    expect(await passwordOf(server, body.user.id)).toMatch(/^[0-9a-f]{32}:[0-9a-f]{128}$/);
    const { client, jar } = browser(server);
    expect((await client.signIn.email({ email: "scrypt@example.com", password: "pässword ﬁ 2" })).error.status).toBe(401);
    expect(jar.size).toBe(0);
    expect(await passwordOf(server, body.user.id)).toMatch(/^[0-9a-f]{32}:/);
    for (const attempt of ["first", "second"]) {
      expect((await client.signIn.email({ email: "scrypt@example.com", password: "pässword ﬁ 1" })).error, attempt).toBeNull();
      expect((await passwordOf(server, body.user.id)).startsWith("$argon2id$"), attempt).toBe(true);
    }
    expect((await client.signIn.email({ email: "scrypt@example.com", password: "pässword ﬁ 2" })).error.status).toBe(401);
  });
});

describe.skipIf(process.env.DOORWARD_URL).each(["compact", "jwt", "jwe"])("a copy of a session in a cookie, %s", (strategy) => {
  const server = serve({ session: { cookie_cache: { enabled: true, strategy } } });
  let reference;
  beforeAll(() => { reference = onSameDatabase(server, { session: { cookieCache: { enabled: true, strategy } } }); });
  afterAll(() => reference?.close());

  // Without rows, only the copy can answer.
  const forgetSessions = () => server.database.run("delete from session");

  test("is made by the reference and read by Doorward", async () => {
    const there = at(reference);
    await there.call("/sign-up/email", { name: "Ünï \"Cöde\" 😀", email: "made-there@example.com", password: PASSWORD });
    await forgetSessions();
    const { body } = await there.call("/get-session");
    expect(body.user.email).toBe("made-there@example.com");
    expect(JSON.parse(JSON.stringify((await there.client.getSession()).data))).toEqual(body);
    expect((await there.client.listSessions()).error.status).toBe(401);
  });

  test("is made by Doorward and read by the reference", async () => {
    const { jar } = await newUser(server, { name: "Ünï \"Cöde\" 😀" });
    await forgetSessions();
    const { body, setCookies } = await at(reference, jar).call("/get-session");
    expect(body.user.name).toBe("Ünï \"Cöde\" 😀");
    expect(setCookies).toEqual([]);
  });

  test("is cut by Doorward and joined by the reference", async () => {
    const { jar, client, email, data } = await newUser(server);
    await server.database.run("update user set name = ? where id = ?", "x".repeat(9000), data.user.id);
    expect((await client.signIn.email({ email, password: PASSWORD })).error).toBeNull();
    expect(jar.keys().filter((name) => /session_data\.\d+$/.test(name)).length).toBeGreaterThan(1);
    await forgetSessions();
    expect((await at(reference, jar).call("/get-session")).body.user.name).toHaveLength(9000);
  });
});

describe.skipIf(process.env.DOORWARD_URL).each([["serial", /^\d+$/], ["uuid", /^[0-9a-f-]{36}$/]])("ids of the form %s", (form, pattern) => {
  const server = serve({ audit: { enabled: false }, advanced: { database: { generate_id: form } } });
  let reference;
  beforeAll(() => { reference = onSameDatabase(server, { advanced: { database: { generateId: form } } }); });
  afterAll(() => reference?.close());

  test("are made by either and known to both", async () => {
    const there = at(reference);
    const { body } = await there.call("/sign-up/email", { name: "There", email: "there@example.com", password: PASSWORD });
    expect(body.user.id).toMatch(pattern);
    expect(JSON.parse(JSON.stringify((await there.client.getSession()).data))).toEqual((await there.call("/get-session")).body);
    const here = await newUser(server);
    expect(here.data.user.id).toMatch(pattern);
    expect(here.data.user.id).not.toBe(body.user.id);
    const seen = await at(reference, here.jar).call("/get-session");
    expect(seen.body).toEqual(JSON.parse(JSON.stringify((await here.client.getSession()).data)));
    expect((await at(reference, here.jar.clone()).call("/sign-out", {})).body).toEqual({ success: true });
    expect((await here.client.getSession()).data).toBeNull();
  });
});
