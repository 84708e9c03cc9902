// What tests hold every page to: what axe finds, where things come from, what moves, and what it weighs.
import { createRequire } from "node:module";
import fs from "node:fs";
import path from "node:path";
import { expect } from "vitest";

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Where pictures of all pages go, to be looked at; nowhere unless it is named. */
export const SHOTS = process.env.PAGE_SHOTS;
const MOST_BYTES = 40 << 10;
export const SIZES = [[1280, 860], [360, 740]];

/** Opens a page and waits until nothing moves: what was loaded, and how far it jumped. */
export async function look(context, address) {
  const page = await context.newPage();
  const loaded = [];
  page.on("response", (response) => loaded.push(response));
  await page.addInitScript(() => {
    window.jumped = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.jumped += entry.value; })).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(address);
  await page.waitForLoadState("networkidle");
  return { page, loaded };
}

const named = (address) => address.replace(/^https?:\/\/[^/]*/, "").replace(/^\//, "").replace(/[^a-z]+/gi, "-");

/** Axe finds nothing serious on the page as it is now, and its picture is kept. */
export async function inspect(page, what, look) {
  // A script of the page may not be put in; one of the debugger may.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`), what).toEqual([]);
  if (SHOTS) await page.screenshot({ path: path.join(SHOTS, `${named(what)}-${look}.png`), fullPage: true });
}

/** Nothing reaches over the edge of the window. */
export const isInside = async (page, what) => expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), `${what} is too wide`).toBeLessThanOrEqual(0);

/** All that holds for a page when it is opened. */
export async function holds(context, address, how, what = address) {
  const { page, loaded } = await look(context, address);
  const origins = new Set(loaded.map((response) => new URL(response.url()).origin));
  expect([...origins], address).toEqual([new URL(address).origin]);
  await isInside(page, address);
  expect(await page.evaluate(() => window.jumped), `${address} jumps`).toBeLessThan(0.02);
  await expect.poll(() => page.locator("h1:visible").count(), { message: address }).toBe(1);
  await inspect(page, what, how);
  await page.close();
}

/** A page is small, and so is all that its first visit loads. */
export async function weigh(context, address) {
  const { page, loaded } = await look(context, address);
  const document = await loaded[0].request().sizes();
  expect(document.responseBodySize, address).toBeLessThan(MOST_BYTES);
  const sizes = await Promise.all(loaded.map((response) => response.request().sizes()));
  const all = sizes.reduce((sum, { responseBodySize }) => sum + Math.max(responseBodySize, 0), 0);
  console.log(`${address}: ${document.responseBodySize} bytes, with all that it loads ${all}`);
  expect(all, address).toBeLessThan(2 * MOST_BYTES);
  await page.close();
}
