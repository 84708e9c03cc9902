// Signals to processes by their ids, and waiting.
import fs from "node:fs";

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function signal(pid, name) { try { process.kill(pid, name); return true; } catch { return false; } }

function stat(pid) {
  try { const fields = fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").pop().split(" "); return { state: fields[0], parent: Number(fields[1]) }; } catch { return undefined; }
}

export function isAlive(pid) { const found = stat(pid); return Boolean(found) && found.state !== "Z"; }

export const childrenOf = (pid) => fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name) && stat(name)?.parent === pid).map(Number);

/** Kills it and what it started, and waits until all are gone. */
export async function killAll(pid) {
  // It stands still first: nothing is started meanwhile.
  signal(pid, "SIGSTOP");
  const pids = [pid, ...childrenOf(pid)];
  for (const one of pids) signal(one, "SIGKILL");
  await until(() => !pids.some(isAlive), 20_000, `process ${pid} to end`);
}

export async function until(is, limitMs, what) {
  const limit = Date.now() + limitMs;
  while (!(await is())) {
    if (Date.now() > limit) throw new Error(`waited ${limitMs} ms in vain for ${what}`);
    await sleep(25);
  }
}
