// The keyboard alone: Tab, Enter, Space and Escape go through a sign-up, a reset, a second factor and an administrator's ban.
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { PASSWORD, newUser, serve } from "../client/harness.mjs";
import { BINARY } from "../harness/doorward.mjs";
import { at, people, ready, tabTo, totp, visit } from "./person.mjs";

const server = serve({
  app_name: "Acme",
  email_verification: { send_on_sign_up: true, auto_sign_in_after_verification: true },
  plugins: ["admin", "pages", "admin-pages", "two-factor"].map((id) => ({ id })),
});
const { open, linkFor } = people(server);

/** What a keyboard does in a page. */
function keys(page) {
  const press = async (name, key = "Enter") => { await tabTo(page, name); await page.keyboard.press(key); };
  const type = async (name, text) => { await tabTo(page, name); await page.keyboard.type(text); };
  return { press, type };
}

async function signIn(page, email, password = PASSWORD) {
  const { type } = keys(page);
  await type(/^E-mail/, email);
  await type(/^Password$/, password);
  await page.keyboard.press("Enter");
}

test("somebody signs up, forgets the password and sets another", async () => {
  const { page, context, complaints } = await open("/sign-in");
  const { press, type } = keys(page);
  await press(/^Create an account$/);
  await at(page, "/sign-up");
  await type(/^Name$/, "Ada Lovelace");
  await type(/^E-mail$/, "ada-keys@example.com");
  await type(/^Password$/, PASSWORD);
  await press(/^Create account$/);
  await at(page, "/account");
  await press(/open the menu/i);
  await press(/^Sign out/);
  await at(page, "/signed-out");

  await visit(page, `${server.origin}/sign-in`);
  await press(/^Forgot/);
  await at(page, "/forgot-password");
  await type(/^E-mail$/, "ada-keys@example.com");
  await press(/^Send the link$/);
  await page.getByRole("heading", { name: "Check your mail" }).waitFor();
  await visit(page, await linkFor("ada-keys@example.com", "reset-password"));
  await at(page, "/reset-password");
  await type(/^New password$/, "another correct horse");
  await press(/^Set the password$/);
  await at(page, "/sign-in");
  await page.getByText("Your new password is set.").waitFor();
  await signIn(page, "ada-keys@example.com", "another correct horse");
  await at(page, "/account");
  expect(complaints).toEqual([]);
  await context.close();
});

test("somebody sets a second factor up and signs in with it", async () => {
  await newUser(server, { email: "factor-keys@example.com" });
  const { page, context, complaints } = await open("/sign-in?callbackURL=%2Faccount%2Fsecurity");
  const { press, type } = keys(page);
  await signIn(page, "factor-keys@example.com");
  await at(page, "/account/security");
  await press(/^Set up$/);
  await type(/^Password$/, PASSWORD);
  await press(/^Continue$/);
  await page.locator(".qr svg path").waitFor();
  const key = await page.locator("#two-factor .key").first().textContent();
  await expect.poll(() => page.evaluate(() => document.activeElement.name), { message: "the field of the code has the focus" }).toBe("code");
  await page.keyboard.type(totp(key));
  await page.locator("[data-code-list] li").first().waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement.name), { message: "the question whether they are saved has it" }).toBe("saved");
  await page.keyboard.press("Space");
  await Promise.all([page.waitForEvent("load"), press(/^Done$/)]);
  await page.getByText("10 left").waitFor();
  await ready(page);
  await press(/open the menu/i);
  await press(/^Sign out/);
  await at(page, "/signed-out");

  await visit(page, `${server.origin}/sign-in?callbackURL=%2Faccount%2Fsecurity`);
  await signIn(page, "factor-keys@example.com");
  await at(page, "/two-factor");
  await expect.poll(() => page.evaluate(() => document.activeElement.name)).toBe("code");
  await page.keyboard.type(totp(key, Date.now() + 30_000));
  await at(page, "/account/security");
  expect(complaints).toEqual([]);
  await context.close();
});

test("an administrator thinks better of acting as somebody, and bans them", async () => {
  execFileSync(BINARY, ["user", "create", "boss@example.com", "--name", "The Boss", "--role", "admin", "--config", server.file], { input: `${PASSWORD}\n` });
  await newUser(server, { name: "Mallory", email: "mallory@example.com" });
  const { page, context, complaints } = await open("/sign-in");
  const { press, type } = keys(page);
  await signIn(page, "boss@example.com");
  await at(page, "/account");
  await press(/open the menu/i);
  await press(/^Administration$/);
  await at(page, "/admin");
  await press(/^Users$/);
  await at(page, "/admin/users");
  await type(/^Search users$/, "mallory");
  await page.keyboard.press("Enter");
  await page.waitForURL("**q=mallory*");
  await ready(page);
  await press(/^Mallory$/);
  await page.getByRole("heading", { name: "Mallory" }).waitFor();
  await ready(page);

  await press(/^Act as this user$/);
  await page.locator("#ask[open]").waitFor();
  await page.keyboard.press("Escape");
  await expect.poll(() => page.locator("#ask[open]").count(), { message: "Escape is the safe choice" }).toBe(0);
  expect(await page.evaluate(() => document.activeElement.textContent.trim()), "and the focus is where it was").toBe("Act as this user");

  await press(/^Ban$/);
  await type(/^Reason/, "spam");
  await press(/^Ban Mallory$/);
  await page.getByText("This user is banned and cannot sign in").waitFor();
  await page.locator(".attention", { hasText: "spam" }).waitFor();
  const answer = await page.request.post(`${server.origin}/api/auth/sign-in/email`, { data: { email: "mallory@example.com", password: PASSWORD }, headers: { origin: server.origin } });
  expect(answer.status()).toBe(403);
  expect(complaints).toEqual([]);
  await context.close();
});
