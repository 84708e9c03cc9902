// A throw-away Redis: {url, halt, resume, stop}.
import { execFileSync } from "node:child_process";
import path from "node:path";
import { ROOT } from "./doorward.mjs";

const script = (...args) => execFileSync(path.join(ROOT, "tests/redis"), args, { encoding: "utf8" });

export function startRedis() {
  const [directory, url] = script("start").trim().split("\n");
  return { url, halt: () => script("halt", directory), resume: () => script("resume", directory), stop: () => script("stop", directory) };
}
