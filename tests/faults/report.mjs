// Writes the report of a run: the machine, the commit, what was done, and what was counted.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { ROOT } from "../harness/doorward.mjs";

const PROMISES = [["lost", "lost"], ["half-done", "half-done"], ["revived", "revived"], ["used twice", "used twice"]];
const sum = (list) => list.reduce((total, number) => total + number, 0);
const number = (value) => value.toLocaleString("en-US");
const table = (head, rows) => [`| ${head.join(" | ")} |`, `|${head.map((_, i) => (i ? "---:" : "---")).join("|")}|`, ...rows.map((row) => `| ${row.join(" | ")} |`)].join("\n");

export function writeReport(file, run) {
  fs.writeFileSync(file, text(run));
}

/** Exported for its test. */
export function text({ seed, results, minutes, commit, machine = machineOf() }) {
  const broken = results.flatMap((result) => result.rounds.flatMap((round) => round.broken));
  const counted = PROMISES.map(([promise, word]) => `${broken.filter((one) => one.promise === promise).length} ${word}`).join(", ");
  const operations = results.flatMap((result) => [...result.client.counts.values()]);
  const total = (kind) => sum(operations.map((row) => row[kind]));
  const wrong = results.flatMap((result) => result.client.faults);
  return `# What faults cost

A run of \`node tests/faults/run.mjs\` wrote this page. People sign up and in and out, change and reset their passwords,
end sessions, follow mailed links, use backup codes, are banned and leave. Meanwhile everything below them is killed, paused, cut
off or spoilt. What each was told is written down, and a checker compares it with what is there afterwards.

**${counted}** in ${number(total("ok"))} acknowledged operations, ${number(sum(results.map((result) => result.counts.kills)))} kills and
${number(sum(results.map((result) => result.counts.promotions)))} promotions of a standby.

- **lost:** an acknowledged user, password, session or mail is not there, or a secret that nobody used does not work.
- **half-done:** rows of one change are there in part, such as a user without an account.
- **revived:** a session, a password or a user is there after its acknowledged end.
- **used twice:** a secret that works once worked twice, where several used it at once.

## The run

${table(["", ""], [["machine", machine], ["commit", commit], ["seed", String(seed)], ["minutes", minutes.toFixed(1)], ["rounds, each checked at its end", String(sum(results.map((result) => result.rounds.length)))]])}

The seed chooses faults and what people do. Threads and processes meet as they like, so no two runs are the same.

## Faults

${table(["fault", ...results.map((result) => result.kind)], faultRows(results))}

PostgreSQL has a synchronous standby, so what it acknowledges is on both. Redis writes each change to its file before it answers.
Nodes that end by themselves are started again: ${number(sum(results.map((result) => result.exits.length)))} did so. Panics: ${sum(results.map((result) => result.panics))}.

## What clients were told

${table(["operation", "acknowledged", "refused", "503", "no answer"], operationRows(results))}

*Refused* is an answer by the rules, as to the second who uses a secret. After *503* and *no answer* a change may have happened or not, as a whole.
Requests that found nobody listening (${number(total("unreached"))}) are not counted.
Answers of status 500 or 409, or 503 without \`Retry-After\`: ${wrong.length}.
`;
}

function faultRows(results) {
  const names = [...new Set(results.flatMap((result) => [...result.counts.byName.keys()]))].sort();
  const rows = names.map((name) => [name, ...results.map((result) => result.counts.byName.get(name) ?? "")]);
  return [...rows, ["**kills**", ...results.map((result) => result.counts.kills)], ["**promotions**", ...results.map((result) => result.counts.promotions || "")]];
}

function operationRows(results) {
  const names = [...new Set(results.flatMap((result) => [...result.client.counts.keys()]))].sort();
  const of = (name, kind) => sum(results.map((result) => result.client.counts.get(name)?.[kind] ?? 0));
  const row = (name, list) => [name, ...["ok", "refused", "unavailable", "unanswered"].map((kind) => number(sum(list.map((one) => of(one, kind)))))];
  return [...names.map((name) => row(name, [name])), row("**all**", names)];
}

function machineOf() {
  const gib = Math.round(os.totalmem() / 2 ** 30);
  return `${os.cpus().length} cores, ${gib} GiB, Linux ${os.release().split("-")[0]}, Node.js ${process.versions.node}`;
}

/** To be asked before the run: what changes later was not tried. */
export function commitOf() {
  const git = (...args) => execFileSync("git", args, { cwd: path.join(ROOT), encoding: "utf8" }).trim();
  // What this run writes is no change of the code.
  const isChanged = git("status", "--porcelain", "--", "host", "plugins", "sdk", "migrations", "Cargo.lock");
  return `${git("rev-parse", "--short=12", "HEAD")}${isChanged ? " with changes" : ""}`;
}
