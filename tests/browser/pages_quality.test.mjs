// What holds for every page: axe finds nothing serious, nothing comes from elsewhere, nothing jumps, and it is small.
import { createRequire } from "node:module";
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PASSWORD, serve } from "../client/harness.mjs";
import { launch } from "./harness.mjs";

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Where pictures of all pages go, to be looked at; nowhere unless it is named. */
const SHOTS = process.env.PAGE_SHOTS;
const MOST_BYTES = 40 << 10;

const server = serve({
  app_name: "Acme",
  user: { change_email: { enabled: true }, delete_user: { enabled: true }, additional_fields: { company: { type: "string" } } },
  email_verification: { send_on_sign_up: true },
  plugins: [
    { id: "pages" }, { id: "two-factor" }, { id: "passkey" }, { id: "magic-link" }, { id: "username" }, { id: "last-login-method" }, { id: "multi-session" }, { id: "avatar" },
    { id: "social", providers: Object.fromEntries(["google", "github", "microsoft"].map((id) => [id, { client_id: "id", client_secret: "secret" }])) },
  ],
});
let chromium;
beforeAll(async () => { chromium = await launch(); });
afterAll(async () => { await chromium?.close(); });

const OPEN = ["/sign-in", "/sign-up", "/forgot-password", "/reset-password?token=x", "/reset-password?error=INVALID_TOKEN", "/two-factor?methods=totp,otp", "/error?error=state_mismatch", "/signed-out", "/goodbye"];
const OWN = ["/account", "/account/security"];

async function signedIn(options) {
  const context = await chromium.newContext({ locale: "en-GB", ...options });
  const body = { name: "Ada Lovelace", email: `ada${Math.random()}@example.com`.replace("0.", ""), password: PASSWORD };
  const answer = await context.request.post(`${server.origin}/api/auth/sign-up/email`, { data: body, headers: { origin: server.origin } });
  expect(answer.ok()).toBe(true);
  return context;
}

/** Opens a page and waits until nothing moves: what was loaded, and how far it jumped. */
async function look(context, address) {
  const page = await context.newPage();
  const loaded = [];
  page.on("response", (response) => loaded.push(response));
  await page.addInitScript(() => {
    window.jumped = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.jumped += entry.value; })).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(server.origin + address);
  await page.waitForLoadState("networkidle");
  return { page, loaded };
}

const named = (address) => address.replace(/^\//, "").replace(/[^a-z]+/gi, "-");

for (const [width, height] of [[1280, 860], [360, 740]]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`pages are accessible and stand still at ${width} px, ${colorScheme}`, async () => {
      const anyone = await chromium.newContext({ viewport: { width, height }, colorScheme, locale: "en-GB" });
      const someone = await signedIn({ viewport: { width, height }, colorScheme });
      for (const [context, address] of [...OPEN.map((address) => [anyone, address]), ...OWN.map((address) => [someone, address])]) {
        const { page, loaded } = await look(context, address);
        const origins = new Set(loaded.map((response) => new URL(response.url()).origin));
        expect([...origins], address).toEqual([server.origin]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), `${address} is too wide`).toBeLessThanOrEqual(0);
        expect(await page.evaluate(() => window.jumped), `${address} jumps`).toBeLessThan(0.02);
        expect(await page.locator("h1:visible").count(), address).toBe(1);
        // A script of the page may not be put in; one of the debugger may.
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
        const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
        expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`), address).toEqual([]);
        if (SHOTS) await page.screenshot({ path: path.join(SHOTS, `${named(address)}-${colorScheme}-${width}.png`), fullPage: true });
        await page.close();
      }
      await anyone.close();
      await someone.close();
    }, 180_000);
  }
}

test("a page and all that it loads is small", async () => {
  const context = await signedIn();
  for (const address of OWN) {
    const { page, loaded } = await look(context, address);
    const document = await loaded[0].request().sizes();
    expect(document.responseBodySize, address).toBeLessThan(MOST_BYTES);
    const sizes = await Promise.all(loaded.map((response) => response.request().sizes()));
    const all = sizes.reduce((sum, { responseBodySize }) => sum + responseBodySize, 0);
    console.log(`${address}: ${document.responseBodySize} bytes, with all that it loads ${all}`);
    expect(all, address).toBeLessThan(2 * MOST_BYTES);
    await page.close();
  }
  await context.close();
});
