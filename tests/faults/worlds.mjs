// What the load runs against: one node on a file, or nodes on two PostgreSQL clusters, with or without a Redis.
import { execFile } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { promisify } from "node:util";
import Sqlite from "better-sqlite3";
import { ROOT } from "../harness/doorward.mjs";
import { Client } from "./client.mjs";
import { makeDisk } from "./disk.mjs";
import { makeNode } from "./node.mjs";
import { startPair } from "./postgres_pair.mjs";
import { signal, sleep, until } from "./processes.mjs";
import { startProxy } from "./proxy.mjs";

const run = promisify(execFile);
const SECRET = "a-secret-of-the-fault-run-0123456789-abcdef";
const DAY_SECS = 86_400;
const OUTBOX_LIMIT_MS = 240_000;
const QUERIES = {
  users: 'select "id", "email", "twoFactorEnabled" from "user"',
  accounts: 'select "userId" from "account"',
  sessions: 'select "userId", "token" from "session"',
  twoFactors: 'select "userId" from "twoFactor"',
};

/** What a run that fails leaves behind is ended all the same. */
const atExit = (clean) => process.on("exit", () => { try { clean(); } catch { /* It was ended before. */ } });

/** Where mails arrive. */
export async function startMails() {
  const tokens = new Map();
  const server = http.createServer((request, answer) => {
    let text = "";
    request.on("data", (chunk) => { text += chunk; });
    request.on("end", () => {
      const { to, kind, data } = JSON.parse(text);
      tokens.set(`${to} ${kind}`, data?.token);
      answer.writeHead(204).end();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: server.address().port,
    all: () => [...tokens.keys()],
    async wait(id, limitMs) {
      const limit = Date.now() + limitMs;
      while (!tokens.has(id) && Date.now() < limit) await sleep(20);
      return tokens.get(id);
    },
    stop() { server.closeAllConnections(); server.close(); },
  };
}

const config = (mails, url) => ({
  secret: SECRET,
  base_url: "http://localhost:3000",
  database: { url },
  email_and_password: { enabled: true, reset_password_token_expires_in: DAY_SECS },
  user: { delete_user: { enabled: true } },
  rate_limit: { enabled: false },
  // What is tried are the stores, not the hash.
  password_hashing: { memory_kib: 64, iterations: 1, concurrency: 4 },
  mail: { transport: "webhook", from: "auth@example.com", webhook: { url: `http://127.0.0.1:${mails.port}/`, secret: "a-key-for-the-receiver-0123456789abcdef" } },
  plugins: [{ id: "magic-link", expires_in: DAY_SECS }, { id: "two-factor", skip_verification_on_enable: true }, { id: "admin" }],
});

async function withPeople(world, sql) {
  world.nodes.forEach((node) => node.start());
  await Promise.all(world.nodes.map((node) => node.ready));
  const credentials = { email: "admin@example.com", password: "the password of the admin" };
  const answer = await world.client.send({ method: "POST", path: "/sign-up/email", body: { name: "Admin", ...credentials } });
  if (answer.status !== 200) throw new Error(`the administrator's sign-up was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  await sql(`update "user" set "role" = 'admin' where "email" = '${credentials.email}'`);
  // A copy of the session knows the role from here on.
  world.admin = { cookies: (await world.client.send({ method: "POST", path: "/sign-in/email", body: credentials })).cookies };
  return world;
}

const base = (kind, options) => {
  const world = { kind, nodes: [], isOver: false, ...options };
  world.client = new Client(() => world.nodes, world.random);
  return world;
};

/** One node on a SQLite file, on a disk of its own where that is possible. */
export async function fileWorld(options) {
  const world = base("one node on SQLite", options);
  const disk = makeDisk(options.folder);
  const file = path.join(disk.place, "doorward.db");
  world.disk = disk;
  world.nodes = [await makeNode({ folder: options.folder, name: "node", config: config(options.mails, `sqlite://${file}`) })];
  atExit(() => disk.stop());
  await world.nodes[0].migrate();
  const query = (sql) => {
    const database = new Sqlite(file);
    database.pragma("busy_timeout = 5000");
    try { const statement = database.prepare(sql); return statement.reader ? statement.all() : statement.run(); } finally { database.close(); }
  };
  world.heal = async () => {};
  finish(world, async (sql) => query(sql), async () => disk.stop());
  return withPeople(world, async (sql) => query(sql));
}

/** So many nodes on PostgreSQL with a standby, each behind a proxy of its own; with a Redis that keeps the sessions, or without. */
export async function clusterWorld({ count, hasRedis, ...options }) {
  const world = base(`${count} nodes on PostgreSQL${hasRedis ? " and Redis" : ""}`, options);
  const pair = await startPair(options.folder);
  const redis = hasRedis ? await startRedis() : undefined;
  atExit(() => { pair.killNow(); redis?.killNow(); });
  Object.assign(world, { pair, redis, databaseProxies: [], redisProxies: [] });
  for (let number = 1; number <= count; number++) {
    const toDatabase = await startProxy(() => pair.port());
    world.databaseProxies.push(toDatabase);
    const settings = config(options.mails, `postgres://postgres@127.0.0.1:${toDatabase.port}/postgres`);
    if (redis) {
      const toRedis = await startProxy(() => redis.port);
      world.redisProxies.push(toRedis);
      settings.secondary_storage = { url: `redis://127.0.0.1:${toRedis.port}` };
    }
    world.nodes.push(await makeNode({ folder: options.folder, name: `node${number}`, config: settings }));
  }
  await world.nodes[0].migrate();
  world.heal = async () => {
    for (const proxy of [...world.databaseProxies, ...world.redisProxies]) proxy.pass();
    await pair.inStep();
  };
  const stop = async () => {
    for (const proxy of [...world.databaseProxies, ...world.redisProxies]) proxy.stop();
    await pair.stop();
    await redis?.stop();
  };
  finish(world, pair.query, stop);
  return withPeople(world, pair.query);
}

function finish(world, query, stop) {
  world.rows = async () => {
    const found = {};
    for (const [name, sql] of Object.entries(QUERIES)) found[name] = await query(sql);
    if (world.redis) found.sessions = await usable(world, await world.redis.sessions(), found.users);
    return found;
  };
  /** Waits until every mail has left. */
  world.drain = () => until(async () => Number(Object.values((await query('select count(*) from "doorward_outbox"'))[0])[0]) === 0, OUTBOX_LIMIT_MS, "the outbox to be empty");
  world.quiet = async () => {
    for (const node of world.nodes) node.stepClock(0);
    await world.heal();
    await until(async () => (await Promise.all(world.nodes.map((node) => node.isReady && node.isAnswering()))).every(Boolean), 60_000, "all nodes to be ready");
  };
  world.stop = async () => {
    const codes = await Promise.all(world.nodes.map((node) => node.stop()));
    await stop();
    return codes;
  };
}

/** Without the sessions of sign-ups that were never committed: nobody got their tokens, and they open nothing, which is tried. */
async function usable(world, sessions, users) {
  const known = new Set(users.map((user) => user.id));
  const opens = async ({ token }) => {
    const signature = crypto.createHmac("sha256", SECRET).update(token).digest("base64");
    const cookies = { "better-auth.session_token": encodeURIComponent(`${token}.${signature}`) };
    const { status, body } = await world.client.send({ method: "GET", path: "/get-session", session: { cookies } });
    return status !== 200 || body !== null;
  };
  const kept = [];
  for (const session of sessions) if (known.has(session.userId) || (await opens(session))) kept.push(session);
  return kept;
}

async function startRedis() {
  const script = async (...args) => (await run(path.join(ROOT, "tests/redis"), args)).stdout;
  const [directory, url] = (await script("start")).trim().split("\n");
  const { port } = new URL(url);
  const ask = (...args) => run("redis-cli", ["-p", port, ...args], { maxBuffer: 1 << 28 }).then(({ stdout }) => stdout);
  return {
    port: Number(port),
    pid: () => Number(fs.readFileSync(path.join(directory, "pid"), "utf8")),
    killNow: () => signal(Number(fs.readFileSync(path.join(directory, "pid"), "utf8")), "SIGKILL"),
    halt: () => script("halt", directory),
    resume: () => script("resume", directory),
    stop: () => script("stop", directory),
    /** Those of the lists that name each user's sessions. */
    async sessions() {
      const begin = "better-auth:active-sessions-";
      const keys = (await ask("--scan", "--pattern", `${begin}*`)).split("\n").filter(Boolean);
      const found = [];
      for (let at = 0; at < keys.length; at += 500) {
        const some = keys.slice(at, at + 500);
        const lists = JSON.parse(await ask("--json", "mget", ...some));
        const own = some.flatMap((key, i) => JSON.parse(lists[i] ?? "[]").map(({ token }) => ({ userId: key.slice(begin.length), token })));
        if (!own.length) continue;
        // A list may name sessions that have ended.
        const entries = JSON.parse(await ask("--json", "mget", ...own.map(({ token }) => `better-auth:${token}`)));
        found.push(...own.filter((_, i) => entries[i] !== null));
      }
      return found;
    },
  };
}
