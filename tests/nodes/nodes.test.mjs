// Three processes on one PostgreSQL and one Redis: what one of them does, all of them know.
import http from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDatabase } from "../harness/database.mjs";
import { freePort, startDoorward } from "../harness/doorward.mjs";
import { startRedis } from "../harness/redis.mjs";

const PASSWORD = "correct horse 1";
let database, redis, receiver, nodes;
const mails = [];
/** Ports of senders' connections that get no answer. */
let hangs = false;

beforeAll(async () => {
  database = await freshDatabase("postgres");
  redis = startRedis();
  const port = await freePort();
  receiver = http.createServer((req, res) => {
    let text = "";
    req.on("data", (chunk) => { text += chunk; });
    req.on("end", () => {
      mails.push({ id: req.headers["webhook-id"], answered: !hangs, body: JSON.parse(text) });
      if (!hangs) res.writeHead(204).end();
    });
  });
  await new Promise((resolve) => receiver.listen(port, "127.0.0.1", resolve));
  const start = () => startDoorward({
    database,
    config: () => ({
      secret: "a-secret-that-three-nodes-share-0123456789",
      base_url: "http://localhost:3000",
      email_and_password: { enabled: true },
      secondary_storage: { url: redis.url },
      advanced: { ip_address: { source: "header" } },
      mail: { transport: "webhook", from: "auth@example.com", webhook: { url: `http://127.0.0.1:${port}/`, secret: "a-key-for-the-receiver-0123456789abcdef" } },
    }),
  });
  // All at once: each migrates first.
  nodes = await Promise.all([start(), start(), start()]);
}, 120_000);

afterAll(async () => {
  await Promise.all((nodes ?? []).map((node) => node.stop()));
  receiver?.closeAllConnections();
  receiver?.close();
  redis?.stop();
  await database?.drop();
});

let people = 0;
const address = () => `person${++people}@example.com`;

async function call(node, method, path, { body, cookie, client = "203.0.113.9" } = {}) {
  const headers = { "content-type": "application/json", origin: "http://localhost:3000", "x-forwarded-for": client, ...(cookie ? { cookie } : {}) };
  const answer = await fetch(`${node.origin}/api/auth${path}`, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : null, cookie: answer.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ") };
}

async function signUp(node, email = address()) {
  const answer = await call(node, "POST", "/sign-up/email", { body: { name: "Ada", email, password: PASSWORD }, client: `198.51.100.${++people}` });
  expect(answer.status).toBe(200);
  return { email, cookie: answer.cookie, token: answer.body.token };
}

const sessionAt = async (node, cookie) => (await call(node, "GET", "/get-session", { cookie })).body;

async function until(is, limitMs = 10_000) {
  const limit = Date.now() + limitMs;
  while (!is() && Date.now() < limit) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(is()).toBe(true);
}

test("three nodes that migrate at once make the tables once", async () => {
  const applied = await database.all("select * from doorward_migration");
  expect(applied.length).toBeGreaterThan(0);
  expect(await database.all("select * from user")).toEqual([]);
});

test("a session made on one node works on all, and ended on one it is dead on all", async () => {
  const [a, b, c] = nodes;
  const { cookie, email } = await signUp(a);
  for (const node of nodes) expect((await sessionAt(node, cookie)).user.email).toBe(email);
  expect((await call(b, "POST", "/sign-out", { cookie, body: {} })).status).toBe(200);
  for (const node of [a, c, b]) expect(await sessionAt(node, cookie)).toBeNull();
});

test("ending all sessions on one node ends those that others made", async () => {
  const [a, b, c] = nodes;
  const { cookie, email } = await signUp(a);
  const elsewhere = await call(b, "POST", "/sign-in/email", { body: { email, password: PASSWORD }, client: "198.51.100.77" });
  expect((await call(c, "POST", "/revoke-other-sessions", { cookie, body: {} })).status).toBe(200);
  for (const node of nodes) {
    expect(await sessionAt(node, elsewhere.cookie)).toBeNull();
    expect((await sessionAt(node, cookie)).user.email).toBe(email);
  }
});

test("a change of the user is seen everywhere at once", async () => {
  const [a, b, c] = nodes;
  const { cookie } = await signUp(a);
  await call(b, "POST", "/update-user", { cookie, body: { name: "Countess" } });
  for (const node of [c, a]) expect((await sessionAt(node, cookie)).user.name).toBe("Countess");
});

test("a limit holds for all nodes together, also for requests at once", async () => {
  const wrong = { body: { email: "nobody@example.com", password: "wrong horse 1" }, client: "203.0.113.50" };
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => call(nodes[i % 3], "POST", "/sign-in/email", wrong)));
  const statuses = answers.map((answer) => answer.status).sort();
  expect(statuses).toEqual([401, 401, 401, ...Array(9).fill(429)]);
});

test("a mailed secret is redeemed once, wherever it comes to, and the mail is sent once", async () => {
  const { email } = await signUp(nodes[0]);
  await call(nodes[1], "POST", "/request-password-reset", { body: { email, redirectTo: "/x" }, client: "198.51.100.200" });
  const of = () => mails.filter((mail) => mail.body.to === email);
  await until(() => of().length > 0);
  const token = of()[0].body.data.token;
  const tries = await Promise.all(Array.from({ length: 9 }, (_, i) =>
    call(nodes[i % 3], "POST", "/reset-password", { body: { token, newPassword: `another horse ${i}` }, client: `192.0.2.${i + 1}` })));
  expect(tries.filter((answer) => answer.status === 200).length).toBe(1);
  expect(of().filter((mail) => mail.body.kind === "reset-password").length).toBe(1);
});

test("every node sends, and each mail leaves once", async () => {
  const before = mails.length;
  const addresses = [];
  for (let i = 0; i < 18; i++) addresses.push((await signUp(nodes[i % 3])).email);
  await Promise.all(addresses.map((email, i) => call(nodes[i % 3], "POST", "/request-password-reset", { body: { email, redirectTo: "/x" }, client: `192.0.2.${100 + i}` })));
  const sent = () => mails.slice(before).map((mail) => mail.body.to);
  await until(() => new Set(sent()).size === addresses.length);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(sent().sort()).toEqual([...addresses].sort());
});

// As long as a lease: `tests/run --full` runs it.
test.runIf(process.env.DOORWARD_TEST_FULL)("what a node was sending when it died is sent by another", async () => {
  const { email } = await signUp(nodes[0]);
  hangs = true;
  const of = () => mails.filter((mail) => mail.body.to === email);
  await call(nodes[2], "POST", "/request-password-reset", { body: { email, redirectTo: "/x" }, client: "192.0.2.250" });
  await until(() => of().length > 0);
  // Whoever holds it dies; the others have not looked at it.
  const [first] = of();
  await Promise.all(nodes.slice(1).map((node) => node.kill()));
  nodes = nodes.slice(0, 1);
  hangs = false;
  await until(() => of().some((mail) => mail.answered && mail.id === first.id), 120_000);
  await until(() => true);
  expect(await database.all("select * from doorward_outbox")).toEqual([]);
}, 180_000);
