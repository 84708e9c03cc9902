// Kills, cuts and spoils what Doorward runs on while people use it, and proves from their histories that it kept its promises.
// usage: node tests/faults/run.mjs [--kills N] [--promotions N] [--seed N] [--people N] [--out FILE] [--keep]
// Ends with `N passed, N failed`: one check a round. --out writes the report, --keep leaves logs and data in their folder.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { check } from "./checker.mjs";
import { Counts, play } from "./faults.mjs";
import { populate } from "./people.mjs";
import { commitOf, writeReport } from "./report.mjs";
import { clusterWorld, fileWorld, startMails } from "./worlds.mjs";

const THINK_MS = 60;
/** Of those of rounds before, so many are looked at again in each round; at the end of a world, so many. */
const AGAIN = 40;
const AGAIN_AT_END = 1_500;

const option = (name, usual) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? usual : process.argv[at + 1];
};
const [kills, promotions, people] = [Number(option("kills", 60)), Number(option("promotions", 6)), Number(option("people", 16))];
const seed = Number(option("seed", Date.now() % 1_000_000));

/** Mulberry32: the choice of faults and of what people do, not the moment at which threads meet. */
function randomFrom(start) {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const say = (text) => process.stdout.write(`${text}\n`);
const random = randomFrom(seed);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "doorward-faults-"));
fs.chmodSync(folder, 0o755);
const mails = await startMails();
const place = (name) => { const made = path.join(folder, name); fs.mkdirSync(made); fs.chmodSync(made, 0o755); return made; };
let worlds = 0;
// Nobody has the same number in two of them.
const options = (name) => ({ folder: place(name), random, mails, thinkMs: THINK_MS, people: 1_000_000 * worlds++ });
const share = (whole, part) => Math.ceil(whole * part);
const plans = [
  { make: () => fileWorld(options("file")), rounds: rounds(share(kills, 0.26), 40), kills: share(kills, 0.26), promotions: 0 },
  { make: () => clusterWorld({ count: 3, hasRedis: true, ...options("redis") }), rounds: rounds(share(kills, 0.44), 40), kills: share(kills, 0.44), promotions: share(promotions, 0.5) },
  { make: () => clusterWorld({ count: 2, hasRedis: false, ...options("rows") }), rounds: rounds(share(kills, 0.3), 40), kills: share(kills, 0.3), promotions: share(promotions, 0.5) },
];
function rounds(count, most) { return Math.max(1, Math.round(count / most)); }

const told = new Set();
const commit = commitOf();
const began = Date.now();
const results = [];
for (const plan of plans) results.push(await playWorld(plan));
mails.stop();
const passed = results.reduce((sum, result) => sum + result.rounds.filter((round) => !round.broken.length && !round.faults).length, 0);
const failed = results.reduce((sum, result) => sum + result.rounds.length, 0) - passed;
const out = option("out");
if (out) writeReport(path.resolve(out), { seed, results, commit, minutes: (Date.now() - began) / 60_000 });
if (process.argv.includes("--keep") || failed) say(`The logs are in ${folder}`);
else fs.rmSync(folder, { recursive: true, force: true });
say(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);

async function playWorld(plan) {
  const world = await plan.make();
  say(`${world.kind} (seed ${seed})`);
  const result = { kind: world.kind, counts: new Counts(), rounds: [], client: world.client };
  const everybody = [];
  try {
    for (let number = 1; number <= plan.rounds; number++) {
      const isLast = number === plan.rounds;
      const quota = { kills: Math.ceil((plan.kills - result.counts.kills) / (plan.rounds - number + 1)), promotions: Math.ceil((plan.promotions - result.counts.promotions) / (plan.rounds - number + 1)) };
      result.rounds.push(await playRound(world, quota, result.counts, everybody, isLast));
    }
    result.exits = world.nodes.flatMap((node) => node.exits);
    result.panics = world.nodes.reduce((sum, node) => sum + node.panics, 0);
  } finally {
    result.codes = await world.stop();
  }
  const history = path.join(folder, `history of ${world.kind}.jsonl`);
  fs.writeFileSync(history, world.client.history.map((line) => JSON.stringify(line)).join("\n"));
  return result;
}

async function playRound(world, quota, counts, everybody, isLast) {
  const [start, before, faultsBefore] = [Date.now(), world.client.history.length, world.client.faults.length];
  world.isOver = false;
  const load = populate(world, people);
  await play(world, quota, counts);
  world.isOver = true;
  const lived = await load;
  await world.quiet();
  const again = shuffled(everybody).slice(0, isLast ? AGAIN_AT_END : AGAIN);
  await inTurns([...lived, ...again], 8, (person) => person.settle());
  everybody.push(...lived);
  if (isLast) await world.drain();
  const rows = { ...(await world.rows()), mails: isLast ? mails.all() : null };
  // The whole history is checked again: what was broken in a round before is told once.
  const broken = check(world.client.history, rows).filter(({ promise, text }) => !told.has(`${promise} ${text}`));
  for (const { promise, text } of broken) told.add(`${promise} ${text}`);
  const faults = world.client.faults.slice(faultsBefore);
  say(`  ${counts.kills} kills, ${counts.promotions} promotions; ${world.client.history.length - before} operations, ${rows.users.length} users; ${broken.length} promises broken, ${faults.length} wrong answers (${Math.round((Date.now() - start) / 1000)} s)`);
  for (const { promise, text } of broken.slice(0, 20)) say(`    ${promise}: ${text}`);
  for (const fault of faults.slice(0, 20)) say(`    ${JSON.stringify(fault)}`);
  return { broken, faults: faults.length };
}

function shuffled(list) {
  return list.map((item) => [random(), item]).sort(([a], [b]) => a - b).map(([, item]) => item);
}

async function inTurns(list, width, work) {
  const waiting = [...list];
  await Promise.all(Array.from({ length: width }, async () => { while (waiting.length) await work(waiting.pop()); }));
}
