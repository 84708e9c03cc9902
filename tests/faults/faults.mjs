// The faults, at random moments: one loop for nodes, one for the database, one for Redis.
import { canStepClocks } from "./node.mjs";
import { signal, sleep } from "./processes.mjs";

const HOUR_SECS = 3_600;

/** Counts faults by name, and which of them killed. */
export class Counts {
  constructor() { this.byName = new Map(); this.kills = 0; this.promotions = 0; }
  note(name, isKill = false) {
    this.byName.set(name, (this.byName.get(name) ?? 0) + 1);
    if (isKill) this.kills += 1;
  }
}

/** Plays faults until so many kills and promotions are done in this round. */
export async function play(world, quota, counts) {
  const plan = { world, counts, killsLeft: quota.kills, promotionsLeft: quota.promotions ?? 0 };
  const loops = [nodes(plan)];
  if (world.pair) loops.push(database(plan));
  if (world.redis) loops.push(secondary(plan));
  await Promise.all(loops);
}

const isOver = ({ killsLeft, promotionsLeft }) => killsLeft <= 0 && promotionsLeft <= 0;
const between = ({ world }, low, high) => low + world.random() * (high - low);
const chance = ({ world }, share) => world.random() < share;
const pick = ({ world }, list) => list[Math.floor(world.random() * list.length)];

function killed(plan, name) {
  plan.counts.note(name, true);
  plan.killsLeft -= 1;
}

async function nodes(plan) {
  const { world, counts } = plan;
  // A short life shows what happens at the start; a long one, what happens under load.
  const pace = world.pair ? [250, 1_000] : [300, 1_300];
  while (!isOver(plan)) {
    await sleep(between(plan, ...pace));
    const node = pick(plan, world.nodes.filter((one) => one.isReady && !one.isPaused));
    if (!node) continue;
    const dice = world.random();
    if (dice < 0.74) await killNode(plan, node);
    else if (dice < 0.82) { counts.note("node paused (SIGSTOP)"); await node.pause(between(plan, 200, 4_000)); }
    else if (dice < 0.88 && canStepClocks) { counts.note("clock of a node stepped"); node.stepClock(Math.round(between(plan, -HOUR_SECS, HOUR_SECS))); }
    else if (world.disk?.isReal) await spoilDisk(plan, node);
  }
}

async function killNode(plan, node) {
  // Now and then all of them at once.
  const all = plan.world.nodes.length > 1 && chance(plan, 0.04) ? plan.world.nodes : [node];
  for (const one of all) killed(plan, "node killed (SIGKILL)");
  await Promise.all(all.map((one) => one.kill()));
  if (chance(plan, 0.3)) await sleep(between(plan, 0, 400));
  all.forEach((one) => one.start());
  if (chance(plan, 0.15)) {
    // Killed again while it starts.
    await sleep(between(plan, 20, 250));
    killed(plan, "node killed (SIGKILL) while it starts");
    await node.kill();
    node.start();
  }
}

async function spoilDisk(plan, node) {
  const { world: { disk }, counts } = plan;
  if (chance(plan, 0.6)) {
    counts.note("disk full");
    disk.fill(chance(plan, 0.5) ? 0 : Math.round(between(plan, 4_096, 262_144)));
    await sleep(between(plan, 300, 2_000));
    const dies = chance(plan, 0.4);
    if (dies) { killed(plan, "node killed (SIGKILL) on a full disk"); await node.kill(); node.start(); await sleep(between(plan, 0, 800)); }
    disk.free();
    return;
  }
  counts.note("disk turned read-only");
  disk.turnReadOnly();
  await sleep(between(plan, 300, 1_500));
  killed(plan, "node killed (SIGKILL) on a read-only disk");
  await node.kill();
  disk.repair();
  node.start();
}

async function database(plan) {
  const { world: { pair, databaseProxies }, counts } = plan;
  while (!isOver(plan)) {
    await sleep(between(plan, 600, 2_200));
    if (plan.promotionsLeft > 0 && chance(plan, 0.45)) await promote(plan);
    else if (chance(plan, 0.35)) { killed(plan, "PostgreSQL killed (SIGKILL)"); await pair.kill(between(plan, 0, 1_200)); }
    else if (chance(plan, 0.4)) { if (await pair.killBackend().catch(() => false)) killed(plan, "process of PostgreSQL killed (SIGKILL)"); }
    else if (chance(plan, 0.3)) { counts.note("PostgreSQL paused (SIGSTOP)"); await pair.pause(between(plan, 200, 3_000)); }
    else await cut(plan, databaseProxies, "PostgreSQL");
  }
}

async function promote(plan) {
  const { world: { pair, databaseProxies }, counts } = plan;
  const how = pick(plan, ["killed", "killed", "stopped", "frozen", "cut off"]);
  const fence = () => databaseProxies.forEach((proxy) => proxy.refuse());
  await pair.promote(how, fence, () => databaseProxies.forEach((proxy) => proxy.pass()));
  counts.note(`standby promoted, the primary ${how}`, how === "killed");
  if (how === "killed") plan.killsLeft -= 1;
  counts.promotions += 1;
  plan.promotionsLeft -= 1;
  await pair.follow();
}

async function secondary(plan) {
  const { world: { redis, redisProxies }, counts } = plan;
  while (!isOver(plan)) {
    await sleep(between(plan, 1_000, 3_500));
    if (chance(plan, 0.6)) {
      killed(plan, "Redis killed (SIGKILL)");
      await redis.halt();
      await sleep(between(plan, 0, 900));
      await redis.resume();
    } else if (chance(plan, 0.4)) {
      counts.note("Redis paused (SIGSTOP)");
      const pid = redis.pid();
      signal(pid, "SIGSTOP");
      await sleep(between(plan, 200, 2_500));
      signal(pid, "SIGCONT");
    } else await cut(plan, redisProxies, "Redis");
  }
}

/** The network between one node, or all, and a store. */
async function cut(plan, proxies, name) {
  const some = chance(plan, 0.3) ? proxies : [pick(plan, proxies)];
  const how = pick(plan, ["reset", "half-open", "refused", "stalled"]);
  plan.counts.note(`network to ${name} ${how}`);
  if (how === "reset") some.forEach((proxy) => proxy.reset());
  if (how === "half-open") some.forEach((proxy) => proxy.halfOpen());
  if (how === "refused") some.forEach((proxy) => proxy.refuse());
  if (how === "stalled") some.forEach((proxy) => proxy.stall());
  await sleep(between(plan, 200, 2_500));
  some.forEach((proxy) => proxy.pass());
}
