// Nodes that differ: what an operator changes on one of them reaches the others, and an older version serves beside a newer one.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshDatabase } from "../harness/database.mjs";
import { startDoorward } from "../harness/doorward.mjs";

const PASSWORD = "correct horse 1";
const ORIGIN = "http://localhost:3000";
const OLDER = process.env.DOORWARD_OLDER_BIN;

const common = {
  secret: "a-secret-that-all-nodes-share-0123456789",
  base_url: ORIGIN,
  email_and_password: { enabled: true },
  rate_limit: { enabled: false },
};

async function call(node, method, path, { body, cookie, at = "/api/auth" } = {}) {
  const headers = { "content-type": "application/json", origin: ORIGIN, ...(cookie ? { cookie } : {}) };
  const answer = await fetch(`${node.origin}${at}${path}`, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, body: text.startsWith("{") ? JSON.parse(text) : null, cookie: answer.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ") };
}

async function signUp(node, email) {
  const answer = await call(node, "POST", "/sign-up/email", { body: { name: "Ada", email, password: PASSWORD } });
  expect(answer.status).toBe(200);
  return answer.cookie;
}

const sessionAt = async (node, cookie) => (await call(node, "GET", "/get-session", { cookie })).body;

async function until(is) {
  const limit = Date.now() + 15_000;
  while (!(await is()) && Date.now() < limit) await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await is()).toBe(true);
}

describe("what an operator changes on one node", () => {
  let database, a, b, admin;

  beforeAll(async () => {
    database = await freshDatabase("postgres");
    const start = () => startDoorward({ database, config: () => ({ ...common, plugins: [{ id: "admin" }, { id: "username" }] }) });
    [a, b] = await Promise.all([start(), start()]);
    admin = await signUp(a, "grace@example.com");
    await database.run("update user set role = 'admin' where email = ?", "grace@example.com");
  }, 120_000);

  afterAll(async () => {
    await Promise.all([a, b].map((node) => node?.stop()));
    await database?.drop();
  });

  test("a setting counts on the other one without a restart", async () => {
    const shown = await call(a, "GET", "/settings", { cookie: admin, at: "/api" });
    expect(shown.status).toBe(200);
    const body = { version: shown.body.version, changes: { app_name: "Acme" } };
    expect((await call(a, "PUT", "/settings", { cookie: admin, at: "/api", body })).status).toBe(200);
    await until(async () => (await call(b, "GET", "/config")).body.appName === "Acme");
  });

  test("a plugin that is switched off and on is off and on at the other one", async () => {
    const status = async (node) => (await call(node, "POST", "/is-username-available", { body: { username: "ada" } })).status;
    expect(await status(b)).toBe(200);
    for (const [enabled, expected] of [[false, 404], [true, 200]]) {
      const switched = await call(a, "POST", "/plugins", { cookie: admin, at: "/api", body: { id: "username", enabled } });
      expect(switched.status).toBe(200);
      expect(await status(a)).toBe(expected);
      await until(async () => (await status(b)) === expected);
    }
  });
});

// `tests/run --full` builds the version before the last change of the tables.
describe.runIf(OLDER)("an older version beside this one", () => {
  let database, older, newer;
  const used = new Set();

  beforeAll(async () => {
    database = await freshDatabase("postgres");
    older = await startDoorward({ database, config: () => common, binary: OLDER });
    await signUp(older, "first@example.com");
    newer = await startDoorward({ database, config: () => common });
  }, 120_000);

  afterAll(async () => {
    await Promise.all([older, newer].map((node) => node?.stop()));
    await database?.drop();
  });

  test("each knows the sessions that the other makes and ends", async () => {
    for (const [i, [one, other]] of [[older, newer], [newer, older]].entries()) {
      const email = `person${i}@example.com`;
      const cookie = await signUp(one, email);
      expect((await sessionAt(other, cookie)).user.email).toBe(email);
      const again = await call(other, "POST", "/sign-in/email", { body: { email, password: PASSWORD } });
      expect((await sessionAt(one, again.cookie)).user.email).toBe(email);
      expect((await call(other, "POST", "/sign-out", { cookie, body: {} })).status).toBe(200);
      expect(await sessionAt(one, cookie)).toBeNull();
    }
  });

  test("a mailed link of one is redeemed at the other, once", async () => {
    for (const [one, other] of [[older, newer], [newer, older]]) {
      await call(one, "POST", "/request-password-reset", { body: { email: "first@example.com", redirectTo: "/x" } });
      let token;
      await until(async () => {
        const boxes = await Promise.all([older.mailbox(), newer.mailbox()]);
        token = boxes.flat().filter((mail) => mail.kind === "reset-password").map((mail) => mail.data.token).find((found) => !used.has(found));
        return token !== undefined;
      });
      used.add(token);
      const reset = () => call(other, "POST", "/reset-password", { body: { token, newPassword: PASSWORD } });
      expect((await reset()).status).toBe(200);
      expect((await reset()).status).toBe(400);
    }
  });

  test("the older one still finds every table that it needs", async () => {
    const third = await startDoorward({ database, config: () => common, binary: OLDER });
    expect((await call(third, "GET", "/ok")).status).toBe(200);
    await third.stop();
  });
});
