// The pages in a real browser, by clicking only: from the sign-up to the end of an account.
import { expect, test } from "vitest";
import { PASSWORD, serve } from "../client/harness.mjs";
import { at, button, field, people, ready, signIn, signOut, totp, visit } from "./person.mjs";

const server = serve({
  app_name: "Acme",
  email_and_password: { enabled: true, require_email_verification: true },
  email_verification: { send_on_sign_up: true, auto_sign_in_after_verification: true },
  user: { change_email: { enabled: true }, delete_user: { enabled: true, send_delete_account_verification: true } },
  plugins: ["pages", "two-factor", "passkey", "magic-link", "username", "last-login-method", "multi-session"].map((id) => ({ id })),
});
const { open, someone, linkFor, signUp } = people(server);

test("a newcomer signs up, verifies the address, and signs in and out", async () => {
  const ada = await signUp();
  const { page } = ada;
  await expect.poll(() => page.locator("h1").textContent()).toBe("Profile");
  await expect.poll(() => page.getByText("Verified", { exact: true }).count()).toBe(1);
  await signOut(page);
  await visit(page, `${server.origin}/account/security`);
  await at(page, "/sign-in");
  await signIn(page, { email: ada.email, password: "not the password" });
  await page.getByText("do not belong together").waitFor();
  await expect.poll(() => field(page, "E-mail or user name").inputValue()).toBe(ada.email);
  await signIn(page, ada);
  await at(page, "/account/security");
  expect(ada.complaints).toEqual([]);
  await ada.context.close();
});

test("a user name signs in, and a mailed link does", async () => {
  const ada = await signUp();
  const { page } = ada;
  await signOut(page);
  await visit(page, `${server.origin}/sign-in`);
  await signIn(page, { email: ada.username });
  await at(page, "/account");
  await signOut(page);
  await visit(page, `${server.origin}/sign-in?callbackURL=%2Faccount%2Fsecurity`);
  await field(page, "E-mail or user name").fill(ada.email);
  await button(page, "Mail me a link").click();
  await button(page, "Send the link").click();
  await page.getByRole("heading", { name: "Check your mail" }).waitFor();
  await visit(page, await linkFor(ada.email, "magic-link"));
  await at(page, "/account/security");
  await signOut(page);
  await visit(page, `${server.origin}/sign-in`);
  await expect.poll(() => page.locator('[data-used="magic-link"] .badge').textContent()).toBe("Last used");
  await visit(page, await linkFor(ada.email, "magic-link"));
  await page.getByRole("heading", { name: "This link does not work any more" }).waitFor();
  expect(ada.complaints).toEqual([]);
  await ada.context.close();
});

test("a forgotten password is replaced, and no page tells who has an account", async () => {
  const ada = await signUp();
  const { page, context } = await open("/forgot-password");
  const asked = async (email) => {
    await visit(page, `${server.origin}/forgot-password`);
    await field(page, "E-mail").fill(email);
    await button(page, "Send the link").click();
    return (await page.locator("[data-sent]").textContent()).replace(email, "…");
  };
  expect(await asked(ada.email)).toBe(await asked("nobody@example.com"));
  const link = await linkFor(ada.email, "reset-password");
  await visit(page, link);
  await at(page, "/reset-password");
  await field(page, "New password").fill("short");
  await button(page, "Set the password").click();
  await page.locator(".wrong", { hasText: "at least 8 characters" }).waitFor();
  await field(page, "New password").fill("another correct horse");
  await button(page, "Set the password").click();
  await at(page, "/sign-in");
  await page.getByText("Your new password is set.").waitFor();
  await signIn(page, { email: ada.email, password: "another correct horse" });
  await at(page, "/account");
  await visit(page, link);
  await page.getByRole("heading", { name: "This link does not work any more" }).waitFor();
  await context.close();
  await ada.context.close();
});

test("a second factor is set up in three steps and asked for, with backup codes for the lost phone", async () => {
  const ada = await signUp();
  const { page } = ada;
  await visit(page, `${server.origin}/account/security`);
  await page.getByText("Your account has no second factor.").waitFor();
  await page.getByRole("link", { name: "Have a look" }).click();
  await field(page, "Password").fill(PASSWORD);
  await button(page, "Continue").click();
  await page.locator(".qr svg path").waitFor();
  const key = await page.locator("#two-factor .key").first().textContent();
  await field(page, "Code of the app").fill(totp(key));
  await page.locator("[data-code-list] li").first().waitFor();
  const codes = await page.locator("[data-code-list] li").allTextContents();
  expect(codes).toHaveLength(10);
  await expect.poll(() => button(page, "Done").isDisabled()).toBe(true);
  await page.getByLabel("I have saved these codes").check();
  await Promise.all([page.waitForEvent("load"), button(page, "Done").click()]);
  await page.getByText("10 left").waitFor();
  await ready(page);
  await expect.poll(() => page.locator(".attention").count()).toBe(0);

  await signOut(page);
  await visit(page, `${server.origin}/sign-in?callbackURL=%2Faccount%2Fsecurity`);
  await signIn(page, ada);
  await at(page, "/two-factor");
  await field(page, "Code of the app").fill("000000");
  await page.getByText("That code is not right.").waitFor();
  await field(page, "Code of the app").fill(totp(key, Date.now() + 30_000));
  await at(page, "/account/security");
  await signOut(page);
  await visit(page, `${server.origin}/sign-in`);
  await signIn(page, ada);
  await at(page, "/two-factor");
  await button(page, "Use a backup code").click();
  await field(page, "Backup code").fill(codes[0]);
  await button(page, "Continue").filter({ visible: true }).click();
  await at(page, "/account");
  await visit(page, `${server.origin}/account/security`);
  await page.getByText("9 left").waitFor();
  await button(page, "Switch off").click();
  await field(page, "Password").fill(PASSWORD);
  await page.locator("#two-factor-disable").getByRole("button", { name: "Switch off" }).click();
  await page.getByText("Your account has no second factor.").waitFor();
  expect(ada.complaints).toEqual([]);
  await ada.context.close();
});

test("a passkey is added with a name, signs in, is renamed and deleted", async () => {
  const ada = await signUp();
  const { page } = ada;
  await visit(page, `${server.origin}/account/security`);
  await page.getByText("You have no passkey yet.").waitFor();
  await button(page, "Add a passkey").click();
  await field(page, "Name of the passkey").fill("Laptop");
  await page.locator("#ask").getByRole("button", { name: "Add a passkey" }).click();
  await page.locator("#passkey .row-what", { hasText: "Laptop" }).waitFor();
  await ready(page);
  await expect.poll(ada.credentials).toHaveLength(1);
  await button(page, "Rename").click();
  await field(page, "Name of the passkey").fill("Work laptop");
  await page.locator("#ask").getByRole("button", { name: "Rename" }).click();
  await page.locator("#passkey .row-what", { hasText: "Work laptop" }).waitFor();
  await ready(page);
  await signOut(page);
  await visit(page, `${server.origin}/sign-in?callbackURL=%2Faccount%2Fsecurity`);
  // The browser may offer the passkey by itself; with an authenticator that says yes at once, it signs in so.
  await Promise.race([button(page, "Use a passkey").click().catch(() => {}), at(page, "/account/security")]);
  await at(page, "/account/security");
  await button(page, "Delete").click();
  await page.locator("#ask").getByRole("button", { name: "Delete" }).click();
  await page.getByText("You have no passkey yet.").waitFor();
  expect(ada.complaints).toEqual([]);
  await ada.context.close();
});

test("a session elsewhere is ended, and the password is changed", async () => {
  const ada = await signUp();
  const elsewhere = await open("/sign-in");
  await signIn(elsewhere.page, ada);
  await at(elsewhere.page, "/account");
  const { page } = ada;
  await visit(page, `${server.origin}/account/security`);
  const rows = page.locator("#sessions li.row");
  await page.locator("#sessions .badge", { hasText: "This device" }).waitFor();
  await expect.poll(() => rows.count()).toBe(2);
  await page.locator("#sessions").getByRole("button", { name: /^End the session/ }).click();
  await page.getByText("That session is ended.").waitFor();
  await expect.poll(() => rows.count()).toBe(1);

  // The page elsewhere says so, keeps what was typed, and comes back to it.
  await button(elsewhere.page, "Edit name").click();
  await field(elsewhere.page, "Name").fill("Ada King");
  await button(elsewhere.page, "Save name").click();
  await elsewhere.page.getByText("Your session has ended.").waitFor();
  await elsewhere.page.getByRole("link", { name: "Sign in again" }).click();
  await signIn(elsewhere.page, ada);
  await at(elsewhere.page, "/account");
  await expect.poll(() => field(elsewhere.page, "Name").inputValue()).toBe("Ada King");
  await button(elsewhere.page, "Save name").click();
  await elsewhere.page.getByText("Your name is changed.").waitFor();

  await button(page, "Change password").first().click();
  const save = page.locator("#change-password").getByRole("button", { name: "Change password" });
  await field(page, "Current password").fill(PASSWORD);
  await field(page, "New password").fill("a longer correct horse");
  await field(page, "New password again").fill("a longer correct house");
  await expect.poll(() => save.isDisabled()).toBe(true);
  await field(page, "New password again").fill("a longer correct horse");
  await save.click();
  await page.getByText("Your password is changed and your other devices are signed out.").waitFor();
  await visit(elsewhere.page, `${server.origin}/account`);
  await at(elsewhere.page, "/sign-in");
  await elsewhere.context.close();
  await ada.context.close();
});

test("an account is deleted by typing the word and opening the mailed link", async () => {
  const ada = await signUp();
  const { page } = ada;
  await button(page, "Delete account").click();
  const dialog = page.locator("#ask");
  const yes = dialog.getByRole("button", { name: "Delete account" });
  await field(page, "Password").fill(PASSWORD);
  await dialog.getByLabel("Type DELETE to confirm").fill("delete");
  await expect.poll(() => yes.isDisabled()).toBe(true);
  await dialog.getByLabel("Type DELETE to confirm").fill("DELETE");
  await yes.click();
  await page.getByText("Open it to delete your account.").waitFor();
  await visit(page, await linkFor(ada.email, "delete-account"));
  await at(page, "/goodbye");
  await visit(page, `${server.origin}/sign-in`);
  await signIn(page, ada);
  await page.getByText("do not belong together").waitFor();
  await ada.context.close();
});

test("the keyboard alone signs in", async () => {
  const ada = await signUp();
  const { page, context, complaints } = await open("/sign-in");
  await page.keyboard.type(ada.email);
  await page.keyboard.press("Tab");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await at(page, "/account");
  expect(complaints).toEqual([]);
  await context.close();
  await ada.context.close();
});

test("a name that is markup stays a name", async () => {
  const name = '<img src=x onerror="document.title=1"></script><script>alert(1)</script>';
  const mallory = await signUp(someone(name));
  const { page } = mallory;
  for (const path of ["/account", "/account/security"]) {
    await visit(page, server.origin + path);
    await page.waitForLoadState("networkidle");
    await expect.poll(() => page.locator('img[src="x"]').count(), { message: path }).toBe(0);
    expect(await page.title()).not.toBe("1");
  }
  await visit(page, `${server.origin}/account`);
  await expect.poll(() => page.locator("[data-name]").textContent()).toBe(name);
  for (const target of ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]) {
    await visit(page, `${server.origin}/sign-in?callbackURL=${encodeURIComponent(target)}`);
    expect(new URL(page.url()).origin, target).toBe(server.origin);
  }
  await visit(page, `${server.origin}/error?error=${encodeURIComponent(name)}`);
  await expect.poll(() => page.locator("img[src=x], main script").count()).toBe(0);
  expect(mallory.complaints).toEqual([]);
  await mallory.context.close();
});

test("a page speaks the person's language and keeps the choice of it and of the dark", async () => {
  const { page, context } = await open("/sign-in", { locale: "de-DE" });
  await expect.poll(() => page.locator("h1").textContent()).toBe("Bei Acme anmelden");
  await page.getByRole("link", { name: "English" }).click();
  await page.getByRole("heading", { name: "Sign in to Acme" }).waitFor();
  await page.getByRole("button", { name: "Dark" }).click();
  await page.reload();
  await ready(page);
  await expect.poll(() => page.locator("h1").textContent()).toBe("Sign in to Acme");
  expect(await page.evaluate(() => [document.documentElement.className, getComputedStyle(document.body).backgroundColor])).toEqual(["dark", "rgb(17, 18, 19)"]);
  await context.close();
});
