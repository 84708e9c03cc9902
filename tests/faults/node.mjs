// One process of the server: started, killed, paused, started again, with a clock that can be stepped.
import { spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { stringify } from "smol-toml";
import { BINARY, freePort, ROOT } from "../harness/doorward.mjs";
import { isAlive, signal, sleep, until } from "./processes.mjs";

const FAKE_CLOCK = ["/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1"].find((file) => fs.existsSync(file));
const START_LIMIT_MS = 60_000;
const everRunning = new Set();
process.on("exit", () => everRunning.forEach((child) => child.kill("SIGKILL")));

export const canStepClocks = Boolean(FAKE_CLOCK);

/** Serves what the configuration says, in a folder of its own; compiled plugins are shared. */
export async function makeNode({ folder, name, config }) {
  const [port, managementPort] = [await freePort(), await freePort()];
  const home = path.join(folder, name);
  const compiled = path.join(folder, "compiled");
  fs.mkdirSync(home);
  fs.mkdirSync(compiled, { recursive: true });
  fs.symlinkSync(compiled, path.join(home, ".doorward"));
  const [file, clock] = [path.join(home, "doorward.toml"), path.join(home, "clock")];
  fs.writeFileSync(clock, "+0");
  fs.writeFileSync(file, stringify({ ...config, server: { address: `127.0.0.1:${port}` }, management: { address: `127.0.0.1:${managementPort}` }, plugin_folder: path.join(ROOT, "plugins/dist") }));
  /** `exits`: how often it ended by itself, and the last line that it said. */
  const node = { name, port, isReady: false, isPaused: false, panics: 0, exits: [] };
  let child;
  const environment = () => ({ ...process.env, NO_COLOR: "1", ...(FAKE_CLOCK ? { LD_PRELOAD: FAKE_CLOCK, FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_CACHE_DURATION: "1", DONT_FAKE_MONOTONIC: "1", FAKETIME_DONT_RESET: "1" } : {}) });
  const launch = (command) => {
    const started = spawn(BINARY, [command, "--config", file], { cwd: home, stdio: ["ignore", "pipe", "pipe"], env: environment() });
    everRunning.add(started);
    started.output = "";
    for (const stream of [started.stdout, started.stderr]) {
      stream.on("data", (chunk) => {
        started.output = (started.output + chunk).slice(-20_000);
        fs.appendFileSync(path.join(home, "log"), chunk);
        if (/panicked at/.test(chunk)) node.panics += 1;
      });
    }
    started.ended = new Promise((resolve) => started.once("close", (code, by) => { everRunning.delete(started); resolve(code ?? by); }));
    return started;
  };

  return Object.assign(node, {
    async migrate() {
      const migration = launch("migrate");
      const code = await migration.ended;
      if (code !== 0) throw new Error(`migrate ended with ${code}: ${migration.output}`);
    },
    start() {
      child = launch("serve");
      const mine = child;
      node.isReady = false;
      // What ends by itself is started again, as a service manager does.
      mine.ended.then(async (code) => {
        if (mine !== child || mine.isExpected) return;
        node.isReady = false;
        node.exits.push(`${code}: ${mine.output.trim().split("\n").pop()}`);
        await sleep(300);
        if (mine === child && !mine.isExpected) node.start();
      });
      node.ready = until(async () => {
        if (mine !== child || !isAlive(mine.pid)) return true;
        return (await get(managementPort, "/ready")) === 200;
      }, START_LIMIT_MS, `${name} to be ready`).then(() => { node.isReady = mine === child && isAlive(mine.pid); });
      // Whoever needs it waits; a node that is killed meanwhile is nobody's.
      node.ready.catch(() => {});
    },
    async kill() {
      node.isReady = false;
      child.isExpected = true;
      signal(child.pid, "SIGKILL");
      await child.ended;
    },
    async pause(ms) {
      node.isPaused = true;
      signal(child.pid, "SIGSTOP");
      await sleep(ms);
      signal(child.pid, "SIGCONT");
      node.isPaused = false;
    },
    stepClock(secs) { fs.writeFileSync(clock, `${secs < 0 ? "" : "+"}${secs}`); },
    isAnswering: async () => (await get(managementPort, "/ready")) === 200,
    async stop() {
      if (!child || !isAlive(child.pid)) return 0;
      child.isExpected = true;
      signal(child.pid, "SIGCONT");
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 40_000);
      const code = await child.ended;
      clearTimeout(timer);
      return code;
    },
  });
}

function get(port, url) {
  return new Promise((resolve) => {
    const request = http.get({ host: "127.0.0.1", port, path: url, agent: false, timeout: 1_500 }, (answer) => { answer.resume(); resolve(answer.statusCode); });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(0));
  });
}
