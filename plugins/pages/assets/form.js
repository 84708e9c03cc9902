// Forms: what is wrong stands beside its field, what was typed stays, and a button is pressed once.
import { meaning, say } from "./say.js";
import { page } from "./api.js";

/** Which field an error is about; the first of these that the form has. */
const FIELDS = {
  INVALID_EMAIL: ["email", "newEmail"], INVALID_EMAIL_OR_PASSWORD: ["password"], INVALID_USERNAME_OR_PASSWORD: ["password"],
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: ["email"], INVALID_PASSWORD: ["currentPassword", "password"], PASSWORD_TOO_SHORT: ["newPassword", "password"],
  PASSWORD_TOO_LONG: ["newPassword", "password"], PASSWORD_COMPROMISED: ["newPassword", "password"], INVALID_CODE: ["code"], INVALID_BACKUP_CODE: ["code"], OTP_HAS_EXPIRED: ["code"],
  USERNAME_IS_ALREADY_TAKEN: ["username"], USERNAME_TOO_SHORT: ["username"], USERNAME_TOO_LONG: ["username"], INVALID_USERNAME: ["username"],
  INVALID_DISPLAY_USERNAME: ["displayUsername"],
};

const icon = (name) => document.querySelector(`template[data-icon="${name}"]`).content.cloneNode(true);

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** A notice at the top of a form, card or page, in place of the one before. */
export function notice(place, tone, text, { code, link } = {}) {
  place.querySelector(":scope > .notice[data-said]")?.remove();
  if (!text) return;
  const words = element("div", {}, element("p", { textContent: text }));
  if (link) words.append(element("p", {}, element("a", { href: link.href, textContent: link.label })));
  if (code) words.append(element("p", { className: "code-note", textContent: code }));
  const box = element("div", { className: `notice ${tone}` }, icon(tone === "good" ? "check-round" : "alert"), words);
  box.dataset.said = "";
  box.setAttribute("role", tone === "bad" ? "alert" : "status");
  const head = place.querySelector(":scope > .card-head, :scope > h1 + .lead, :scope > h1");
  if (head) head.after(box); else place.prepend(box);
  box.scrollIntoView({ block: "nearest" });
}

/** Says what is wrong with one field, or that nothing is. */
export function wrong(input, text) {
  const field = input.closest(".field") ?? input.parentElement;
  field.querySelector(".wrong")?.remove();
  const described = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== `${input.id}-wrong`);
  if (text) {
    const line = element("p", { className: "wrong", id: `${input.id}-wrong` }, icon("alert"), element("span", { textContent: text }));
    (input.closest(".secret") ?? input).after(line);
    described.push(line.id);
    input.setAttribute("aria-invalid", "true");
  } else input.removeAttribute("aria-invalid");
  if (described.length) input.setAttribute("aria-describedby", described.join(" ")); else input.removeAttribute("aria-describedby");
}

const inputs = (form) => [...form.elements].filter((input) => input.name && !input.hidden && !input.closest("[hidden]"));

/** What an input lacks; nothing when it is as it should be. */
function fault(input) {
  const { valueMissing, badInput, typeMismatch, tooShort } = input.validity;
  if (badInput) return say(input.type === "date" ? "date" : "number");
  if (valueMissing || (input.required && input.type !== "checkbox" && !input.value.trim())) return say("required");
  if (typeMismatch && input.type === "email") return say("email");
  if (tooShort) return say("short", { count: input.minLength });
  const least = Number(input.dataset.strength);
  if (least && [...input.value].length < least) return say("short", { count: least });
  return "";
}

/** Looks at every field; the first that is wrong gets the focus. */
function check(form) {
  const faulty = inputs(form).filter((input) => {
    const text = fault(input);
    wrong(input, text);
    return text;
  });
  faulty[0]?.focus();
  return faulty.length === 0;
}

/** The fields of a form as the API takes them. */
export function values(form) {
  const read = (input) => {
    if (input.type === "checkbox") return input.checked;
    if (input.type === "number" || input.dataset.type === "number") return input.value === "" ? undefined : Number(input.value);
    if (input.type === "password") return input.value;
    return input.value.trim() === "" ? undefined : input.value.trim();
  };
  const named = [...form.elements].filter((input) => input.name && !(input.hidden && input.autocomplete === "username"));
  return Object.fromEntries(named.map((input) => [input.name, read(input)]).filter(([, value]) => value !== undefined));
}

export function busy(button, is) {
  if (!button) return;
  if (is) button.setAttribute("aria-busy", "true"); else button.removeAttribute("aria-busy");
}

/** Shows an error of the API where it belongs. A session that ended leads to the sign-in page and back. */
export function refuse(form, error) {
  const place = form.closest(".card") && !form.closest(".gate") ? form.closest(".card") : form;
  if (error.code === "UNAUTHORIZED" || error.code === "SESSION_NOT_FRESH" || error.code === "SESSION_EXPIRED") {
    const fresh = error.code !== "UNAUTHORIZED";
    const query = new URLSearchParams({ callbackURL: location.pathname + location.search + location.hash, [fresh ? "fresh" : "ended"]: "1" });
    return notice(place, "warn", say(fresh ? "fresh" : "ended"), { link: { href: `${page("/sign-in")}?${query}`, label: say("ended_action") } });
  }
  const [, issue] = /^\[body\.(\w+)\]/.exec(error.message ?? "") ?? [];
  const names = issue ? [issue] : FIELDS[error.code] ?? [];
  const input = names.map((name) => form.elements?.namedItem(name)).find((found) => found && !found.hidden);
  if (!input) return notice(place, "bad", error.text, { code: error.code });
  wrong(input, error.text);
  input.focus();
  if (input.classList.contains("code")) input.select();
}

const draftKey = (form) => `draft:${location.pathname}:${form.dataset.form ?? form.closest("[id]")?.id}`;
const isSecret = (input) => input.type === "password" || input.type === "hidden" || input.classList.contains("code") || input.name === "word";

function keep(form) {
  const kept = inputs(form).filter((input) => !isSecret(input)).map((input) => [input.name, input.type === "checkbox" ? input.checked : input.value]);
  sessionStorage.setItem(draftKey(form), JSON.stringify(Object.fromEntries(kept)));
}

function restore(form) {
  const draft = sessionStorage.getItem(draftKey(form));
  if (!draft) return;
  for (const [name, value] of Object.entries(JSON.parse(draft))) {
    const input = form.elements.namedItem(name);
    if (!input) continue;
    if (input.type === "checkbox") input.checked = value; else input.value = value;
  }
  const panel = form.closest(".panel[hidden]");
  const isTyped = Object.values(JSON.parse(draft)).some((value) => typeof value === "string" && value);
  if (panel && isTyped) document.querySelector(`[aria-controls="${panel.id}"]`)?.click();
}

export const forget = (form) => sessionStorage.removeItem(draftKey(form));

/** Makes a form send by `send(values, form)`, which answers `{ error }` when it was refused. */
export function onSubmit(form, send) {
  restore(form);
  form.addEventListener("input", ({ target }) => {
    keep(form);
    if (target.getAttribute?.("aria-invalid")) wrong(target, "");
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector('[type="submit"]');
    if (button?.getAttribute("aria-busy") || button?.disabled) return;
    notice(form.closest(".card:not(.gate .card)") ?? form, "bad", "");
    if (!check(form)) return;
    busy(button, true);
    const { error, leaves } = (await send(values(form), form)) ?? {};
    if (!leaves || error) busy(button, false);
    if (error) refuse(form, error); else forget(form);
  });
  // A code that is complete needs no button.
  form.querySelectorAll("[data-digits]").forEach((input) => input.addEventListener("input", () => {
    const digits = input.value.replace(/\D/g, "");
    if (input.value !== digits) input.value = digits;
    if (digits.length === Number(input.dataset.digits)) form.requestSubmit();
  }));
}

/** Show and hide, and how strong a new password is. */
export function passwords(within = document) {
  within.querySelectorAll("[data-show]").forEach((button) => button.addEventListener("click", () => {
    const input = document.getElementById(button.getAttribute("aria-controls"));
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.textContent = say(shown ? "hide" : "show");
  }));
  within.querySelectorAll("[data-strength]").forEach((input) => {
    const [bar, text] = [input.closest(".field").querySelector(".strength"), input.closest(".field").querySelector("[data-strength-text]")];
    const least = Number(input.dataset.strength);
    input.addEventListener("input", () => {
      const level = input.value ? strength(input.value, least) : 0;
      bar.dataset.level = String(level);
      text.textContent = [...input.value].length < least ? say("minimum", { count: least }) : say(["", "weak", "fair", "good", "strong"][level]);
    });
  });
}

/** 1 to 4: how long it takes to guess, roughly. Length counts most; repeats and rows of keys count little. */
function strength(password, least) {
  if ([...password].length < least) return 1;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z\d]/].filter((kind) => kind.test(password)).length;
  const plain = password.toLowerCase().replace(/(.)\1+/g, "$1").replace(/0123|1234|2345|3456|4567|5678|6789|abcd|qwert|asdf|passwor[dt]|letmein/g, "x");
  const bits = new Set(plain).size ** 0.5 * plain.length * (0.9 + 0.18 * kinds);
  return bits < 32 ? 1 : bits < 52 ? 2 : bits < 78 ? 3 : 4;
}

/** Panels that buttons open, and that Cancel closes. */
export function panels(within = document) {
  within.querySelectorAll("[aria-expanded][aria-controls]").forEach((button) => {
    const panel = document.getElementById(button.getAttribute("aria-controls"));
    if (!panel) return;
    const open = (is) => {
      panel.hidden = !is;
      button.setAttribute("aria-expanded", String(is));
      if (is) panel.querySelector("input:not([hidden]):not([type=hidden]), select, textarea")?.focus(); else button.focus();
    };
    button.addEventListener("click", () => open(panel.hidden));
    panel.querySelectorAll("[data-cancel]").forEach((cancel) => cancel.addEventListener("click", () => {
      panel.querySelectorAll("form").forEach((form) => { form.reset(); forget(form); [...form.elements].forEach((input) => input.name && wrong(input, "")); });
      open(false);
    }));
    panel.addEventListener("keydown", (event) => event.key === "Escape" && open(false));
  });
}

/** Waits before something can be sent again, and says so on the button. */
export function pause(button, seconds = 30) {
  const label = button.textContent;
  button.disabled = true;
  const tick = () => {
    if (seconds <= 0) { button.disabled = false; button.textContent = label; return; }
    button.textContent = say("wait", { seconds: seconds-- });
    setTimeout(tick, 1000);
  };
  tick();
}

export { icon, meaning };
