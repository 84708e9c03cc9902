// Everything before an account: sign-in, sign-up, a forgotten password, the second factor.
import { passwordWasRight } from "./act.js";
import { call, comeback, go, page, target, wanted } from "./api.js";
import { busy, notice, onSubmit, pause, refuse } from "./form.js";
import { say } from "./say.js";

const card = document.querySelector(".card");
const form = (name) => document.querySelector(`form[data-form="${name}"]`);

/** What a sign-in answered: a second factor is asked for, or the person goes on. */
function signedIn({ data, error }) {
  if (error) return { error };
  if (data.twoFactorRedirect) {
    sessionStorage.setItem("after-second-factor", data.url ?? wanted());
    const query = new URLSearchParams({ methods: (data.twoFactorMethods ?? ["totp"]).join(","), ...(wanted() && { callbackURL: wanted() }) });
    go(`${page("/two-factor")}?${query}`);
  } else go(data.url ?? target());
  return { leaves: true };
}

/** The card says where the mail went. `again` sends it once more. */
function sent({ text, again }) {
  card.replaceChildren(document.getElementById("sent").content.cloneNode(true));
  document.querySelectorAll(".after").forEach((line) => { if (!card.contains(line)) line.hidden = true; });
  card.querySelector("[data-sent]").textContent = text;
  const button = card.querySelector("[data-again]");
  if (again) {
    pause(button);
    button.addEventListener("click", async () => {
      busy(button, true);
      const { error } = (await again()) ?? {};
      busy(button, false);
      notice(card, error ? "bad" : "good", error?.text ?? say("sent"), { code: error?.code });
      pause(button);
    });
  } else button.hidden = true;
  history.pushState({}, "", "#sent");
  addEventListener("popstate", () => location.reload(), { once: true });
  card.querySelector("h1").focus();
  return { leaves: true };
}

const verification = (email) => () => call("/send-verification-email", { email, callbackURL: comeback() });

function signIn() {
  const own = form("sign-in");
  if (!own) return;
  onSubmit(own, async ({ email, password, rememberMe }) => {
    const isName = own.elements.email.type !== "email" && !email.includes("@");
    const body = isName ? { username: email } : { email };
    const answer = await call(isName ? "/sign-in/username" : "/sign-in/email", { ...body, password, rememberMe, callbackURL: wanted() || target() });
    if (answer.error?.code === "EMAIL_NOT_VERIFIED" && !isName) {
      const { error } = await verification(email)();
      if (!error) return sent({ text: say("sent_verify", { email }), again: verification(email) });
    }
    if (answer.data && !answer.data.twoFactorRedirect) await passwordWasRight();
    return signedIn(answer);
  });
  // A way that wants the address too starts with the one that is typed already.
  document.querySelectorAll(".way[aria-controls]").forEach((button) => button.addEventListener("click", () => {
    const input = document.querySelector(`#${CSS.escape(button.getAttribute("aria-controls"))} input[type="email"]`);
    if (input && !input.value && own.elements.email.value.includes("@")) input.value = own.elements.email.value;
  }));
}

function signUp() {
  const own = form("sign-up");
  if (!own) return;
  onSubmit(own, async (values) => {
    const answer = await call("/sign-up/email", { ...values, callbackURL: comeback() });
    if (answer.error) return answer;
    if (!answer.data.token) return sent({ text: say("sent_verify", { email: values.email }), again: verification(values.email) });
    go(target());
    return { leaves: true };
  });
}

function forgot() {
  const own = form("forgot");
  if (!own) return;
  onSubmit(own, async ({ email }) => {
    const ask = () => call("/request-password-reset", { email, redirectTo: page("/reset-password") });
    const { error } = await ask();
    return error ? { error } : sent({ text: say("sent_forgot", { email }), again: ask });
  });
}

function reset() {
  const own = form("reset");
  if (!own) return;
  onSubmit(own, async ({ newPassword }) => {
    const { error } = await call("/reset-password", { newPassword, token: own.dataset.token });
    if (error?.code === "INVALID_TOKEN") { go(`${page("/reset-password")}?error=INVALID_TOKEN`); return { leaves: true }; }
    if (error) return { error };
    go(`${page("/sign-in")}?done=password`);
    return { leaves: true };
  });
}

const PATHS = { totp: "/two-factor/verify-totp", otp: "/two-factor/verify-otp", backup: "/two-factor/verify-backup-code" };

function secondFactor() {
  const parts = [...document.querySelectorAll("[data-method]")];
  if (!parts.length) return;
  const goal = () => sessionStorage.getItem("after-second-factor") || target();
  for (const part of parts) {
    const method = part.dataset.method;
    onSubmit(part.querySelector("form"), async (values) => {
      const { error } = await call(PATHS[method], values);
      if (error) return { error };
      const place = goal();
      sessionStorage.removeItem("after-second-factor");
      go(place);
      return { leaves: true };
    });
    const again = part.querySelector("[data-send-code]");
    again?.addEventListener("click", () => sendCode(part, again));
  }
  document.querySelectorAll("[data-use]").forEach((button) => button.addEventListener("click", () => {
    for (const part of parts) part.hidden = part.dataset.method !== button.dataset.use;
    document.querySelectorAll("[data-use]").forEach((other) => { other.hidden = other === button; });
    const part = parts.find(({ hidden }) => !hidden);
    part.querySelector("input").focus();
    if (button.dataset.use === "otp") sendCode(part, part.querySelector("[data-send-code]"));
  }));
  if (parts[0].dataset.method === "otp") sendCode(parts[0], parts[0].querySelector("[data-send-code]"));
}

async function sendCode(part, button) {
  busy(button, true);
  const { error } = await call("/two-factor/send-otp", {});
  busy(button, false);
  if (error) return refuse(part.querySelector("form"), error);
  pause(button);
}

function providers() {
  document.querySelectorAll("[data-provider]").forEach((button) => button.addEventListener("click", async () => {
    busy(button, true);
    const { data, error } = await call("/sign-in/social", { provider: button.dataset.provider, callbackURL: comeback(), errorCallbackURL: page("/error") });
    if (data?.url) return go(data.url);
    busy(button, false);
    if (error) refuse(card, error);
  }));
}

/** Marks the way that was used last, by the cookie of the plugin last-login-method. */
function lastUsed() {
  const badge = document.getElementById("last-used");
  const name = badge?.dataset.cookie;
  const [, used] = document.cookie.split("; ").map((pair) => pair.split("=")).find(([known]) => known === name) ?? [];
  if (!used) return;
  const button = document.querySelector(`[data-used="${CSS.escape(decodeURIComponent(used))}"]`);
  button?.append(badge.content.cloneNode(true));
}

export function gate() {
  signIn();
  signUp();
  forgot();
  reset();
  secondFactor();
  providers();
  lastUsed();
  card.addEventListener("sent", ({ detail }) => sent({ text: detail.says ?? say("sent_link", { email: detail.email }), again: detail.again }));
}
