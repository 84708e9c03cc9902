// Flows: the order of the checks, and some plugins together.
import { flow, Jar, sleep } from "../lib/recorder.mjs";
import { idp } from "../lib/idp.mjs";
import { rawRequest } from "../../harness/http.mjs";
const P = "correct horse 1"; const ada = { name: "Ada", email: "ada@example.com", password: P };
flow("core-email-password", "processing-order", "which check answers first", { name: "core+username:rate-limit-off", plugins: { username: {} } }, async (t) => {
  await t.post("plugin hook before body validation (name missing, username too short)", "/sign-up/email", { email: "x@example.com", password: P, username: "a" }, { jar: null });
  await t.post("URL check before plugin hook", "/sign-up/email", { email: "x@example.com", password: P, username: "a", callbackURL: "https://evil.example.net" }, { jar: null });
  await t.post("body validation before the session check", "/change-password", {}, { jar: null });
  await t.post("body validation before the session check, update-session takes any object", "/update-session", {}, { jar: null });
  await t.req("media type before the Origin check", "POST", "/change-password", { raw: "a=b", headers: { "content-type": "text/plain" }, jar: new Jar().set("a", "b"), origin: "https://evil.example.net" });
  await t.get("query validation before the URL check", "/verify-email?callbackURL=https%3A%2F%2Fevil.example.net", { jar: null });
  await t.signUp();
  await t.get("a repeated cookie name: the first one counts", "/get-session", { jar: null, headers: { cookie: `better-auth.session_token=${t.jar.get("better-auth.session_token")}; better-auth.session_token=garbage` } });
  await t.get("a repeated cookie name, garbage first", "/get-session", { jar: null, headers: { cookie: `better-auth.session_token=garbage; better-auth.session_token=${t.jar.get("better-auth.session_token")}` } });
  await t.get("cookies separated by ';' without a space", "/get-session", { jar: null, headers: { cookie: `a=b;better-auth.session_token=${t.jar.get("better-auth.session_token")};c=d` } });
});
flow("core-origin", "disable-csrf-check-only", "disableCSRFCheck true keeps the URL checks", { name: "core:no-csrf-check", options: { advanced: { disableCSRFCheck: true } } }, async (t) => {
  await t.signUp();
  await t.post("foreign origin", "/update-user", { name: "X" }, { origin: "https://evil.example.net" });
  await t.post("foreign callbackURL", "/sign-in/email", { email: ada.email, password: P, callbackURL: "https://evil.example.net" }, { jar: null });
});
