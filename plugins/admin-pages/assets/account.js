// The administration: what changes is changed through the public API, and the page is shown anew.
import { call, go, page } from "./api.js";
import { busy, element, notice, onSubmit, refuse } from "./form.js";
import { menu, reload, said } from "./menu.js";
import { language, say } from "./say.js";
import { device, timed, times } from "./when.js";
import { settings } from "./settings.js";
import { follow, tables } from "./tables.js";

const { operators } = document.documentElement.dataset;
const form = (name) => document.querySelector(`form[data-form="${name}"]`);

/** A form that posts to one endpoint: `body(values, form)` is what it sends. */
function posts(name, path, body, says, at) {
  const own = form(name);
  if (own) onSubmit(own, async (values) => {
    const { error } = await call(path, body(values, own.dataset.user));
    return error ? { error } : reload(say(says), at);
  });
}

function newUser() {
  const own = form("new-user");
  if (!own) return;
  const card = document.getElementById("new-user");
  card.querySelector("[data-close-new]").addEventListener("click", () => document.querySelector('[aria-controls="new-user"]').click());
  onSubmit(own, async (values) => {
    const { data, error } = await call("/admin/create-user", values);
    if (error) return { error };
    go(page(`/admin/users/${encodeURIComponent(data.user.id)}`));
    return { leaves: true };
  });
}

function user() {
  posts("user", "/admin/update-user", (data, userId) => ({ userId, data }), "user_saved", "facts");
  posts("role", "/admin/set-role", ({ role }, userId) => ({ userId, role: role.split(",").map((part) => part.trim()).filter(Boolean) }), "role_saved", "actions");
  posts("user-password", "/admin/set-user-password", ({ newPassword }, userId) => ({ userId, newPassword }), "user_password_saved", "actions");
  posts("ban", "/admin/ban-user", (values, userId) => ({ userId, ...values }), "user_banned", "actions");
}

const mark = (kind) => document.querySelector(`template[data-mark="${kind}"]`).content.cloneNode(true);

/** The sessions of one user; the API names them by ids. */
async function sessions() {
  const place = document.querySelector("[data-sessions-of]");
  if (!place) return;
  const list = place.querySelector("ul");
  const { data, error } = await call(`${operators}/sessions?${new URLSearchParams({ user: place.dataset.sessionsOf })}`);
  list.setAttribute("aria-busy", "false");
  if (error) {
    const retry = element("button", { type: "button", className: "button small", textContent: say("retry") });
    retry.addEventListener("click", () => { busy(retry, true); sessions(); });
    return list.replaceChildren(element("li", { className: "row" }, element("p", { className: "row-text soft", textContent: say("loading_failed") }), element("div", { className: "row-do" }, retry)));
  }
  draw(place, list, data.sessions);
}

function draw(place, list, all) {
  place.querySelector("[data-end-all]").hidden = !all.length;
  if (!all.length) return list.replaceChildren(element("li", { className: "empty", textContent: say("no_sessions") }));
  list.replaceChildren(...all.map((session) => {
    const { name, kind } = device(session.userAgent);
    const end = element("button", { type: "button", className: "button small danger", textContent: say("end_session") });
    end.setAttribute("aria-label", say("end_session_label", { name }));
    end.addEventListener("click", async () => {
      busy(end, true);
      const { error } = await call("/admin/revoke-user-session", { sessionId: session.id });
      if (error) { busy(end, false); return refuse(place, error); }
      notice(place, "good", say("session_ended"));
      draw(place, list, all.filter(({ id }) => id !== session.id));
    });
    const what = [name, ...(session.impersonatedBy ? [element("span", { className: "badge warn", textContent: say("impersonated") })] : [])];
    const details = [...(session.ipAddress ? [`${session.ipAddress} · `] : []), ...timed("started", session.createdAt), " · ", ...timed("seen", session.updatedAt)];
    return element("li", { className: "row roomy" }, element("span", { className: "row-mark" }, mark(kind)), element("div", { className: "row-text" }, element("p", { className: "row-what" }, ...what), element("p", { className: "row-detail" }, ...details)), element("div", { className: "row-do" }, end));
  }));
}

/** The sessions of everyone: the list is shown anew when one is ended. */
function endings() {
  document.querySelectorAll("[data-end]").forEach((button) => button.addEventListener("click", async () => {
    const card = button.closest(".card");
    busy(button, true);
    const { error } = await call("/admin/revoke-user-session", { sessionId: button.dataset.end });
    if (!error) return reload(say("session_ended"), card.id);
    busy(button, false);
    refuse(card, error);
  }));
}

/** Numbers as the person's language writes them. */
function numbers() {
  const format = new Intl.NumberFormat(language);
  document.querySelectorAll("[data-number]").forEach((place) => { place.textContent = format.format(Number(place.textContent)); });
}

/** A chart that is wider than the window shows its newest end. */
const charts = () => document.querySelectorAll(".chart").forEach((chart) => { chart.scrollLeft = chart.scrollWidth; });

/** Where the menu is a line of tabs, the present one is seen. */
function tabs() {
  const [nav, here] = [document.querySelector(".nav"), document.querySelector(".nav [aria-current]")];
  if (!here) return;
  const [outer, inner] = [nav.getBoundingClientRect(), here.getBoundingClientRect()];
  nav.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
}

/** Browsers by their names. */
const agents = (within = document) => within.querySelectorAll("[data-agent]").forEach((place) => { if (place.dataset.agent) place.textContent = device(place.dataset.agent).name; });

export function account() {
  said();
  menu();
  newUser();
  user();
  sessions();
  endings();
  tables();
  numbers();
  charts();
  tabs();
  agents();
  settings();
  follow((rows) => { times(rows); agents(rows); });
}
