// Tables that operators look things up in name all that the code has.
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../harness/doorward.mjs";
import { DOCS } from "./book.mjs";

const code = (file) => fs.readFileSync(path.join(ROOT, file), "utf8").split("#[cfg(test)]\nmod tests {")[0];
const rows = (chapter) => fs.readFileSync(path.join(DOCS, chapter), "utf8").split("\n").filter((line) => line.startsWith("|")).join("\n");
const named = (table) => (name) => table.includes(`\`${name}\``);

test("every metric is in its chapter, and no other", () => {
  const metrics = [...code("host/src/pipeline/metrics.rs").matchAll(/"(doorward_[a-z_]+)"/g)].map(([, name]) => name);
  expect(metrics.length).toBeGreaterThan(30);
  const table = rows("operators/observe.md");
  expect(metrics.filter((name) => !named(table)(name))).toEqual([]);
  const told = [...table.matchAll(/`(doorward_[a-z_]+)`/g)].map(([, name]) => name);
  expect(told.filter((name) => !metrics.includes(name))).toEqual([]);
});

test("every path with a limit of its own is in the chapter on the configuration", () => {
  const core = code("host/src/pipeline/rate_limit.rs");
  const lists = [...core.matchAll(/^const (?:SENSITIVE|MAILING): .*$/gm)].map(([line]) => line);
  expect(lists).toHaveLength(2);
  const ofCore = lists.flatMap((line) => [...line.matchAll(/"(\/[^"]+)"/g)].map(([, name]) => name));
  const plugins = fs.readdirSync(path.join(ROOT, "plugins")).map((id) => `plugins/${id}/src/lib.rs`).filter((file) => fs.existsSync(path.join(ROOT, file)));
  // `limited` is two-factor's own word for a route with a limit.
  const ofPlugins = plugins.flatMap((file) => [...code(file).matchAll(/(?:RateRule::new\(|\blimited\(\s*plugin,)\s*"(\/[^"]+)"/g)].map(([, name]) => name));
  expect(ofPlugins.length).toBeGreaterThan(10);
  const table = rows("operators/configure.md");
  expect([...ofCore, ...ofPlugins].filter((name) => !named(table)(name))).toEqual([]);
});
