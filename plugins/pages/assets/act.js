// Sections of plugins: their actions, their forms, what an answer shows once, and their own modules.
import { call, comeback, go, page, target } from "./api.js";
import { ask } from "./ask.js";
import { busy, element, notice, onSubmit, refuse } from "./form.js";
import { meaning, say } from "./say.js";
import { device } from "./when.js";

const modules = new Map();
const load = (address) => modules.get(address) ?? modules.set(address, import(address)).get(address);
const modulesOf = (node) => JSON.parse(node.closest("[data-modules]")?.dataset.modules || "[]");

/** What waits for a password that was right, before the page is left. */
const waiters = [];

/** Gives plugins a moment after a sign-in by password. */
export const passwordWasRight = () => Promise.race([Promise.allSettled(waiters.map((wait) => wait())), new Promise((resolve) => setTimeout(resolve, 1500))]);

/** What the modules of plugins are given. */
const tools = {
  call, go, ask, say, notice, element, page, comeback, target, device,
  refusal: (code) => ({ code, text: meaning(code) ?? say("unknown") }),
  refuse: (error) => refuse(document.querySelector(".card"), error),
  afterPassword: (wait) => waiters.push(wait),
};

/** Runs an action: `{ error }`, `{ data }`, or what the script of a plugin answers. */
async function run(action, more, node) {
  const { to } = action;
  if (to.kind === "script") {
    for (const address of modulesOf(node)) {
      const { actions } = await load(address);
      if (actions?.[to.name]) return actions[to.name]({ ...tools, node, values: { ...action.values, ...more } });
    }
    return {};
  }
  const body = { ...action.values, ...more };
  if (action.carries_callback) body.callbackURL = comeback();
  return call(to.href, body);
}

/** Goes on after an action; nothing is left to do when the page stays as it is. */
function after(action, { data, stays }, place) {
  const { kind = "reload", href, says } = action.then ?? {};
  if (stays) return;
  if (kind === "follow" && data?.url) return go(data.url);
  if (kind === "page") return go(href);
  if (place.closest(".gate")) return says && notice(place, "good", says);
  if (says) sessionStorage.setItem("said", JSON.stringify({ text: says, at: place.id }));
  location.reload();
}

/** Wires the buttons of sections. */
export function actions(within = document) {
  within.querySelectorAll("[data-act]").forEach((button) => {
    const action = JSON.parse(button.dataset.act);
    const place = button.closest(".card");
    button.addEventListener("click", async () => {
      if (button.getAttribute("aria-busy")) return;
      notice(place, "bad", "");
      if (action.confirm) {
        const { title, text, word } = action.confirm;
        let answer;
        const was = await ask({ title, text, yes: action.label, word, typed: document.documentElement.dataset.typed.replace("{word}", word ?? ""), danger: action.style === "danger" }, async () => (answer = await run(action, {}, button)));
        return was && after(action, answer ?? {}, place);
      }
      busy(button, true);
      const answer = (await run(action, {}, button)) ?? {};
      busy(button, false);
      if (answer.error) return refuse(place, answer.error);
      after(action, answer, place);
    });
  });
  within.querySelectorAll("[data-section-form]").forEach(sectionForm);
}

function sectionForm(form) {
  const action = JSON.parse(form.dataset.sectionForm);
  onSubmit(form, async (values) => {
    const answer = (await run(action, values, form)) ?? {};
    if (answer.error) return answer;
    const step = form.closest(".step");
    if (step) return goOn(step, action, answer);
    const place = form.closest(".card");
    if (form.closest(".ways")) return sent(form, action, values);
    form.reset();
    after(action, answer, form.closest(".above") ?? place);
    return {};
  });
}

function sent(form, action, values) {
  form.dispatchEvent(new CustomEvent("sent", { bubbles: true, detail: { email: values.email ?? "", says: action.then?.says, again: () => run(action, values, form) } }));
}

/** The next step of a chain: shows what the answer has, keeps codes for the end. */
async function goOn(step, action, { data }) {
  const chain = step.parentElement;
  const shown = (kind) => (action.then?.shows ?? []).filter((item) => (item.kind ?? "text") === kind);
  for (const { field } of shown("codes")) chain.codes = data?.[field];
  step.dataset.done = "";
  step.querySelectorAll("form, [data-shown]").forEach((part) => { part.hidden = true; });
  const next = step.nextElementSibling;
  if (!next) return location.reload();
  if ("codes" in next.dataset && !chain.codes) return location.reload();
  delete next.dataset.later;
  for (const part of next.querySelectorAll("[data-shown]")) await show(part, data?.[part.dataset.shown]);
  if ("codes" in next.dataset) codes(next, chain.codes);
  next.querySelector("input:not([hidden])")?.focus();
  // Of a step that is taller than the window, the beginning is seen.
  next.scrollIntoView({ block: next.offsetHeight > innerHeight - 80 ? "start" : "nearest" });
}

async function show(part, text = "") {
  if (part.dataset.kind !== "qr") { part.textContent = text; return; }
  const secret = /^otpauth:/.test(text) ? new URL(text).searchParams.get("secret") ?? "" : "";
  part.querySelector(".key").textContent = secret.replace(/(.{4})(?=.)/g, "$1 ") || text;
  part.querySelector("[data-app-link]").hidden = !secret;
  if (secret) part.querySelector("[data-app-link]").href = text;
  const copy = part.querySelector("[data-copy-key]");
  copy.onclick = () => copied(copy, secret || text);
  const { data } = await call("/pages/qr", { text });
  if (data) part.querySelector(".qr").replaceChildren(drawing(data)); else part.querySelector(".qr").hidden = true;
}

/** A QR code as SVG: the server says its size and the squares that are dark. */
function drawing({ size, path }) {
  const make = (tag, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
    return made;
  };
  const svg = make("svg", { viewBox: `0 0 ${size} ${size}`, "shape-rendering": "crispEdges" });
  svg.append(make("path", { d: path, fill: "#000000" }));
  return svg;
}

async function copied(button, text) {
  await navigator.clipboard.writeText(text);
  const label = button.lastChild.textContent;
  button.lastChild.textContent = say("copied");
  setTimeout(() => { button.lastChild.textContent = label; }, 2000);
}

/** Codes to keep: shown once, with what is needed to keep them. */
function codes(place, list) {
  const text = list.join("\n");
  place.querySelector("[data-code-list]").replaceChildren(...list.map((code) => element("li", { textContent: code })));
  const copy = place.querySelector("[data-copy-codes]");
  copy.onclick = () => copied(copy, text);
  place.querySelector("[data-print]").onclick = () => print();
  place.querySelector("[data-download-codes]").onclick = () => {
    const title = say("backup_file", { app: document.documentElement.dataset.app });
    const link = element("a", { href: URL.createObjectURL(new Blob([`${title}\n\n${text}\n`], { type: "text/plain" })), download: "backup-codes.txt" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const form = place.querySelector("form");
  const [saved, done] = [form.elements.namedItem("saved"), form.querySelector('[type="submit"]')];
  saved.addEventListener("change", () => { done.disabled = !saved.checked; });
  form.addEventListener("submit", (event) => { event.preventDefault(); location.reload(); });
  saved.focus();
}

/** Lets the modules of plugins begin: a passkey that the browser offers by itself, for example. */
export async function start() {
  const addresses = new Set([...document.querySelectorAll("[data-modules]")].flatMap((node) => JSON.parse(node.dataset.modules || "[]")));
  for (const address of addresses) (await load(address)).start?.(tools);
}
