// The client suite and the pages in a real browser run once on each database, what is said of the API on SQLite; the harness has
// a few tests of its own.
import { defineConfig } from "vitest/config";

const client = (database) => ({
  test: { name: database, include: ["client/**/*.test.mjs", "advisories/**/*.test.mjs"], env: { DOORWARD_TEST_DATABASE: database }, testTimeout: 30_000, hookTimeout: 60_000, maxConcurrency: 4 },
});

// A page answers a click when the server has answered it: what is looked at may come a moment later.
const browser = { test: { name: "browser", include: ["browser/**/*.test.mjs"], testTimeout: 60_000, hookTimeout: 60_000, retry: 1, expect: { poll: { timeout: 15_000 } } } };

// What people do in the pages, and no more: the rest does not depend on the database.
const onPostgres = { test: { ...browser.test, name: "browser-postgres", include: ["browser/pages.test.mjs", "browser/pages_account.test.mjs", "browser/admin.test.mjs"], env: { DOORWARD_TEST_DATABASE: "postgres" } } };

const lighthouse = { test: { name: "lighthouse", include: ["lighthouse/**/*.test.mjs"], testTimeout: 300_000, hookTimeout: 60_000 } };

const book = { test: { name: "book", include: ["book/**/*.test.mjs"], testTimeout: 60_000, hookTimeout: 60_000, maxConcurrency: 4 } };

const api = { test: { name: "api", include: ["api/**/*.test.mjs"], testTimeout: 60_000, hookTimeout: 240_000 } };
const nodes = { test: { name: "nodes", include: ["nodes/**/*.test.mjs"], testTimeout: 60_000, hookTimeout: 120_000 } };
const faults = { test: { name: "faults", include: ["faults/**/*.test.mjs"] } };

export default defineConfig({
  test: {
    pool: "forks",
    poolOptions: { forks: { maxForks: 2 } },
    projects: [client("sqlite"), client("postgres"), browser, onPostgres, lighthouse, book, api, nodes, faults, { test: { name: "harness", include: ["wire/**/*.test.mjs"] } }],
  },
});
