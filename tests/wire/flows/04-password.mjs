// Flows: change, verify and reset a password.
import { flow, Jar, sleep } from "../lib/recorder.mjs";
const A = "core-password";
const DAY = 86400000; const iso = (ms) => new Date(ms).toISOString();
flow(A, "change-password", "change-password", "core", async (t) => {
  await t.post("no session", "/change-password", { currentPassword: "a", newPassword: "b" }, { jar: null });
  await t.signUp(); const j2 = new Jar(); await t.signIn("ada@example.com", { jar: j2 });
  await t.post("wrong current password", "/change-password", { currentPassword: "wrong password", newPassword: "correct horse 2" });
  await t.post("too short", "/change-password", { currentPassword: "correct horse 1", newPassword: "short" });
  await t.post("too long", "/change-password", { currentPassword: "correct horse 1", newPassword: "a".repeat(129) });
  await t.post("current too long", "/change-password", { currentPassword: "a".repeat(129), newPassword: "correct horse 2" });
  await t.post("missing newPassword", "/change-password", { currentPassword: "correct horse 1" });
  await t.post("missing both", "/change-password", {});
  await t.post("revokeOtherSessions wrong type", "/change-password", { currentPassword: "correct horse 1", newPassword: "correct horse 2", revokeOtherSessions: "yes" });
  await t.post("changed: token null, no cookie", "/change-password", { currentPassword: "correct horse 1", newPassword: "correct horse 2" });
  await t.get("the other session still works", "/get-session", { jar: j2 });
  await t.post("changed with revokeOtherSessions: all sessions replaced by a new one", "/change-password", { currentPassword: "correct horse 2", newPassword: "correct horse 3", revokeOtherSessions: true });
  await t.get("new session", "/get-session");
  await t.get("the other session is gone", "/get-session", { jar: j2 });
  await t.post("old password no longer works", "/sign-in/email", { email: "ada@example.com", password: "correct horse 2" }, { jar: null });
  await t.sql("delete from account");
  await t.post("no credential account", "/change-password", { currentPassword: "correct horse 3", newPassword: "correct horse 4" });
});
flow(A, "verify-password", "verify-password", "core", async (t) => {
  await t.post("no session", "/verify-password", { password: "correct horse 1" }, { jar: null });
  await t.signUp();
  await t.post("right", "/verify-password", { password: "correct horse 1" });
  await t.post("wrong", "/verify-password", { password: "wrong password" });
  await t.post("too long", "/verify-password", { password: "a".repeat(129) });
  await t.post("missing", "/verify-password", {});
});
flow(A, "set-password", "set-password is server-only: no HTTP route", "core", async (t) => {
  await t.signUp();
  await t.post("set-password", "/set-password", { newPassword: "correct horse 2" });
});
flow(A, "reset-password", "request-password-reset, link, reset-password", "core", async (t) => {
  await t.signUp();
  const reqBody = { email: "ada@example.com", redirectTo: "/reset" };
  await t.post("ask", "/request-password-reset", reqBody, { jar: null });
  t.note("verification row", { row: (await t.row("select identifier, value, expiresAt from verification")) });
  const m = t.mail("reset-password"); const u = new URL(m.url);
  await t.post("unknown e-mail: same answer, no mail", "/request-password-reset", { email: "nobody@example.com" }, { jar: null });
  await t.post("upper-case e-mail is found", "/request-password-reset", { email: "ADA@example.com" }, { jar: null });
  await t.post("invalid e-mail", "/request-password-reset", { email: "nope" }, { jar: null });
  await t.post("missing e-mail", "/request-password-reset", {}, { jar: null });
  await t.post("untrusted redirectTo", "/request-password-reset", { email: "ada@example.com", redirectTo: "https://evil.example.net/x" }, { jar: null });
  await t.post("trusted absolute redirectTo", "/request-password-reset", { email: "ada@example.com", redirectTo: "http://trusted.example.com/reset?x=1" }, { jar: null });
  const m2 = t.mail("reset-password"), u2 = new URL(m2.url);
  await t.get("follow the link with absolute callbackURL", u2.pathname + u2.search, { abs: true, jar: null });
  await t.get("follow the link: redirect with token", u.pathname + u.search, { abs: true, jar: null });
  await t.get("link with a wrong token", "/reset-password/wrong-token?callbackURL=%2Freset", { jar: null });
  await t.get("link without callbackURL", "/reset-password/" + m.token, { jar: null });
  await t.get("link with empty callbackURL", "/reset-password/" + m.token + "?callbackURL=", { jar: null });
  await t.get("link with an untrusted callbackURL", "/reset-password/" + m.token + "?callbackURL=https%3A%2F%2Fevil.example.net", { jar: null });
  await t.post("no token", "/reset-password", { newPassword: "correct horse 2" }, { jar: null });
  await t.post("missing newPassword", "/reset-password", { token: m.token }, { jar: null });
  await t.post("too short", "/reset-password", { newPassword: "short", token: m.token }, { jar: null });
  await t.post("too long", "/reset-password", { newPassword: "a".repeat(129), token: m.token }, { jar: null });
  await t.post("wrong token", "/reset-password", { newPassword: "correct horse 2", token: "wrong" }, { jar: null });
  await t.post("reset", "/reset-password", { newPassword: "correct horse 2", token: m.token }, { jar: null });
  await t.post("token reused", "/reset-password", { newPassword: "correct horse 3", token: m.token }, { jar: null });
  await t.post("token in the query string", "/reset-password?token=" + m2.token, { newPassword: "correct horse 3" }, { jar: null });
  await t.get("existing session survives a reset by default", "/get-session");
  await t.post("sign in with the new password", "/sign-in/email", { email: "ada@example.com", password: "correct horse 3" }, { jar: null });
  await t.post("ask", "/request-password-reset", { email: "ada@example.com" }, { jar: null });
  await t.sql("update verification set expiresAt = ?", iso(Date.now() - 1000));
  await t.post("expired token", "/reset-password", { newPassword: "correct horse 4", token: t.mail("reset-password").token }, { jar: null });
  await t.post("old endpoint name /forget-password is gone", "/forget-password", { email: "ada@example.com" }, { jar: null });
  await t.req("GET request-password-reset", "GET", "/request-password-reset", { jar: null });
});
flow(A, "reset-password-revoke", "revokeSessionsOnPasswordReset", { name: "core:revoke-on-reset", options: { emailAndPassword: { revokeSessionsOnPasswordReset: true } } }, async (t) => {
  await t.signUp();
  await t.post("ask", "/request-password-reset", { email: "ada@example.com" }, { jar: null });
  await t.post("reset", "/reset-password", { newPassword: "correct horse 2", token: t.mail("reset-password").token }, { jar: null });
  await t.get("session gone", "/get-session");
});
flow(A, "reset-password-disabled", "no sendResetPassword configured", { name: "core:no-reset", dropDefaults: ["emailAndPassword.sendResetPassword"] }, async (t) => {
  await t.signUp();
  await t.post("ask", "/request-password-reset", { email: "ada@example.com" }, { jar: null });
});
flow(A, "password-length-options", "minPasswordLength 12, maxPasswordLength 20", { name: "core:password-12-20", options: { emailAndPassword: { minPasswordLength: 12, maxPasswordLength: 20 } } }, async (t) => {
  await t.post("11", "/sign-up/email", { name: "A", email: "a@example.com", password: "12345678901" });
  await t.post("21", "/sign-up/email", { name: "A", email: "a@example.com", password: "123456789012345678901" });
  await t.post("12", "/sign-up/email", { name: "A", email: "a@example.com", password: "123456789012" });
});
