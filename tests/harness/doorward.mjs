// Starts the built binary with a generated configuration, waits until it answers, and stops it again.
import { spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "smol-toml";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const BINARY = process.env.DOORWARD_BIN || path.join(ROOT, "target/debug/doorward");
const COMPILED = path.join(ROOT, "target/test-compiled");
const START_LIMIT_MS = 30_000;
const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

export class StartError extends Error {}

/** A TCP port of the loopback interface that nothing listened on a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => { const { port } = probe.address(); probe.close(() => resolve(port)); });
  });
}

/** Migrates `database` and serves it with a development mailbox. `config(origin)` returns the configuration without address, database and mail. */
export async function startDoorward({ database, config, binary = BINARY }) {
  if (!fs.existsSync(binary)) throw new StartError(`${binary} is missing: run 'cargo build' first`);
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "doorward-test-"));
  const file = path.join(directory, "doorward.toml");
  const { server, mail, ...rest } = config(origin);
  // Compiled plugins are kept from server to server.
  fs.mkdirSync(COMPILED, { recursive: true });
  fs.symlinkSync(COMPILED, path.join(directory, ".doorward"));
  fs.writeFileSync(file, stringify({
    plugin_folder: path.join(ROOT, "plugins/dist"),
    ...rest,
    server: { address: `127.0.0.1:${port}`, ...server },
    database: { url: database.url },
    mail: { transport: "mailbox", ...mail },
  }));
  const remove = () => fs.rmSync(directory, { recursive: true, force: true });
  try {
    if (database.url !== "none") await runToEnd(binary, ["migrate", "--config", file]);
  } catch (error) { remove(); throw error; }
  // The mailbox is there under `dev` alone.
  const serving = launch(binary, ["dev", "--config", file]);
  const stop = async () => { await end(serving); remove(); };
  try {
    // Not a path that the rate limiter counts.
    await answers(port, "/", serving);
  } catch (error) { await stop(); throw error; }
  const kill = async () => { serving.kill("SIGKILL"); await serving.ended; remove(); };
  return { origin, port, file, log: () => serving.output, mailbox: () => mailbox(port), stop, kill };
}

function launch(binary, args) {
  const child = spawn(binary, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NO_COLOR: "1" } });
  running.add(child);
  child.output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => { child.output += chunk; });
  child.ended = new Promise((resolve) => child.once("close", (code, signal) => { running.delete(child); resolve(code ?? signal); }));
  return child;
}

async function runToEnd(binary, args) {
  const child = launch(binary, args);
  const code = await child.ended;
  if (code !== 0) throw new StartError(`doorward ${args[0]} ended with ${code}: ${child.output.trim()}`);
}

async function end(child) {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await child.ended;
  clearTimeout(timer);
}

async function answers(port, url, child) {
  const limit = Date.now() + START_LIMIT_MS;
  let code;
  child.ended.then((c) => { code = c; });
  while (Date.now() < limit) {
    if (code !== undefined) throw new StartError(`doorward serve ended with ${code}: ${child.output.trim()}`);
    if (await getStatus(port, url)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new StartError(`doorward did not answer ${url} within ${START_LIMIT_MS} ms: ${child.output.trim()}`);
}

// Any answer counts: a base path other than the default makes this one a 404.
function getStatus(port, url) {
  return new Promise((resolve) => {
    http.get({ host: "127.0.0.1", port, path: url, agent: false }, (res) => { res.resume(); resolve(res.statusCode); }).on("error", () => resolve(0));
  });
}

/** The development mailbox, newest first: {id, kind, to, subject, text, html, data}. */
function mailbox(port) {
  return new Promise((resolve, reject) => {
    http.get({ host: "127.0.0.1", port, path: "/dev/mailbox.json", agent: false }, (res) => {
      let text = "";
      res.on("data", (chunk) => { text += chunk; });
      res.on("end", () => {
        if (res.statusCode !== 200) return reject(new Error(`GET /dev/mailbox.json answered ${res.statusCode}`));
        try { resolve(JSON.parse(text)); } catch (error) { reject(error); }
      });
    }).on("error", reject);
  });
}
