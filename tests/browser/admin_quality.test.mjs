// What holds for every page of the administration, as for all others: wide and narrow, light and dark, for everybody, and small.
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PASSWORD, newUser, serve } from "../client/harness.mjs";
import { BINARY } from "../harness/doorward.mjs";
import { launch } from "./harness.mjs";
import { holds, inspect, isInside, look, SHOTS, SIZES, weigh } from "./quality.mjs";

const PAGES = ["/admin", "/admin/users", "/admin/users?q=nobody", "/admin/users/PERSON", "/admin/sessions", "/admin/sessions?email=nobody%40example.com", "/admin/audit", "/admin/plugins", "/admin/mail", "/admin/keys", "/admin/settings"];

const server = serve({
  app_name: "Acme",
  email_verification: { send_on_sign_up: true },
  user: { additional_fields: { company: { type: "string" } } },
  // Nobody listens there, so mails wait and say why.
  mail: { transport: "smtp", from: "no-reply@example.com", smtp: { host: "127.0.0.1", port: 1, tls: "none" } },
  plugins: [
    ...["admin", "pages", "admin-pages", "two-factor", "passkey", "magic-link", "username", "last-login-method", "avatar", "jwt"].map((id) => ({ id })),
    { id: "social", providers: Object.fromEntries(["google", "github"].map((id) => [id, { client_id: "id", client_secret: "secret" }])) },
  ],
});
const PEOPLE = ["Ada Lovelace", "Grace Hopper", "Alan Turing", "Katherine Johnson", "Edsger Dijkstra with a name that is much longer than names are", "Barbara Liskov"];
let chromium, person;

beforeAll(async () => {
  chromium = await launch();
  execFileSync(BINARY, ["user", "create", "boss@example.com", "--name", "The Boss", "--role", "admin", "--config", server.file], { input: `${PASSWORD}\n` });
  for (const name of PEOPLE) {
    const made = await newUser(server, { name, email: `${name.toLowerCase().replace(/ /g, ".")}@example.com`, company: "Analytical Engines", username: name.toLowerCase().replace(/ /g, "_").slice(0, 20) });
    person ??= made.data.user.id;
  }
}, 60_000);
afterAll(async () => { await chromium?.close(); });

const named = (path) => path.replace("PERSON", person);

/** The administrator in a browser of its own. */
async function boss(options) {
  const context = await chromium.newContext({ locale: "en-GB", ...options });
  const answer = await context.request.post(`${server.origin}/api/auth/sign-in/email`, { data: { email: "boss@example.com", password: PASSWORD }, headers: { origin: server.origin } });
  expect(answer.ok()).toBe(true);
  return context;
}

for (const [width, height] of SIZES) {
  for (const colorScheme of ["light", "dark"]) {
    test(`pages of the administration are accessible and stand still at ${width} px, ${colorScheme}`, async () => {
      const context = await boss({ viewport: { width, height }, colorScheme });
      for (const path of PAGES) await holds(context, server.origin + named(path), `${colorScheme}-${width}`, path);
      await context.close();
    }, 180_000);
  }
}

/** What an administrator opens on a page: its name, the page, and how. */
const STATES = [
  ["admin menu", "/admin", (page) => page.getByRole("button", { name: /open the menu/ }).click()],
  ["admin filters", "/admin/users", (page) => page.getByRole("button", { name: "Filter" }).click()],
  ["admin new user", "/admin/users", (page) => page.getByRole("button", { name: "New user" }).click()],
  ["admin ban", "/admin/users/PERSON", (page) => page.getByRole("button", { name: "Ban", exact: true }).click()],
  ["admin delete", "/admin/users/PERSON", async (page) => {
    await page.getByRole("button", { name: "Delete user" }).click();
    await page.locator("#ask[open]").waitFor();
  }],
  ["admin plugin", "/admin/plugins", (page) => page.locator("#plugin-passkey").getByRole("button", { name: "Details" }).click()],
  ["admin setting", "/admin/settings", async (page) => {
    await page.fill('[name="pages.accent"]', "blue");
    await page.locator("form", { has: page.locator('[name="pages.accent"]') }).locator("[type=submit]").click();
    await page.locator(".wrong").waitFor();
  }],
];

for (const [i, colorScheme] of ["light", "dark"].entries()) {
  test(`what opens on a page of the administration is accessible too, ${colorScheme}`, async () => {
    for (const [width, height] of SHOTS ? SIZES : [SIZES[i]]) {
      const context = await boss({ viewport: { width, height }, colorScheme });
      for (const [name, path, act] of STATES) {
        const { page } = await look(context, server.origin + named(path));
        await act(page);
        await inspect(page, name, `${colorScheme}-${width}`);
        await isInside(page, name);
        await page.close();
      }
      await context.close();
    }
  }, 180_000);
}

test("a page of the administration and all that it loads is small, with full tables too", async () => {
  for (let i = 0; i < 26; i += 1) await newUser(server, { name: PEOPLE[i % PEOPLE.length], username: `m${Date.now() % 1e9}_${i}` });
  for (const path of PAGES) {
    const context = await boss();
    await weigh(context, server.origin + named(path));
    await context.close();
  }
}, 180_000);
