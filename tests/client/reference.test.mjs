// Takeover: the reference server and Doorward on one database and one secret know each other's users and cookies.
import Sqlite from "better-sqlite3";
import { betterAuth } from "better-auth";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browser, newUser, PASSWORD, SECRET, serve } from "./harness.mjs";

let server, reference, connection;

function onSameDatabase({ origin, database }) {
  connection = database.kind === "sqlite" ? new Sqlite(database.file) : new pg.Pool({ connectionString: database.url, max: 2 });
  return betterAuth({ baseURL: origin, secret: SECRET, database: connection, emailAndPassword: { enabled: true }, rateLimit: { enabled: false }, telemetry: { enabled: false }, logger: { disabled: true } }).handler;
}

/** A browser whose requests the reference answers. */
function atReference(jar) {
  const who = browser(server, { jar });
  const call = async (path, body) => {
    const headers = { origin: server.origin, cookie: who.jar.header(), ...(body ? { "content-type": "application/json" } : {}) };
    const response = await reference(new Request(`${server.origin}/api/auth${path}`, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) }));
    who.jar.absorb(response.headers.getSetCookie().map((line) => ["set-cookie", line]));
    return { status: response.status, body: await response.json() };
  };
  return { ...who, call };
}

const passwordOf = async (userId) => (await server.database.all("select password from account where userId = ?", userId))[0].password;

describe.skipIf(process.env.DOORWARD_URL)("takeover", () => {
  server = serve();
  beforeAll(() => { reference = onSameDatabase(server); });
  afterAll(() => (connection instanceof pg.Pool ? connection.end() : connection?.close()));

  test("a session of the reference is accepted by Doorward, field for field", async () => {
    const there = atReference();
    const { body } = await there.call("/sign-up/email", { name: "Old", email: "old@example.com", password: PASSWORD });
    const { data } = await there.client.getSession();
    expect(data.user.id).toBe(body.user.id);
    expect(JSON.parse(JSON.stringify(data))).toEqual((await there.call("/get-session")).body);
  });

  test("a session of Doorward is accepted by the reference, field for field", async () => {
    const { jar, client, data } = await newUser(server);
    const { body } = await atReference(jar).call("/get-session");
    expect(body.user.id).toBe(data.user.id);
    expect(JSON.parse(JSON.stringify((await client.getSession()).data))).toEqual(body);
  });

  test("a sign-out at either ends the session at both", async () => {
    const here = await newUser(server);
    expect((await atReference(here.jar.clone()).call("/sign-out", {})).body).toEqual({ success: true });
    expect((await here.client.getSession()).data).toBeNull();
    const there = atReference();
    await there.call("/sign-up/email", { name: "Old", email: "out@example.com", password: PASSWORD });
    const copy = there.jar.clone();
    await there.client.signOut();
    expect((await atReference(copy).call("/get-session")).body).toBeNull();
  });

  test("a password hashed by the reference verifies, and is argon2id from then on", async () => {
    const there = atReference();
    const { body } = await there.call("/sign-up/email", { name: "Scrypt", email: "scrypt@example.com", password: "pässword ﬁ 1" });
    expect(await passwordOf(body.user.id)).toMatch(/^[0-9a-f]{32}:[0-9a-f]{128}$/);
    const { client, jar } = browser(server);
    expect((await client.signIn.email({ email: "scrypt@example.com", password: "pässword ﬁ 2" })).error.status).toBe(401);
    expect(jar.size).toBe(0);
    expect(await passwordOf(body.user.id)).toMatch(/^[0-9a-f]{32}:/);
    for (const attempt of ["first", "second"]) {
      expect((await client.signIn.email({ email: "scrypt@example.com", password: "pässword ﬁ 1" })).error, attempt).toBeNull();
      expect((await passwordOf(body.user.id)).startsWith("$argon2id$"), attempt).toBe(true);
    }
    expect((await client.signIn.email({ email: "scrypt@example.com", password: "pässword ﬁ 2" })).error.status).toBe(401);
  });
});
