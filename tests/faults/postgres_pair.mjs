// Two PostgreSQL clusters: one serves, the other follows it synchronously, so that what was acknowledged is in both.
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { freePort } from "../harness/doorward.mjs";
import { childrenOf, isAlive, killAll, signal, sleep, until } from "./processes.mjs";

const run = promisify(execFile);
const isRoot = process.getuid() === 0;
const BIN = fs.readdirSync("/usr/lib/postgresql").sort((a, b) => a - b).map((version) => `/usr/lib/postgresql/${version}/bin`).pop();
/** PostgreSQL refuses to run as root. */
const asOwner = (program, ...args) => (isRoot ? run("runuser", ["-u", "postgres", "--", path.join(BIN, program), ...args], { cwd: "/" }) : run(path.join(BIN, program), args, { cwd: "/" }));

export async function startPair(folder) {
  const home = path.join(folder, "postgres");
  fs.mkdirSync(home);
  if (isRoot) await run("chown", ["postgres", home]);
  const members = [];
  for (const name of ["a", "b"]) members.push({ data: path.join(home, name), log: path.join(home, `${name}.log`), port: await freePort() });
  let [serving, following] = members;
  let isFollowed = false;
  const pidOf = (member) => Number(fs.readFileSync(path.join(member.data, "postmaster.pid"), "utf8").split("\n")[0]);

  async function start(member) {
    const options = `-p ${member.port} -k ${home} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200 -c wal_retrieve_retry_interval=200ms -c wal_receiver_timeout=5s -c wal_sender_timeout=5s -c restart_after_crash=on -c checkpoint_timeout=30s -c max_wal_size=64MB -c shared_buffers=32MB`;
    const begin = () => asOwner("pg_ctl", "-D", member.data, "-l", member.log, "-w", "-t", "60", "-o", options, "start");
    // What the killed one shared may take a moment to be free.
    for (let tries = 0; ; tries++) {
      try { await begin(); break; } catch (error) { if (tries === 10) throw error; await sleep(300); }
    }
    member.pid = pidOf(member);
  }

  async function query(member, sql) {
    const client = new pg.Client({ host: "127.0.0.1", port: member.port, user: "postgres", database: "postgres", connectionTimeoutMillis: 2_000, query_timeout: 5_000 });
    client.on("error", () => {});
    await client.connect();
    try { return (await client.query(sql)).rows; } finally { await client.end().catch(() => {}); }
  }

  /** The other one begins anew as a copy that follows. */
  async function follow() {
    fs.rmSync(following.data, { recursive: true, force: true });
    await asOwner("pg_basebackup", "-h", "127.0.0.1", "-p", String(serving.port), "-U", "postgres", "-D", following.data, "-R", "-X", "stream", "-c", "fast", "--no-sync");
    await start(following);
    await query(serving, "alter system set synchronous_standby_names = '*'");
    await query(serving, "select pg_reload_conf()");
    await inStep();
    isFollowed = true;
  }

  async function inStep() {
    await until(async () => {
      const rows = await query(serving, "select sync_state, state from pg_stat_replication").catch(() => []);
      return rows.some((row) => row.sync_state === "sync" && row.state === "streaming");
    }, 60_000, "the standby");
  }

  await asOwner("initdb", "-D", serving.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync");
  await start(serving);
  await follow();

  return {
    port: () => serving.port,
    isFollowed: () => isFollowed,
    query: (sql) => query(serving, sql),
    inStep,

    /** Kills the serving one with all its processes, and starts it again after a while. */
    async kill(downMs) {
      await killAll(serving.pid);
      await sleep(downMs);
      await start(serving);
    },

    /** Kills one connection's process: PostgreSQL ends all others and recovers. */
    async killBackend() {
      const [row] = await query(serving, "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() order by random() limit 1");
      return Boolean(row) && signal(row.pid, "SIGKILL");
    },

    async pause(ms) {
      const pids = [serving.pid, ...childrenOf(serving.pid)];
      for (const pid of pids) signal(pid, "SIGSTOP");
      await sleep(ms);
      for (const pid of pids) signal(pid, "SIGCONT");
    },

    /** The standby takes over. `how`: killed, stopped in order, frozen, or cut off before (`fence` cuts all connections). */
    async promote(how, fence, moved) {
      await inStep();
      isFollowed = false;
      const old = serving;
      const pids = [old.pid, ...childrenOf(old.pid)];
      if (how === "killed") await killAll(old.pid);
      if (how === "stopped") await asOwner("pg_ctl", "-D", old.data, "-m", "fast", "-w", "stop");
      if (how === "frozen") for (const pid of pids) signal(pid, "SIGSTOP");
      if (how === "cut off") fence();
      await asOwner("pg_ctl", "-D", following.data, "-w", "-t", "60", "promote");
      [serving, following] = [following, old];
      await query(serving, "alter system reset synchronous_standby_names");
      await query(serving, "select pg_reload_conf()");
      moved();
      if (how === "frozen") for (const pid of pids) signal(pid, "SIGCONT");
      if (isAlive(old.pid)) await killAll(old.pid);
    },

    follow,

    killNow() { for (const { pid } of members) if (pid && isAlive(pid)) for (const one of [pid, ...childrenOf(pid)]) signal(one, "SIGKILL"); },

    async stop() {
      for (const { pid } of members) if (pid && isAlive(pid)) await killAll(pid);
    },
  };
}
