// The report says what was counted, and nothing of the machine but its size.
import { expect, test } from "vitest";
import { text } from "./report.mjs";

const result = (broken, faults) => ({
  kind: "one node",
  counts: { kills: 3, promotions: 1, byName: new Map([["node killed (SIGKILL)", 3], ["standby promoted, the primary stopped", 1]]) },
  rounds: [{ broken, faults: faults.length }],
  client: { counts: new Map([["sign-up", { ok: 1_200, refused: 1, unavailable: 2, unanswered: 3, unreached: 4 }]]), faults },
  exits: [],
  panics: 0,
});
const report = (...results) => text({ seed: 7, results, minutes: 1.25, machine: "2 cores", commit: "abc" });

test("a run without faults of the product says so", () => {
  const written = report(result([], []), result([], []));
  expect(written).toContain("**0 lost, 0 half-done, 0 revived, 0 used twice** in 2,400 acknowledged operations, 6 kills and\n2 promotions");
  expect(written).toContain("| node killed (SIGKILL) | 3 | 3 |");
  expect(written).toContain("| sign-up | 2,400 | 2 | 4 | 6 |");
  expect(written).toContain("503 without `Retry-After`: 0.");
});

test("what was broken is counted", () => {
  const written = report(result([{ promise: "lost" }, { promise: "revived" }, { promise: "lost" }], [{ status: 500 }]));
  expect(written).toContain("**2 lost, 0 half-done, 1 revived, 0 used twice**");
  expect(written).toContain("503 without `Retry-After`: 1.");
});
