// The pages of an account: profile, security, the menu.
import { call, go, page } from "./api.js";
import { ask } from "./ask.js";
import { busy, element, notice, onSubmit, pause, refuse, wrong } from "./form.js";
import { menu, reload, said } from "./menu.js";
import { meaning, say } from "./say.js";
import { device, timed } from "./when.js";

/** Pixels of a side, and letters of base64, of a picture that is sent. */
const [PICTURE, MOST_PICTURE] = [384, 60_000];

const form = (name) => document.querySelector(`form[data-form="${name}"]`);
const mark = (name) => (document.querySelector(`template[data-mark="${CSS.escape(name)}"]`) ?? document.querySelector('template[data-mark=""]')).content.cloneNode(true);

/** One row of a list. */
function row(symbol, what, details, ...buttons) {
  const made = document.getElementById("row").content.cloneNode(true).firstElementChild;
  made.querySelector(".row-mark").append(mark(symbol));
  made.querySelector(".row-what").append(...what);
  made.querySelector(".row-detail").append(...details);
  if (buttons.length) made.querySelector(".row-do").append(...buttons); else made.querySelector(".row-do").remove();
  return made;
}

const badge = (text) => element("span", { className: "badge accent", textContent: text });
const small = (text, label, danger) => {
  const button = element("button", { type: "button", className: `button small${danger ? " danger" : ""}`, textContent: text });
  if (label) button.setAttribute("aria-label", label);
  return button;
};

/** Fills a list from the API; when that fails it says so and offers to try again. */
async function fill(name, path, draw) {
  const place = document.querySelector(`[data-list="${name}"]`);
  if (!place) return;
  const list = place.querySelector("ul");
  const { data, error } = await call(path);
  list.setAttribute("aria-busy", "false");
  if (!error) return draw(data, list, place);
  const retry = small(say("retry"));
  retry.addEventListener("click", () => { busy(retry, true); fill(name, path, draw); });
  list.replaceChildren(element("li", { className: "row" }, element("p", { className: "row-text soft", textContent: say("loading_failed") }), element("div", { className: "row-do" }, retry)));
  if (["UNAUTHORIZED", "SESSION_NOT_FRESH"].includes(error.code)) refuse(place, error);
}

function sessions(all, list, place) {
  const own = place.dataset.session;
  const sorted = all.sort((a, b) => (b.id === own) - (a.id === own) || new Date(b.updatedAt) - new Date(a.updatedAt));
  const others = place.querySelector("[data-end-others]");
  others.hidden = sorted.length < 2;
  list.replaceChildren(...sorted.map((session) => {
    const { name, kind } = device(session.userAgent);
    const details = [...(session.ipAddress ? [`${session.ipAddress} · `] : []), ...timed("started", session.createdAt), ...(session.id === own ? [] : [" · ", ...timed("seen", session.updatedAt)])];
    if (session.id === own) return row(kind, [name, badge(say("this_device"))], details);
    const end = small(say("end_session"), say("end_session_label", { name }), true);
    end.addEventListener("click", async () => {
      busy(end, true);
      const { error } = await call("/revoke-session", { token: session.token });
      if (error) { busy(end, false); return refuse(place, error); }
      notice(place, "good", say("session_ended"));
      sessions(all.filter(({ id }) => id !== session.id), list, place);
    });
    return row(kind, [name], details, end);
  }));
  others.onclick = () => ask({ title: others.dataset.title, text: others.dataset.text, yes: others.textContent }, async () => {
    const { error } = await call("/revoke-other-sessions", {});
    if (error) return { error };
    notice(place, "good", say("others_ended"));
    sessions(all.filter(({ id }) => id === own), list, place);
    return {};
  });
}

function accounts(all, list, place) {
  const linked = all.filter(({ providerId }) => providerId !== "credential");
  const nameOf = (id) => document.querySelector(`template[data-mark="${CSS.escape(id)}"]`)?.dataset.providerName ?? id;
  list.replaceChildren(...linked.map((account) => {
    const name = nameOf(account.providerId);
    const unlink = small(say("unlink"), say("unlink_label", { name }), true);
    unlink.addEventListener("click", () => ask({ title: place.dataset.title.replace("{name}", name), text: place.dataset.text, yes: place.dataset.yes }, async () => {
      const { error } = await call("/unlink-account", { providerId: account.providerId, accountId: account.accountId });
      if (error) return { error };
      notice(place, "good", say("unlinked", { name }));
      accounts(all.filter(({ id }) => id !== account.id), list, place);
      return {};
    }));
    return row(account.providerId, [name], timed("linked", account.createdAt), unlink);
  }));
  if (!linked.length) list.replaceChildren(element("li", { className: "empty", textContent: say("none_linked") }));
  place.querySelectorAll("[data-link]").forEach((button) => { button.hidden = linked.some(({ providerId }) => providerId === button.dataset.link); });
  const foot = place.querySelector(".card-foot");
  if (foot) foot.hidden = !foot.querySelector("[data-link]:not([hidden])");
}

function connect() {
  document.querySelectorAll("[data-link]").forEach((button) => button.addEventListener("click", async () => {
    busy(button, true);
    const here = page("/account");
    const { data, error } = await call("/link-social", { provider: button.dataset.link, callbackURL: here, errorCallbackURL: page("/error") });
    if (data?.url) return go(data.url);
    busy(button, false);
    if (error) refuse(button.closest(".card"), error);
  }));
}

/** A file as a small square JPEG in base64, upright; nothing when it is no picture that this browser knows. */
async function shrunk(file) {
  let picture;
  try { picture = await createImageBitmap(file); } catch { return undefined; }
  const side = Math.min(picture.width, picture.height);
  const canvas = element("canvas", { width: PICTURE, height: PICTURE });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, PICTURE, PICTURE);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, (picture.width - side) / 2, (picture.height - side) / 2, side, side, 0, 0, PICTURE, PICTURE);
  picture.close();
  const [small] = [0.92, 0.8, 0.6, 0.4].map((quality) => canvas.toDataURL("image/jpeg", quality).split(",")[1]).filter((text) => text.length < MOST_PICTURE);
  return small;
}

function picture() {
  const [button, input, remove] = ["[data-picture]", "#picture", "[data-remove-picture]"].map((selector) => document.querySelector(selector));
  if (!button) return;
  const card = button.closest(".card");
  button.addEventListener("click", () => !button.getAttribute("aria-busy") && input.click());
  input.addEventListener("change", async () => {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    busy(button, true);
    const image = await shrunk(file);
    const { error } = image ? await call("/avatar", { image }) : { error: { code: "AVATAR_NOT_A_PICTURE", text: meaning("AVATAR_NOT_A_PICTURE") } };
    if (!error) return reload(say("picture_saved"), "profile-card");
    busy(button, false);
    refuse(card, error);
  });
  remove?.addEventListener("click", async () => {
    busy(remove, true);
    const { error } = await call("/avatar", undefined, "DELETE");
    if (!error) return reload(say("picture_removed"), "profile-card");
    busy(remove, false);
    refuse(card, error);
  });
}

function profile() {
  const name = form("name");
  if (name) onSubmit(name, async (values) => {
    const { error } = await call("/update-user", values);
    return error ? { error } : reload(say("name_saved"), "profile-card");
  });
  const username = form("username");
  if (username) onSubmit(username, async (values) => {
    const { error } = await call("/update-user", values);
    return error ? { error } : reload(say("username_saved"), "profile-card");
  });
  const email = form("email");
  if (email) onSubmit(email, async ({ newEmail, password }) => {
    const { error } = await call("/change-email", { newEmail, ...(password && { password }), callbackURL: `${page("/new-address")}?${new URLSearchParams({ to: newEmail })}` });
    return error ? { error } : reload(say("email_sent", { email: email.dataset.present }), "profile-card");
  });
  const remove = document.querySelector("[data-delete-account]");
  remove?.addEventListener("click", async () => {
    const { title, text, yes } = remove.dataset;
    let mailed = false;
    const was = await ask({ title, text, yes, word: "DELETE", typed: document.documentElement.dataset.typed.replace("{word}", "DELETE"), password: "password" in remove.dataset }, async (values) => {
      const { data, error } = await call("/delete-user", { ...values, callbackURL: page("/goodbye") });
      if (!error) mailed = data.message !== "User deleted";
      return { error };
    });
    if (!was) return;
    if (mailed) notice(remove.closest(".card"), "good", say("delete_sent", { email: remove.dataset.email })); else go(page("/goodbye"));
  });
}

function password() {
  const own = form("password");
  if (!own) return;
  const { newPassword, repeat } = own.elements;
  const button = own.querySelector('[type="submit"]');
  const agree = () => {
    const both = newPassword.value === repeat.value;
    wrong(repeat, repeat.value && !both && repeat.value.length >= newPassword.value.length ? say("differ") : "");
    button.disabled = !own.elements.currentPassword.value || !both || [...newPassword.value].length < Number(newPassword.dataset.strength);
  };
  own.addEventListener("input", agree);
  onSubmit(own, async ({ currentPassword, newPassword, revokeOtherSessions }) => {
    const { error } = await call("/change-password", { currentPassword, newPassword, revokeOtherSessions });
    return error ? { error } : reload(say(revokeOtherSessions ? "password_saved_others" : "password_saved"), "password");
  });
}

/** Buttons that send a mail again. */
function mails() {
  document.querySelectorAll("[data-resend]").forEach((button) => button.addEventListener("click", async () => {
    const { resend, email, target } = button.dataset;
    busy(button, true);
    const { error } = await call(resend, resend === "/request-password-reset" ? { email, redirectTo: target } : { email, callbackURL: target });
    busy(button, false);
    if (error) return refuse(button.closest(".card"), error);
    notice(button.closest(".card"), "good", say("sent"));
    pause(button);
  }));
}

export function account() {
  said();
  menu();
  profile();
  picture();
  password();
  mails();
  connect();
  fill("sessions", "/list-sessions", sessions);
  fill("accounts", "/list-accounts", accounts);
}
