// The client suite runs once on each database, the pages in a real browser on SQLite; the harness has a few tests of its own.
import { defineConfig } from "vitest/config";

const client = (database) => ({
  test: { name: database, include: ["client/**/*.test.mjs", "advisories/**/*.test.mjs"], env: { DOORWARD_TEST_DATABASE: database }, testTimeout: 30_000, hookTimeout: 60_000, maxConcurrency: 4 },
});

const browser = { test: { name: "browser", include: ["browser/**/*.test.mjs"], testTimeout: 60_000, hookTimeout: 60_000 } };

const book = { test: { name: "book", include: ["book/**/*.test.mjs"], testTimeout: 60_000, hookTimeout: 60_000, maxConcurrency: 4 } };

const nodes = { test: { name: "nodes", include: ["nodes/**/*.test.mjs"], testTimeout: 60_000, hookTimeout: 120_000 } };

export default defineConfig({
  test: {
    pool: "forks",
    poolOptions: { forks: { maxForks: 2 } },
    projects: [client("sqlite"), client("postgres"), browser, book, nodes, { test: { name: "harness", include: ["wire/**/*.test.mjs"] } }],
  },
});
