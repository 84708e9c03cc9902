// The pages in a real browser: connected providers, several accounts, a new address, a picture, passkeys without a question.
import { afterAll, beforeAll, expect, test } from "vitest";
import { mailTo, PASSWORD, serve } from "../client/harness.mjs";
import { startOpenIdProvider } from "../harness/openid_provider.mjs";
import { at, button, field, people, ready, signIn, signOut, tabTo, visit } from "./person.mjs";

const provider = await startOpenIdProvider();
const op = { ...provider.client, discovery_url: `${provider.issuer}/.well-known/openid-configuration`, authentication: "basic", scopes: ["openid", "email", "profile"] };
const server = serve({
  app_name: "Acme",
  email_and_password: { enabled: true, require_email_verification: true },
  email_verification: { send_on_sign_up: true, auto_sign_in_after_verification: true },
  user: { change_email: { enabled: true, send_change_email_confirmation: true } },
  plugins: [
    ...["pages", "passkey", "last-login-method", "multi-session", "avatar"].map((id) => ({ id })),
    { id: "social", providers: { op }, http: { hosts: [provider.host], allow_private: true, allow_http: true } },
  ],
});
beforeAll(() => { provider.register(`${server.origin}/api/auth/callback/op`); });
afterAll(() => provider.stop());
const { open, someone, linkFor, signUp } = people(server);

/** What a person does at the provider, in its own pages. */
async function agree(page, login) {
  await page.waitForURL((url) => url.origin === provider.issuer);
  const name = page.locator('input[name="login"]');
  if (await name.count()) {
    await name.fill(login);
    await page.locator('input[name="password"]').fill("any");
    await page.locator('[type="submit"]').click();
  }
  await page.locator('[type="submit"]', { hasText: "Continue" }).click();
  await page.waitForURL((url) => url.origin === server.origin);
}

test("a provider is connected and disconnected, and the last way in stays and says why", async () => {
  const ada = await signUp();
  const { page } = ada;
  provider.people.set("ada", { email: ada.email, email_verified: true, name: ada.name });
  await page.getByText("Nothing is connected yet.").waitFor();
  await page.locator('[data-link="op"]').click();
  await agree(page, "ada");
  await at(page, "/account");
  const ways = page.locator("#ways");
  await ways.locator("li.row .row-what", { hasText: "Op" }).waitFor();
  await expect.poll(() => page.locator('[data-link="op"]').isVisible()).toBe(false);
  await ways.getByRole("button", { name: "Disconnect Op" }).click();
  await page.locator("#ask").getByRole("button", { name: "Disconnect" }).click();
  await page.getByText("Op is disconnected.").waitFor();
  await expect.poll(() => page.locator('[data-link="op"]').isVisible()).toBe(true);
  expect(ada.complaints).toEqual([]);
  await ada.context.close();

  // Who came by the provider has no other way in.
  provider.people.set("bob", { email: "bob@example.com", email_verified: true, name: "Bob" });
  const bob = await open("/sign-in?callbackURL=%2Faccount");
  await bob.page.locator('[data-provider="op"]').click();
  await agree(bob.page, "bob");
  await at(bob.page, "/account");
  await bob.page.getByRole("button", { name: "Disconnect Op" }).click();
  const dialog = bob.page.locator("#ask");
  await dialog.getByRole("button", { name: "Disconnect" }).click();
  await dialog.getByText("This is your only way to sign in. Add another one first.").waitFor();
  await bob.page.keyboard.press("Escape");
  await expect.poll(() => bob.page.locator("#ways li.row").count()).toBe(1);
  await bob.context.close();
});

test("one browser has several accounts and goes from one to the other", async () => {
  const [ada, bob] = [await signUp(), await signUp(someone("Bob Babbage"))];
  await bob.context.close();
  const { page } = ada;
  const menu = () => page.getByRole("button", { name: /open the menu/ }).click();
  await menu();
  await page.getByRole("link", { name: "Add another account" }).click();
  await at(page, "/sign-in");
  await signIn(page, bob);
  await at(page, "/account");
  await expect.poll(() => page.locator("[data-name]").textContent()).toBe("Bob Babbage");
  await menu();
  await page.locator("[data-accounts] button", { hasText: ada.email }).click();
  await page.locator("[data-name]", { hasText: ada.name }).waitFor();
  await ready(page);
  await menu();
  await expect.poll(() => page.locator("[data-accounts] strong").allTextContents()).toEqual(["Bob Babbage"]);
  expect(ada.complaints).toEqual([]);
  await ada.context.close();
});

test("a new address counts when both mails were opened, and the old one is shown until then", async () => {
  const ada = await signUp();
  const { page } = ada;
  const newEmail = `new-${ada.email}`;
  await button(page, "Change address").click();
  await field(page, "New e-mail").fill(newEmail);
  await field(page, "Password").fill(PASSWORD);
  await page.locator("#edit-email").getByRole("button", { name: "Change address" }).click();
  await page.getByText(`Until then ${ada.email} stays your address.`).waitFor();
  const shown = () => page.locator("#profile-card .row-what", { hasText: "@" }).textContent();
  await ready(page);
  await expect.poll(shown).toContain(ada.email);
  await expect.poll(shown).not.toContain(newEmail);

  await visit(page, (await mailTo(server, ada.email, "change-email")).data.url);
  await at(page, "/new-address");
  await visit(page, `${server.origin}/account`);
  await expect.poll(shown, { message: "one of two" }).not.toContain(newEmail);
  await visit(page, await linkFor(newEmail, "verify-email"));
  await at(page, "/new-address");
  await visit(page, `${server.origin}/account`);
  await expect.poll(shown).toContain(newEmail);
  await signOut(page);
  await visit(page, `${server.origin}/sign-in`);
  await signIn(page, { email: newEmail });
  await at(page, "/account");
  expect(ada.complaints).toEqual([]);
  await ada.context.close();
});

/** A picture that Chromium makes: 900 by 600, red at the sides and green in the middle. */
const drawn = (page, type) => page.evaluate((type) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 900, height: 600 });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#c00000"; pen.fillRect(0, 0, 900, 600);
  pen.fillStyle = "#00c000"; pen.fillRect(150, 0, 600, 600);
  return canvas.toDataURL(type).split(",")[1];
}, type);

test("a picture is uploaded, shown and removed; what is none is refused by the page and by the server", async () => {
  const ada = await signUp();
  const { page } = ada;
  const choose = async (name, mimeType, buffer) => { await page.locator("#picture").setInputFiles({ name, mimeType, buffer }); };
  for (const type of ["image/png", "image/webp", "image/jpeg"]) {
    const file = Buffer.from(await drawn(page, type), "base64");
    await Promise.all([page.waitForEvent("load"), choose("me", type, file)]);
    await page.getByText("Your picture is changed.").waitFor();
    await ready(page);
  }
  const picture = page.locator("#profile-card .row-mark.large img");
  const seen = await picture.evaluate(async (image) => {
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
    canvas.getContext("2d").drawImage(image, 2, 2, 1, 1, 0, 0, 1, 1);
    return { side: [image.naturalWidth, image.naturalHeight], corner: [...canvas.getContext("2d").getImageData(0, 0, 1, 1).data] };
  });
  expect(seen.side).toEqual([256, 256]);
  expect(seen.corner[1], "the middle alone is left").toBeGreaterThan(150);
  await expect.poll(() => page.locator(".who img").count(), { message: "in the menu's button too" }).toBe(1);

  const kept = await picture.getAttribute("src");
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=1"/>');
  const html = Buffer.from("<!doctype html><script>document.title=1</script>");
  for (const [name, type, bytes] of [["a.svg", "image/svg+xml", svg], ["a.png", "image/png", html], ["a.png", "image/png", svg]]) {
    await choose(name, type, bytes);
    await page.getByText("That file is no PNG, JPEG or WebP picture.").waitFor();
    const sent = await page.request.post(`${server.origin}/api/auth/avatar`, { data: { image: bytes.toString("base64") }, headers: { origin: server.origin } });
    expect([sent.status(), (await sent.json()).code]).toEqual([415, "AVATAR_NOT_A_PICTURE"]);
  }
  await expect.poll(() => picture.getAttribute("src")).toBe(kept);
  await page.getByRole("button", { name: "Remove the picture" }).click();
  await page.getByText("Your picture is removed.").waitFor();
  await ready(page);
  await expect.poll(() => page.locator(".row-mark img").count()).toBe(0);
  expect((await page.request.get(server.origin + kept)).status()).toBe(404);
  expect(ada.complaints).toEqual([]);
  await ada.context.close();
});

test("after a password, the browser makes a passkey by itself where it can, and offers it by itself the next time", async () => {
  // Chromium's authenticators of software do not know passkeys without a question; this stands in for a browser that does.
  const can = (page) => page.addInitScript(() => {
    const [create, known] = [navigator.credentials.create.bind(navigator.credentials), PublicKeyCredential.getClientCapabilities?.bind(PublicKeyCredential)];
    PublicKeyCredential.getClientCapabilities = async () => ({ ...(await known?.()), conditionalCreate: true });
    navigator.credentials.create = ({ mediation, ...options }) => create(mediation === "conditional" ? options : { mediation, ...options });
  });
  const ada = await signUp(someone(), { before: can });
  const { page } = ada;
  await signOut(page);
  await visit(page, `${server.origin}/sign-in`);
  const autocomplete = (label) => field(page, label).getAttribute("autocomplete");
  expect([await autocomplete(/^E-mail/), await autocomplete("Password")]).toEqual(["username webauthn", "current-password"]);
  await signIn(page, ada);
  await at(page, "/account");
  await expect.poll(ada.credentials).toHaveLength(1);
  await visit(page, `${server.origin}/account/security`);
  await expect.poll(() => page.locator("#passkey li.row").count()).toBe(1);
  await signOut(page);
  await page.goto(`${server.origin}/sign-in?callbackURL=%2Faccount%2Fsecurity`);
  await at(page, "/account/security");
  await expect.poll(() => page.locator("[data-session]").count(), { message: "nothing was typed or pressed" }).toBeGreaterThan(0);
  await ada.context.close();
});

test("the keyboard alone goes through the account", async () => {
  const ada = await signUp();
  const { page, context } = ada;
  const { keyboard } = page;
  const press = async (name, key = "Enter") => { await tabTo(page, name); await keyboard.press(key); };
  await visit(page, `${server.origin}/account`);
  await press(/^Skip/);
  await press(/^Edit name$/);
  await keyboard.press("Control+A");
  await keyboard.type("Ada King");
  await keyboard.press("Enter");
  await page.getByText("Your name is changed.").waitFor();
  await ready(page);
  await press(/^Security$/);
  await at(page, "/account/security");

  await press(/^Change password$/);
  await keyboard.type(PASSWORD);
  await tabTo(page, /^New password$/);
  await keyboard.type("a longer correct horse");
  await tabTo(page, /^New password again$/);
  await keyboard.type("a longer correct horse");
  await keyboard.press("Enter");
  await page.getByText("Your password is changed and your other devices are signed out.").waitFor();
  await ready(page);

  await press(/^Add a passkey$/);
  await page.locator("#ask[open]").waitFor();
  await keyboard.press("Enter");
  await page.locator("#passkey li.row").waitFor();
  await ready(page);
  await press(/^Delete$/);
  await page.locator("#ask[open]").waitFor();
  await keyboard.press("Escape");
  await expect.poll(() => page.locator("#passkey li.row").count(), { message: "Escape is the safe choice" }).toBe(1);
  expect(await page.evaluate(() => document.activeElement.textContent), "and the focus is where it was").toBe("Delete");
  await keyboard.press("Enter");
  await page.locator("#ask[open]").waitFor();
  await press(/^Delete$/);
  await page.getByText("You have no passkey yet.").waitFor();
  await ready(page);

  await press(/open the menu/i);
  await press(/^Sign out/);
  await at(page, "/signed-out");
  expect(ada.complaints).toEqual([]);
  await context.close();
});
