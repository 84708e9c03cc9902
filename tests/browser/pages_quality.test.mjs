// What holds for every page: axe finds nothing serious, nothing comes from elsewhere, nothing jumps, and it is small.
import { afterAll, beforeAll, expect, test } from "vitest";
import { PASSWORD, serve } from "../client/harness.mjs";
import { launch } from "./harness.mjs";
import { holds, inspect, isInside, look, SHOTS, SIZES, weigh } from "./quality.mjs";

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

for (const [width, height] of SIZES) {
  for (const colorScheme of ["light", "dark"]) {
    test(`pages are accessible and stand still at ${width} px, ${colorScheme}`, async () => {
      const anyone = await chromium.newContext({ viewport: { width, height }, colorScheme, locale: "en-GB" });
      const someone = await signedIn({ viewport: { width, height }, colorScheme });
      for (const [context, address] of [...OPEN.map((address) => [anyone, address]), ...OWN.map((address) => [someone, address])]) {
        await holds(context, server.origin + address, `${colorScheme}-${width}`);
      }
      await anyone.close();
      await someone.close();
    }, 180_000);
  }
}

/** What a person opens on a page: its name, the page, and how. */
const STATES = [
  ["sign-in wrong", "/sign-in", async (page) => {
    await page.getByLabel("E-mail or user name").fill("ada@example.com");
    await page.getByLabel("Password", { exact: true }).fill("not the password");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.locator(".wrong").waitFor();
  }],
  ["sign-in link", "/sign-in", (page) => page.getByRole("button", { name: "Mail me a link" }).click()],
  ["sent", "/forgot-password", async (page) => {
    await page.getByLabel("E-mail").fill("ada@example.com");
    await page.getByRole("button", { name: "Send the link" }).click();
    await page.getByRole("heading", { name: "Check your mail" }).waitFor();
  }],
  ["menu", "/account", (page) => page.getByRole("button", { name: /open the menu/ }).click()],
  ["picture", "/account", async (page) => {
    const png = await page.evaluate(() => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 400, height: 300 });
      const pen = canvas.getContext("2d");
      const sky = pen.createLinearGradient(0, 0, 400, 300);
      ["#1b3a5c", "#c26a4a", "#f2c98a"].forEach((colour, i) => sky.addColorStop(i / 2, colour));
      pen.fillStyle = sky;
      pen.fillRect(0, 0, 400, 300);
      return canvas.toDataURL("image/png").split(",")[1];
    });
    await Promise.all([page.waitForEvent("load"), page.locator("#picture").setInputFiles({ name: "me.png", mimeType: "image/png", buffer: Buffer.from(png, "base64") })]);
    await page.getByText("Your picture is changed.").waitFor();
  }],
  ["no picture", "/account", async (page) => {
    await page.locator("#picture").setInputFiles({ name: "me.svg", mimeType: "image/svg+xml", buffer: Buffer.from("<svg/>") });
    await page.getByText("AVATAR_NOT_A_PICTURE").waitFor();
  }],
  ["edit address", "/account", (page) => page.getByRole("button", { name: "Change address" }).first().click()],
  ["delete account", "/account", (page) => page.getByRole("button", { name: "Delete account" }).first().click()],
  ["change password", "/account/security", async (page) => {
    await page.getByRole("button", { name: "Change password" }).first().click();
    await page.getByLabel("New password", { exact: true }).fill("correct");
  }],
  ["second factor", "/account/security", async (page) => {
    await page.getByRole("button", { name: "Set up" }).click();
    await page.locator("#two-factor").getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.locator(".qr svg path").waitFor();
    const isCovered = () => {
      const [bar, step] = [".bar", "#two-factor .step:not([data-done], [data-later]) h3"].map((selector) => document.querySelector(selector).getBoundingClientRect());
      return step.top < bar.bottom && step.bottom > bar.top;
    };
    expect(await page.evaluate(isCovered), "the bar covers the step").toBe(false);
  }],
  ["add passkey", "/account/security", (page) => page.getByRole("button", { name: "Add a passkey" }).click()],
];

for (const [i, colorScheme] of ["light", "dark"].entries()) {
  test(`what opens on a page is accessible too, ${colorScheme}`, async () => {
    for (const [width, height] of SHOTS ? SIZES : [SIZES[i]]) {
      const anyone = await chromium.newContext({ viewport: { width, height }, colorScheme, locale: "en-GB" });
      const someone = await signedIn({ viewport: { width, height }, colorScheme });
      for (const [name, address, act] of STATES) {
        const { page } = await look(address.startsWith("/account") ? someone : anyone, server.origin + address);
        await act(page);
        await inspect(page, name, `${colorScheme}-${width}`);
        await isInside(page, name);
        await page.close();
      }
      await anyone.close();
      await someone.close();
    }
  }, 240_000);
}

test("a page and all that it loads is small", async () => {
  const context = await signedIn();
  for (const address of OWN) await weigh(context, server.origin + address);
  await context.close();
});
