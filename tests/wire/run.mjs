// Replays every recorded flow against Doorward (or the reference) and compares it with the golden transcripts.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parse } from "smol-toml";

const USAGE = `usage: node tests/wire/run.mjs [--database sqlite|postgres|mysql] [--redis URL] [--filter area/name] [--plugins-available id,id,…]
                               [--reference] [--record]
  --redis              sessions have copies in this Redis too; rows still tell which live
  --filter             only the flows whose area/name contains the text
  --plugins-available  the plugins that exist (default: the components in plugins/dist)
  --reference          play against the reference itself, which proves the harness
  --record             with --reference: write the transcripts instead of comparing them`;

process.env.NODE_ENV = "production"; // the transcripts are those of a production server
const here = path.dirname(fileURLToPath(import.meta.url));
const { values: args } = parseArgs({ options: { database: { type: "string", default: "sqlite" }, redis: { type: "string" }, filter: { type: "string", default: "" }, "plugins-available": { type: "string" }, reference: { type: "boolean" }, record: { type: "boolean" }, help: { type: "boolean" } } });
if (args.help || !["sqlite", "postgres", "mysql"].includes(args.database) || (args.record && !args.reference)) {
  console.log(USAGE);
  process.exit(args.help ? 0 : 2);
}

const { getFlows, playFlow } = await import("./lib/recorder.mjs");
const { compareStep, formatDifference, isCovered, Names } = await import("./lib/compare.mjs");
const { resolveVariant } = await import("./lib/variant.mjs");
const { pluginId, Unsupported } = await import("./lib/config.mjs");
const start = args.reference ? (await import("./lib/reference.mjs")).start : (await import("./lib/doorward.mjs")).driver(args.database, args.redis);
for (const file of fs.readdirSync(path.join(here, "flows")).sort()) await import(`./flows/${file}`);

const readToml = (name) => parse(fs.readFileSync(path.join(here, name), "utf8"));
const listed = args.reference ? [] : readToml("differences.toml").difference ?? [];
const pending = args.reference ? [] : readToml("pending.toml").pending ?? [];
const transcript = (flow) => path.join(here, "transcripts", flow.area, `${flow.name}.json`);

function pluginsAvailable() {
  if (args["plugins-available"] !== undefined) return args["plugins-available"].split(",");
  const dist = path.join(here, "../../plugins/dist");
  return fs.existsSync(dist) ? fs.readdirSync(dist).filter((f) => f.endsWith(".wasm")).map((f) => f.slice(0, -5)) : [];
}
const available = new Set(pluginsAvailable());

function reasonToSkip(flow) {
  if (args.reference) return;
  const waits = pending.find((p) => p.flow === flow.id || (p.flow.endsWith("/") && flow.id.startsWith(p.flow)));
  if (waits) return `pending: ${waits.reason}`;
  const missing = Object.keys(resolveVariant(flow.variant, { origin: "http://localhost" }).plugins).map(pluginId).filter((id) => !available.has(id));
  if (missing.length) return `no component of plugin ${missing.join(", ")}`;
}

/** Compares a played flow; returns {steps, equal, listed, unexplained, report}. */
function judge(flow, golden, { steps, error }) {
  const names = new Names();
  const result = { steps: golden.length, equal: 0, listed: 0, unexplained: 0, report: [] };
  const entries = listed.filter((d) => d.flow === flow.id && (!d.database || d.database === args.database));
  const used = new Set();
  for (let i = 0; i < Math.max(golden.length, steps.length); i++) {
    const differences = compareStep(golden[i], steps[i], names);
    const note = (golden[i] ?? steps[i]).note;
    const entry = entries.find((d) => d.step === note && (d.index === undefined || d.index === i) && isCovered(differences, d));
    if (!differences.length) result.equal++;
    else if (entry) { result.listed++; used.add(entry); }
    else {
      result.unexplained++;
      if (i < steps.length) result.report.push(`  ✗ ${flow.id} step ${i} "${note}"`, ...differences.map(formatDifference));
      else if (i === steps.length) result.report.push(`  ✗ ${flow.id} steps ${i} to ${golden.length - 1} were not reached: ${error?.message ?? "the flow made fewer steps"}`);
    }
  }
  for (const entry of entries) if (!used.has(entry)) {
    result.unexplained++;
    result.report.push(`  ✗ ${flow.id}: differences.toml lists "${entry.step}", which does not differ as it says`);
  }
  if (error && steps.length >= golden.length) { result.unexplained++; result.report.push(`  ✗ ${flow.id} ended early: ${error.stack}`); }
  return result;
}

const areas = new Map();
const skipped = [];
const began = Date.now();
for (const flow of getFlows().filter((f) => f.id.includes(args.filter))) {
  if (args.record) {
    const { steps, error } = await playFlow(flow, start);
    if (error) throw error;
    fs.mkdirSync(path.dirname(transcript(flow)), { recursive: true });
    fs.writeFileSync(transcript(flow), JSON.stringify(steps, null, 1) + "\n");
    console.log(`recorded ${flow.id} (${steps.length} steps)`);
    continue;
  }
  const golden = JSON.parse(fs.readFileSync(transcript(flow), "utf8"));
  let reason = reasonToSkip(flow);
  let played;
  if (!reason) try {
    played = await playFlow(flow, start, golden);
  } catch (error) {
    if (error instanceof Unsupported) reason = `not configurable: ${error.message}`;
    else played = { steps: [], error };
  }
  if (reason) { skipped.push({ flow, reason, steps: golden.length }); continue; }
  const result = judge(flow, golden, played);
  if (result.report.length) console.log(result.report.join("\n"));
  const sum = areas.get(flow.area) ?? { steps: 0, equal: 0, listed: 0, unexplained: 0 };
  for (const key of Object.keys(sum)) sum[key] += result[key];
  areas.set(flow.area, sum);
}
if (args.record) process.exit(0);

const line = (s) => `${s.steps} steps, ${s.equal} equal, ${s.listed} listed differences, ${s.unexplained} unexplained`;
const total = { steps: 0, equal: 0, listed: 0, unexplained: 0 };
for (const [area, sum] of areas) {
  console.log(`${area}: ${line(sum)}`);
  for (const key of Object.keys(total)) total[key] += sum[key];
}
for (const { flow, reason, steps } of skipped) console.log(`skipped ${flow.id} (${steps} steps): ${reason}`);
if (skipped.length) console.log(`skipped in total: ${skipped.length} flows, ${skipped.reduce((n, s) => n + s.steps, 0)} steps`);
console.log(`${args.reference ? "reference" : args.database}, ${Math.round((Date.now() - began) / 1000)} s`);
console.log(line(total));
if (total.steps === 0) console.log("no flow was played");
process.exit(total.unexplained || total.steps === 0 ? 1 : 0);
