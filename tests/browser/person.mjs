// A person in front of the pages: a browser of their own, and what they do again and again.
import { createHmac } from "node:crypto";
import { afterAll, beforeAll, expect } from "vitest";
import { mailTo, PASSWORD } from "../client/harness.mjs";
import { launch } from "./harness.mjs";

const AUTHENTICATOR = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };

export const button = (page, name, options) => page.getByRole("button", { name, exact: true, ...options });
export const field = (page, label) => page.locator("input").and(page.getByLabel(label, { exact: true })).filter({ visible: true });
/** The scripts of a page have wired it. */
export const ready = (page) => page.locator("html[data-ready]").waitFor({ state: "attached" });
export const visit = async (page, address) => { await page.goto(address); await ready(page); };
export const at = async (page, path) => { await page.waitForURL((url) => url.pathname === path); await ready(page); };

/** The people of one server. Chromium runs while the tests of the file do. */
export function people(server) {
  let chromium, users = 0;
  beforeAll(async () => { chromium = await launch(); });
  afterAll(async () => { await chromium?.close(); });

  /** A browser of one's own with an authenticator in it. What its pages complain about is kept. */
  async function open(path = "/", { before, ...options } = {}) {
    const context = await chromium.newContext({ locale: "en-GB", ...options });
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    await cdp.send("WebAuthn.enable", { enableUI: false });
    const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", { options: AUTHENTICATOR });
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => message.type() === "error" && !/Failed to load resource/.test(message.text()) && complaints.push(message.text()));
    await before?.(page);
    await visit(page, server.origin + path);
    const credentials = async () => (await cdp.send("WebAuthn.getCredentials", { authenticatorId })).credentials;
    return { page, context, complaints, credentials };
  }

  const someone = (name = "Ada Lovelace") => ({ name, email: `ada${++users}@example.com`, username: `user_${users}` });

  /** The link of the newest mail of a kind. */
  const linkFor = async (address, kind, after = 0) => (await mailTo(server, address, kind, after)).data.url;

  /** Signs someone up, opens the mailed link, and ends on the profile. */
  async function signUp(who = someone(), options = {}) {
    const browser = await open("/sign-up", options);
    const { page } = browser;
    await field(page, "Name").fill(who.name);
    if (await field(page, "User name").count()) await field(page, "User name").fill(who.username);
    await field(page, "E-mail").fill(who.email);
    await field(page, "Password").fill(PASSWORD);
    await button(page, "Create account").click();
    await page.getByRole("heading", { name: "Check your mail" }).waitFor();
    expect(await page.locator("[data-sent]").textContent()).toContain(who.email);
    await visit(page, await linkFor(who.email, "verify-email"));
    await at(page, "/account");
    return { ...browser, ...who };
  }

  return { open, someone, linkFor, signUp };
}

export async function signIn(page, { email, password = PASSWORD }) {
  await field(page, /^E-mail/).fill(email);
  await field(page, "Password").fill(password);
  await button(page, "Sign in").click();
}

export async function signOut(page) {
  await page.getByRole("button", { name: /open the menu/ }).click();
  await page.getByRole("button", { name: /^Sign out/ }).click();
  await at(page, "/signed-out");
}

/** The code that an app shows for this key. */
export function totp(key, now = Date.now()) {
  const bits = [...key.replace(/\s/g, "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(now / 30_000)));
  const mac = createHmac("sha1", secret).update(step).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** Goes on with Tab until what is called so has the focus. */
export async function tabTo(page, name) {
  const focused = () => page.evaluate(() => {
    const node = document.activeElement;
    return (node.getAttribute("aria-label") ?? node.labels?.[0]?.textContent ?? node.textContent).trim();
  });
  for (let step = 0; step < 150; step += 1) {
    await page.keyboard.press("Tab");
    if (name.test(await focused())) return;
  }
  throw new Error(`${name} is not reached with Tab`);
}
