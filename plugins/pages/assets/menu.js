// What every page of somebody who is signed in has: the menu, the bar while somebody acts as another, and what was just done.
import { call, go, page } from "./api.js";
import { notice } from "./form.js";

/** The page is shown anew and says what was done. */
export function reload(text, at) {
  sessionStorage.setItem("said", JSON.stringify({ text, at }));
  location.reload();
  return { leaves: true };
}

export function said() {
  const kept = sessionStorage.getItem("said");
  sessionStorage.removeItem("said");
  if (!kept) return;
  const { text, at } = JSON.parse(kept);
  notice(document.getElementById(at) ?? document.getElementById("top"), "good", text);
}

export function menu() {
  document.querySelectorAll("[data-sign-out]").forEach((button) => button.addEventListener("click", async () => {
    const { error } = await call("/sign-out", {});
    if (error) return notice(document.getElementById("top"), "bad", error.text, { code: error.code });
    sessionStorage.clear();
    go(page("/signed-out"));
  }));
  document.querySelector("[data-stop-acting]")?.addEventListener("click", async ({ currentTarget }) => {
    currentTarget.disabled = true;
    const { error } = await call("/admin/stop-impersonating", {});
    if (error) return notice(document.getElementById("top"), "bad", error.text, { code: error.code });
    location.reload();
  });
  const place = document.querySelector("[data-accounts]");
  if (place) document.getElementById("menu").addEventListener("toggle", (event) => event.newState === "open" && switcher(place));
}

/** The other accounts of this browser, when the menu is opened. */
async function switcher(place) {
  const { data } = await call("/multi-session/list-device-sessions");
  const others = (data ?? []).filter(({ session }) => session.id !== place.dataset.session);
  place.replaceChildren(...others.map(({ session, user }) => {
    const item = document.getElementById("account-item").content.cloneNode(true).firstElementChild;
    item.querySelector(".row-mark").textContent = initials(user.name || user.email);
    item.querySelector("strong").textContent = user.name;
    item.querySelector(".faint").textContent = user.email;
    item.addEventListener("click", async () => {
      const { error } = await call("/multi-session/set-active", { sessionToken: session.token });
      if (error) return notice(document.getElementById("top"), "bad", error.text, { code: error.code });
      go(page("/account"));
    });
    return item;
  }));
}

const initials = (name) => name.split(/\s+/).filter(Boolean).slice(0, 2).map(([letter]) => letter.toUpperCase()).join("");
