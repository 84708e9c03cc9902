// Passkeys in a real browser: Chromium makes and checks the ceremonies, the official client asks for them.
import { afterAll, beforeAll, expect, test } from "vitest";
import { PASSWORD, serve } from "../client/harness.mjs";
import { device, launch, servePage } from "./harness.mjs";

const upstream = () => server.port;
// The relying party is the first page. The second is the same application's, and may call; passkeys are not for it.
const [own, other] = [await servePage(upstream), await servePage(upstream)];
const server = serve({ base_url: own.origin, trusted_origins: [other.origin], plugins: [{ id: "passkey", rp_name: "Doorward" }, { id: "last-login-method" }] });
let chromium;
beforeAll(async () => { chromium = await launch(); });
afterAll(async () => { await chromium?.close(); own.close(); other.close(); });

let users = 0;
/** A device on which a new user is signed in by password. */
async function newUser(settings) {
  const user = { name: "Ada Lovelace", email: `ada${++users}@example.com`, password: PASSWORD };
  const on = await device(chromium, own.origin, settings);
  expect((await on.call("signUp.email", user)).error).toBeNull();
  return { ...user, ...on };
}
async function signedInElsewhere({ email }, settings) {
  const on = await device(chromium, own.origin, settings);
  expect((await on.call("signIn.email", { email, password: PASSWORD })).error).toBeNull();
  return on;
}
const who = async ({ call }) => (await call("getSession")).data?.user.email ?? null;

test("a user registers, signs out, and signs in with the passkey alone", async () => {
  const user = await newUser();
  const { data, error } = await user.call("passkey.addPasskey", { name: "Laptop" });
  expect(error).toBeFalsy();
  expect(data).toMatchObject({ name: "Laptop", deviceType: expect.stringMatching(/^(single|multi)Device$/), transports: "internal" });
  const [credential] = await user.credentials();
  expect(credential).toMatchObject({ isResidentCredential: true, rpId: "localhost", userName: "Laptop", userDisplayName: user.email });
  expect(Buffer.from(credential.credentialId, "base64").toString("base64url")).toBe(data.credentialID);
  await user.call("signOut");
  expect(await who(user)).toBeNull();
  const signedIn = await user.call("signIn.passkey");
  expect(signedIn.data.user.email).toBe(user.email);
  expect(await who(user)).toBe(user.email);
  expect((await user.credentials())[0].signCount).toBeGreaterThan(credential.signCount);
  await user.close();
});

test("the browser offers the passkey where the address is typed", async () => {
  const user = await newUser();
  await user.call("passkey.addPasskey", {});
  await user.call("signOut");
  await user.page.reload();
  expect(await user.page.evaluate(() => PublicKeyCredential.isConditionalMediationAvailable())).toBe(true);
  const signedIn = await user.call("signIn.passkey", { autoFill: true });
  expect(signedIn.data?.user.email, JSON.stringify(signedIn.error)).toBe(user.email);
  expect(await who(user)).toBe(user.email);
  await user.close();
});

test("a device makes one passkey for a user, each device its own, and each opens the account", async () => {
  const laptop = await newUser();
  expect((await laptop.call("passkey.addPasskey", { name: "Laptop" })).error).toBeFalsy();
  expect((await laptop.call("passkey.addPasskey", { name: "Twice" })).error.code).toBe("ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED");
  const phone = await signedInElsewhere(laptop);
  expect((await phone.call("passkey.addPasskey", { name: "Phone" })).error).toBeFalsy();
  const key = await signedInElsewhere(laptop, { transport: "usb" });
  expect((await key.call("passkey.addPasskey", { name: "Key", authenticatorAttachment: "cross-platform" })).error).toBeFalsy();
  const names = async (on) => (await on.call("passkey.listUserPasskeys")).data.map(({ name }) => name).sort();
  expect(await names(laptop)).toEqual(["Key", "Laptop", "Phone"]);
  for (const on of [laptop, phone, key]) {
    await on.call("signOut");
    expect((await on.call("signIn.passkey")).data.user.email).toBe(laptop.email);
    expect(await names(on)).toEqual(["Key", "Laptop", "Phone"]);
    await on.close();
  }
});

test("a passkey is renamed, and one that was deleted opens nothing", async () => {
  const user = await newUser();
  const { data } = await user.call("passkey.addPasskey", { name: "Old" });
  expect((await user.call("passkey.updatePasskey", { id: data.id, name: "New" })).data.passkey.name).toBe("New");
  expect((await user.call("passkey.listUserPasskeys")).data).toMatchObject([{ id: data.id, name: "New" }]);
  expect((await user.call("passkey.deletePasskey", { id: data.id })).data).toEqual({ status: true });
  expect((await user.call("passkey.listUserPasskeys")).data).toEqual([]);
  await user.call("signOut");
  expect((await user.call("signIn.passkey")).error).toMatchObject({ status: 401, code: "PASSKEY_NOT_FOUND" });
  expect(await who(user)).toBeNull();
  await user.close();
});

test("one device holds passkeys of several users, and none signs another one in", async () => {
  const ada = await newUser();
  expect((await ada.call("passkey.addPasskey", {})).error).toBeFalsy();
  const [adas] = await ada.credentials();
  await ada.call("signOut");
  const bob = { name: "Bob", email: `bob${++users}@example.com`, password: PASSWORD };
  await ada.call("signUp.email", bob);
  expect((await ada.call("passkey.addPasskey", {})).error).toBeFalsy();
  await ada.call("signOut");
  await ada.tell("removeCredential", { credentialId: adas.credentialId });
  expect((await ada.call("signIn.passkey")).data.user.email).toBe(bob.email);
  await ada.close();
});

test("PK-2: a page of another origin gets nowhere", async () => {
  const user = await newUser();
  expect((await user.call("passkey.addPasskey", {})).error).toBeFalsy();
  const before = await server.database.all("select * from passkey");
  await user.call("signOut");
  await user.page.goto(other.origin);
  // The browser makes the assertion, for the host is the same; the server refuses the page's origin.
  expect((await user.call("signIn.passkey")).error).toMatchObject({ status: 400, code: "AUTHENTICATION_FAILED" });
  expect(await who(user)).toBeNull();
  await user.call("signIn.email", { email: user.email, password: PASSWORD });
  await user.tell("clearCredentials");
  expect((await user.call("passkey.addPasskey", {})).error.status).toBe(400);
  // On another host the browser itself refuses.
  await user.page.goto(own.origin.replace("localhost", "127.0.0.1"));
  expect((await user.call("signIn.passkey")).error.code).toBe("ERROR_INVALID_DOMAIN");
  expect(await server.database.all("select * from passkey")).toEqual(before);
  await user.close();
});

test("a device without a passkey of this site signs nobody in", async () => {
  const user = await newUser();
  expect((await user.call("passkey.addPasskey", {})).error).toBeFalsy();
  const stranger = await device(chromium, own.origin);
  expect((await stranger.call("signIn.passkey")).error).toMatchObject({ status: 400 });
  expect(await who(stranger)).toBeNull();
  await stranger.close();
  await user.close();
});
