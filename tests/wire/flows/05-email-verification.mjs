// Flows: send-verification-email and verify-email.
import { flow, Jar, sleep } from "../lib/recorder.mjs";
import { SignJWT } from "jose";
import { SECRET } from "../lib/variant.mjs";
const A = "core-email-verification";
const tok = (p, o = {}) => new SignJWT(p).setProtectedHeader({ alg: "HS256" }).setIssuedAt().setExpirationTime(Math.floor(Date.now() / 1000) + (o.in ?? 3600)).sign(new TextEncoder().encode(o.secret ?? SECRET));
flow(A, "send-and-verify", "send-verification-email, verify-email", "core", async (t) => {
  await t.signUp();
  await t.post("no session, unknown address: 200 after ~500 ms, no mail", "/send-verification-email", { email: "nobody@example.com" }, { jar: null });
  await t.post("no session, unverified address: mail", "/send-verification-email", { email: "ada@example.com", callbackURL: "/ok" }, { jar: null });
  await sleep(1100);
  await t.post("with session, own address", "/send-verification-email", { email: "ada@example.com" });
  await t.post("with session, another address", "/send-verification-email", { email: "other@example.com" });
  await t.post("missing e-mail", "/send-verification-email", {});
  await t.post("invalid e-mail", "/send-verification-email", { email: "x" });
  await t.post("untrusted callbackURL", "/send-verification-email", { email: "ada@example.com", callbackURL: "https://evil.example.net" });
  const m = t.mail("verify-email"); const u = new URL(m.url);
  await t.get("missing token", "/verify-email");
  await t.get("garbage token without callbackURL", "/verify-email?token=garbage");
  await t.get("garbage token with callbackURL", "/verify-email?token=garbage&callbackURL=%2Fok%3Fa%3D1");
  await t.get("token signed with another secret", "/verify-email?token=" + (await tok({ email: "ada@example.com" }, { secret: "other" })));
  const old = await tok({ email: "ada@example.com" }, { in: -10 });
  await t.get("expired token without callbackURL", "/verify-email?token=" + old);
  await t.get("expired token with callbackURL", "/verify-email?callbackURL=%2Fok&token=" + old);
  await t.get("token for an unknown user", "/verify-email?token=" + (await tok({ email: "ghost@example.com" })));
  await t.get("token whose userId does not match", "/verify-email?token=" + (await tok({ email: "ada@example.com", userId: "someone-else" })));
  await t.get("token without userId (older format) is accepted, no callbackURL: JSON", "/verify-email?token=" + (await tok({ email: "ada@example.com" })), { jar: null });
  await t.get("session shows verified", "/get-session");
  await t.get("second use: already verified, JSON", "/verify-email?token=" + m.token);
  await t.get("second use with callbackURL: redirect", u.pathname + u.search, { abs: true });
  await t.get("untrusted callbackURL", "/verify-email?token=" + m.token + "&callbackURL=https%3A%2F%2Fevil.example.net");
  await t.post("already verified, with session", "/send-verification-email", { email: "ada@example.com" });
  await t.post("already verified, without session: 200, no mail", "/send-verification-email", { email: "ada@example.com" }, { jar: null });
});
flow(A, "auto-sign-in", "autoSignInAfterVerification, expiresIn 60, sendOnSignUp", { name: "core:auto-sign-in-after-verification", options: { emailVerification: { autoSignInAfterVerification: true, expiresIn: 60, sendOnSignUp: true } } }, async (t) => {
  await t.post("sign up: session and mail (sendOnSignUp)", "/sign-up/email", { name: "Ada", email: "ada@example.com", password: "correct horse 1" });
  const m = t.mail("verify-email"); const u = new URL(m.url);
  await t.get("link in a browser without session: new session + redirect", u.pathname + u.search, { abs: true, jar: new Jar() });
  await t.signUp("bob@example.com");
  const u2 = new URL(t.mail("verify-email").url);
  await t.get("link in the signed-in browser: existing session, cookie re-sent", u2.pathname + u2.search, { abs: true });
});
flow(A, "not-configured", "no sendVerificationEmail", { name: "core:no-verification", dropDefaults: ["emailVerification"] }, async (t) => {
  await t.signUp();
  await t.post("send", "/send-verification-email", { email: "ada@example.com" });
  await t.post("change-email", "/change-email", { newEmail: "new@example.com" });
});
