// What a user does with an account of their own, through the official client: password, address, profile, deletion.
import { describe, expect, test } from "vitest";
import { browser, mailTo, newUser, PASSWORD, rowCounts, serve } from "./harness.mjs";

const server = serve({
  user: { change_email: { enabled: true }, delete_user: { enabled: true } },
});
const byMail = serve({
  user: {
    change_email: { enabled: true, send_change_email_confirmation: true },
    delete_user: { enabled: true, send_delete_account_verification: true },
  },
});

const SESSION = "better-auth.session_token";
const NEW_PASSWORD = "another horse battery";
const ok = (data) => ({ data, error: null });
const signIn = async (where, email, password) => (await browser(where).client.signIn.email({ email, password })).error?.status ?? 200;
/** Opens a mailed link and returns where it leads, below the server's own origin. */
async function open(where, mail, { send } = browser(where)) {
  const response = await send(mail.data.url);
  expect(response.status).toBe(302);
  return response.headers.get("location").replace(where.origin, "");
}

test("changePassword replaces the password and ends the other sessions", async () => {
  const { client, email } = await newUser(server);
  const elsewhere = browser(server);
  await elsewhere.client.signIn.email({ email, password: PASSWORD });
  const wrong = await client.changePassword({ currentPassword: "wrong password", newPassword: NEW_PASSWORD });
  expect(wrong.error).toMatchObject({ status: 400, code: "INVALID_PASSWORD" });

  const { data, error } = await client.changePassword({ currentPassword: PASSWORD, newPassword: NEW_PASSWORD, revokeOtherSessions: true });
  expect(error).toBeNull();
  expect(data.user.email).toBe(email);
  expect((await client.getSession()).data.session.token).toBe(data.token);
  expect((await elsewhere.client.getSession()).data).toBeNull();
  expect(await signIn(server, email, PASSWORD)).toBe(401);
  expect(await signIn(server, email, NEW_PASSWORD)).toBe(200);
});

test("requestPasswordReset and resetPassword set a new password once", async () => {
  const { email } = await newUser(server);
  const { client } = browser(server);
  const asked = await client.requestPasswordReset({ email, redirectTo: "/reset" });
  expect(asked).toEqual(await client.requestPasswordReset({ email: "nobody@example.com", redirectTo: "/reset" }));
  expect(asked.data.status).toBe(true);
  const mail = await mailTo(server, email, "reset-password");
  expect(mail.text).toContain(mail.data.url);
  expect(await open(server, mail)).toBe(`/reset?token=${mail.data.token}`);

  const { token } = mail.data;
  expect(await client.resetPassword({ newPassword: NEW_PASSWORD, token })).toEqual(ok({ status: true }));
  expect((await client.resetPassword({ newPassword: PASSWORD, token })).error).toMatchObject({ status: 400, code: "INVALID_TOKEN" });
  expect(await signIn(server, email, NEW_PASSWORD)).toBe(200);
  expect(await open(server, mail)).toBe("/reset?error=INVALID_TOKEN");
});

test("sendVerificationEmail and verifyEmail prove the address", async () => {
  const { client, email } = await newUser(server);
  expect(await client.sendVerificationEmail({ email, callbackURL: "/ok" })).toEqual(ok({ status: true }));
  const mail = await mailTo(server, email, "verify-email");
  expect((await client.getSession()).data.user.emailVerified).toBe(false);
  const { token } = mail.data;
  expect(await client.verifyEmail({ query: { token } })).toEqual(ok({ status: true, user: null }));
  expect((await client.getSession()).data.user.emailVerified).toBe(true);
  expect((await client.sendVerificationEmail({ email })).error).toMatchObject({ status: 400, code: "EMAIL_ALREADY_VERIFIED" });
  expect((await client.verifyEmail({ query: { token: "garbage" } })).error).toMatchObject({ status: 401, code: "INVALID_TOKEN" });
});

test("updateUser changes name and picture", async () => {
  const { client } = await newUser(server);
  expect(await client.updateUser({ name: "Ada King", image: "https://img.example.com/a.png" })).toEqual(ok({ status: true }));
  expect((await client.getSession()).data.user).toMatchObject({ name: "Ada King", image: "https://img.example.com/a.png" });
  expect((await client.updateUser({ email: "eve@example.com" })).error).toMatchObject({ status: 400, code: "EMAIL_CAN_NOT_BE_UPDATED" });
  expect((await browser(server).client.updateUser({ name: "Eve" })).error).toMatchObject({ status: 401 });
});

describe("changeEmail", () => {
  test("asks the new address", async () => {
    const { client, send, email } = await newUser(server);
    const newEmail = `new-${email}`;
    expect(await client.changeEmail({ newEmail, callbackURL: "/settings" })).toEqual(ok({ status: true }));
    const mail = await mailTo(server, newEmail, "verify-email");
    expect((await client.getSession()).data.user.email).toBe(email);
    expect(await open(server, mail, { send })).toBe("/settings");
    expect((await client.getSession()).data.user.email).toBe(newEmail);
    expect(await signIn(server, newEmail, PASSWORD)).toBe(200);
    expect(await signIn(server, email, PASSWORD)).toBe(401);
  });

  test.skipIf(process.env.DOORWARD_URL)("asks a verified address first, when the operator says so", async () => {
    const { client, email } = await newUser(byMail);
    await client.sendVerificationEmail({ email });
    await open(byMail, await mailTo(byMail, email, "verify-email"));
    // The link was opened in another browser, so this one was signed out.
    expect((await client.signIn.email({ email, password: PASSWORD })).error).toBeNull();
    const newEmail = `new-${email}`;
    await client.changeEmail({ newEmail });
    const first = await mailTo(byMail, email, "change-email");
    expect(first.data.newEmail).toBe(newEmail);
    await open(byMail, first);
    expect((await client.getSession()).data.user.email).toBe(email);
    await open(byMail, await mailTo(byMail, newEmail, "verify-email"));
    expect((await client.getSession()).data.user).toMatchObject({ email: newEmail, emailVerified: true });
  });
});

describe("deleteUser", () => {
  test("deletes at once with the password", async () => {
    const before = await rowCounts(server);
    const { client, email, jar } = await newUser(server);
    expect((await client.deleteUser({ password: "wrong password" })).error).toMatchObject({ status: 400, code: "INVALID_PASSWORD" });
    expect(await client.deleteUser({ password: PASSWORD })).toEqual(ok({ success: true, message: "User deleted" }));
    expect(jar.has(SESSION)).toBe(false);
    expect((await client.getSession()).data).toBeNull();
    expect(await signIn(server, email, PASSWORD)).toBe(401);
    if (before) expect(await rowCounts(server)).toEqual(before);
  });

  test.skipIf(process.env.DOORWARD_URL)("deletes after a mailed link, when the operator says so", async () => {
    const { client, email, send, jar } = await newUser(byMail);
    expect(await client.deleteUser({ callbackURL: "/bye" })).toEqual(ok({ success: true, message: "Verification email sent" }));
    const mail = await mailTo(byMail, email, "delete-account");
    expect((await browser(byMail).send(mail.data.url)).status).toBe(404);
    expect((await client.getSession()).data.user.email).toBe(email);
    expect(await open(byMail, mail, { send })).toBe("/bye");
    expect(jar.has(SESSION)).toBe(false);
    expect(await signIn(byMail, email, PASSWORD)).toBe(401);
  });
});
