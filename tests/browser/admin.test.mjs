// An administrator by clicking alone: searches, takes users away as a file, bans, acts as somebody and ends it.
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import fs from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PASSWORD, newUser, serve } from "../client/harness.mjs";
import { BINARY } from "../harness/doorward.mjs";
import { launch } from "./harness.mjs";
import { at, button, people, ready, totp, visit } from "./person.mjs";

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const HOSTILE = "<img src=x onerror=alert(1)>";
const server = serve({
  app_name: "Acme",
  user: { additional_fields: { company: { type: "string" } } },
  plugins: [
    ...["admin", "pages", "admin-pages", "magic-link", "two-factor", "passkey"].map((id) => ({ id })),
    { id: "social", providers: { github: { client_id: "id", client_secret: "secret" } } },
  ],
});
const { open } = people(server);
let chromium, page;

beforeAll(async () => {
  chromium = await launch();
  execFileSync(BINARY, ["user", "create", "boss@example.com", "--name", "The Boss", "--role", "admin", "--config", server.file], { input: `${PASSWORD}\n` });
  await newUser(server, { name: HOSTILE, email: "eve@example.com" });
  await newUser(server, { name: "Grace Hopper", email: "grace@example.com" });
  page = await (await chromium.newContext({ locale: "en-GB" })).newPage();
  page.on("dialog", (dialog) => { throw new Error(`a script ran: ${dialog.message()}`); });
}, 60_000);
afterAll(async () => { await chromium?.close(); });

const signIn = async (on, email, to) => {
  await on.goto(`${server.origin}${to}`);
  await on.fill("#email", email);
  await on.fill("#password", PASSWORD);
  await on.click("form [type=submit]");
};
const serious = async () => {
  await page.waitForLoadState("networkidle");
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id }) => id);
};

test("an administrator finds users and takes them away as a file", async () => {
  await signIn(page, "boss@example.com", "/admin/users");
  await page.waitForURL("**/admin/users");
  expect(await serious()).toEqual([]);
  await page.fill("#q", "eve@");
  await page.press("#q", "Enter");
  await page.waitForURL("**q=eve*");
  await expect.poll(() => page.locator("tbody tr").count()).toBe(1);
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("[data-export]")]);
  expect(fs.readFileSync(await download.path(), "utf8")).toContain("eve@example.com");
}, 60_000);

test("an administrator bans, lifts the ban, acts as somebody and ends it", async () => {
  await page.click("tbody .whole");
  await page.waitForURL(/\/admin\/users\/[^?]+$/);
  expect(await serious()).toEqual([]);
  await page.click("[aria-controls=ban]");
  await page.fill("#banReason", "spam");
  await page.click("#ban [type=submit]");
  await page.waitForSelector(".attention");
  expect(await page.locator(".attention").innerText()).toContain("spam");
  await page.click("text=Lift the ban");
  await page.waitForSelector("[aria-controls=ban]");
  await page.click("text=Act as this user");
  await page.click("#ask [type=submit]");
  await page.waitForURL("**/account");
  expect(await page.locator(".acting").innerText()).toContain(`You act as ${HOSTILE}.`);
  await page.goto(`${server.origin}/admin/users`);
  await expect.poll(() => page.locator("table").count()).toBe(0);
  await page.click("[data-stop-acting]");
  await page.waitForSelector("table");
}, 60_000);

test("an operator sees what happened, and every page is fit for everybody", async () => {
  for (const [path, shown] of [["/admin", "Sign-ins by the hour"], ["/admin/audit", "Chrome on Linux"], ["/admin/mail", "Mail"], ["/admin/keys", "Keys"], ["/admin/plugins", "These pages."], ["/admin/settings", "Name of the application"]]) {
    expect((await page.goto(`${server.origin}${path}`)).status(), path).toBe(200);
    expect(await page.locator("main").innerText(), path).toContain(shown);
    expect(await serious(), path).toEqual([]);
  }
}, 60_000);

test("a setting counts at once, and a wrong one is refused beside its field and loses nothing", async () => {
  await page.goto(`${server.origin}/admin/settings`);
  const save = (key) => page.locator("form", { has: page.locator(`[name="${key}"]`) }).locator("[type=submit]");
  await page.fill('[name="pages.accent"]', "blue");
  await save("pages.accent").click();
  await page.waitForSelector('[name="pages.accent"][aria-invalid="true"]');
  await page.getByText("Write a colour such as #0a66c2.").waitFor();
  await expect.poll(() => page.inputValue('[name="pages.accent"]')).toBe("blue");
  await page.fill('[name="session.expires_in"]', "10");
  await save("session.expires_in").click();
  await page.getByText("Write a whole number of seconds, from 300 to 34560000 (400 days).").waitFor();
  // What the page cannot know is said by the server, beside the field too.
  await page.fill('[name="email_and_password.min_password_length"]', "100");
  await page.fill('[name="email_and_password.max_password_length"]', "50");
  await save("email_and_password.max_password_length").click();
  await page.getByText("nobody can choose one").waitFor();
  await page.fill('[name="pages.accent"]', "");
  await page.fill('[name="app_name"]', "Renamed");
  await save("app_name").click();
  await expect.poll(async () => (await (await fetch(`${server.origin}/sign-in`)).text()).includes("Sign in to Renamed")).toBe(true);
}, 60_000);

test("a plugin is switched off and on again without a restart", async () => {
  // The page of settings may still be on its way.
  await expect.poll(() => page.goto(`${server.origin}/admin/plugins`).then((answer) => answer.status(), (error) => error.message)).toBe(200);
  const row = page.locator("#plugin-magic-link");
  const isOn = async () => (await fetch(`${server.origin}/api/auth/sign-in/magic-link`, { method: "POST", headers: { "content-type": "application/json", origin: server.origin }, body: '{"email":"eve@example.com"}' })).status !== 404;
  await expect.poll(isOn).toBe(true);
  await row.getByRole("button", { name: "Switch off" }).click();
  await page.click("#ask [type=submit]");
  await expect.poll(isOn).toBe(false);
  await row.getByRole("button", { name: "Switch on" }).click();
  await expect.poll(isOn).toBe(true);
}, 60_000);

/** A user with one of everything: a password, an account at a provider, an app, a passkey that was used. */
async function withEverything() {
  const ada = await newUser(server, { name: "Ada Lovelace", email: "everything@example.com", company: "Analytical Engines" });
  const { id } = ada.data.user;
  await server.database.run("insert into account (id, accountId, providerId, userId, createdAt, updatedAt) select 'linked', '1001', 'github', userId, createdAt, updatedAt from account where userId = ?", id);
  const post = async (path, body) => (await ada.send(`${server.origin}/api/auth${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) })).json();
  const { page, context } = await open("/sign-in");
  await signIn(page, ada.email, "/sign-in?callbackURL=%2Faccount%2Fsecurity");
  await at(page, "/account/security");
  await button(page, "Add a passkey").click();
  await page.locator("#ask input:visible").first().fill("Laptop");
  await page.locator("#ask [type=submit]").click();
  await page.locator("#passkey li.row", { hasText: "Laptop" }).waitFor();
  await context.clearCookies();
  await page.goto(`${server.origin}/sign-in?callbackURL=%2Faccount%2Fsecurity`);
  await at(page, "/account/security");
  await page.locator("#passkey li.row", { hasText: "Last used" }).waitFor();
  const { totpURI } = await post("/two-factor/enable", { password: PASSWORD });
  await post("/two-factor/verify-totp", { code: totp(new URL(totpURI).searchParams.get("secret")) });
  await context.close();
  return { ...ada, id };
}

test("one user's page shows every way in, and what is switched off is gone from it", async () => {
  const ada = await withEverything();
  await visit(page, `${server.origin}/admin/users/${ada.id}`);
  const card = (id) => page.locator(`#${id}`).innerText();
  for (const [id, parts] of [
    ["facts", ["Company", "Analytical Engines"]], ["admin", ["E-mail and password", "Set"]], ["social", ["GitHub", "Linked"]],
    ["two-factor", ["Authenticator app", "On", "10 left"]], ["passkey", ["Laptop", "Added", "Last used"]], ["log", ["Sign-in", "Sign-up", "Chrome on Linux"]],
  ]) for (const part of parts) await expect.poll(() => card(id), { message: id }).toContain(part);
  await expect.poll(() => page.locator("#sessions li.row:not(.skeleton)").count()).toBeGreaterThan(1);
  expect(await serious()).toEqual([]);
  expect(await page.content()).not.toContain(ada.data.token);
  await page.getByRole("link", { name: "Show all" }).click();
  await page.waitForURL(`**/admin/audit?user=${ada.id}`);
  await page.locator(".chip", { hasText: "Ada Lovelace" }).waitFor();

  const switched = async (enabled) => {
    const answer = await page.request.post(`${server.origin}/api/plugins`, { data: { id: "two-factor", enabled }, headers: { origin: server.origin } });
    expect(answer.status()).toBe(200);
  };
  const cards = async () => { await visit(page, `${server.origin}/admin/users/${ada.id}`); return page.locator("#two-factor").count(); };
  await switched(false);
  await expect.poll(cards).toBe(0);
  await switched(true);
  await expect.poll(cards).toBe(1);
}, 90_000);

test("an administrator finds a session by the address and ends it", async () => {
  const eve = await newUser(server, { name: HOSTILE, email: "elsewhere@example.com" });
  await visit(page, `${server.origin}/admin/sessions`);
  await page.locator("tr", { hasText: "This device" }).first().waitFor();
  await expect.poll(() => page.locator("tr", { hasText: "This device" }).getByRole("button").count()).toBe(0);
  expect(await serious()).toEqual([]);
  expect(await page.content()).not.toContain(eve.data.token);
  await page.fill("#email", "elsewhere@example.com");
  await page.press("#email", "Enter");
  await page.waitForURL("**email=elsewhere*");
  await ready(page);
  await expect.poll(() => page.locator("tbody tr").count()).toBe(1);
  const isIn = async () => (await (await eve.send(`${server.origin}/api/auth/get-session`)).json()) !== null;
  expect(await isIn()).toBe(true);
  await page.getByRole("button", { name: /^End: the session of/ }).click();
  await page.getByText("That session is ended.").waitFor();
  await page.getByText("No session was found").waitFor();
  expect(await isIn()).toBe(false);
}, 60_000);

test("the menu of the account leads to the administration", async () => {
  await visit(page, `${server.origin}/account`);
  await page.getByRole("button", { name: /open the menu/ }).click();
  await page.getByRole("link", { name: "Administration" }).click();
  await page.waitForURL("**/admin");
}, 60_000);

test("who is no administrator finds nothing", async () => {
  const other = await (await chromium.newContext({ locale: "en-GB" })).newPage();
  await signIn(other, "grace@example.com", "/account");
  await other.waitForURL("**/account");
  await ready(other);
  expect(await other.locator("#menu").textContent()).toContain("Sign out");
  expect(await other.locator("#menu").textContent()).not.toContain("Administration");
  for (const path of ["/admin", "/admin/users", "/admin/users/x", "/admin/sessions", "/admin/audit", "/admin/settings"]) {
    const answer = await other.goto(`${server.origin}${path}`);
    expect(answer.status(), path).toBe(404);
    expect(await other.content()).not.toContain("Administration");
  }
  expect((await other.request.get(`${server.origin}/api/sessions`)).status()).toBe(403);
}, 60_000);
