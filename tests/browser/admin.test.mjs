// An administrator by clicking alone: searches, takes users away as a file, bans, acts as somebody and ends it.
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import fs from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PASSWORD, newUser, serve } from "../client/harness.mjs";
import { BINARY } from "../harness/doorward.mjs";
import { launch } from "./harness.mjs";

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const HOSTILE = "<img src=x onerror=alert(1)>";
const server = serve({ app_name: "Acme", plugins: [{ id: "admin" }, { id: "pages" }, { id: "admin-pages" }, { id: "magic-link" }] });
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
  await expect.poll(() => page.inputValue('[name="pages.accent"]')).toBe("blue");
  await page.fill('[name="pages.accent"]', "");
  await page.fill('[name="app_name"]', "Renamed");
  await save("app_name").click();
  await expect.poll(async () => (await (await fetch(`${server.origin}/sign-in`)).text()).includes("Sign in to Renamed")).toBe(true);
}, 60_000);

test("a plugin is switched off and on again without a restart", async () => {
  await page.goto(`${server.origin}/admin/plugins`);
  const row = page.locator("#plugin-magic-link");
  const isOn = async () => (await fetch(`${server.origin}/api/auth/sign-in/magic-link`, { method: "POST", headers: { "content-type": "application/json", origin: server.origin }, body: '{"email":"eve@example.com"}' })).status !== 404;
  await expect.poll(isOn).toBe(true);
  await row.getByRole("button", { name: "Switch off" }).click();
  await page.click("#ask [type=submit]");
  await expect.poll(isOn).toBe(false);
  await row.getByRole("button", { name: "Switch on" }).click();
  await expect.poll(isOn).toBe(true);
}, 60_000);

test("who is no administrator finds nothing", async () => {
  const other = await (await chromium.newContext({ locale: "en-GB" })).newPage();
  await signIn(other, "grace@example.com", "/account");
  await other.waitForURL("**/account");
  for (const path of ["/admin", "/admin/users", "/admin/users/x", "/admin/audit", "/admin/settings"]) {
    const answer = await other.goto(`${server.origin}${path}`);
    expect(answer.status(), path).toBe(404);
    expect(await other.content()).not.toContain("Administration");
  }
}, 60_000);
