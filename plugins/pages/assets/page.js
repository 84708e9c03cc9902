// What every page does, then what this one does.
import { actions, start } from "./act.js";
import { account } from "./account.js";
import { gate } from "./gate.js";
import { panels, passwords } from "./form.js";
import { times } from "./when.js";

const YEAR = 31_536_000;
const SECURE = location.protocol === "https:" ? "; secure" : "";

/** The choice of light and dark: a cookie tells the server, so that the next page has it from the start. */
function themes() {
  const buttons = [...document.querySelectorAll("[data-theme]")];
  buttons.forEach((button) => button.addEventListener("click", () => {
    const { theme } = button.dataset;
    document.documentElement.className = theme;
    document.cookie = `doorward_theme=${theme}; path=/; samesite=lax${SECURE}; max-age=${theme ? YEAR : 0}`;
    buttons.forEach((other) => other.setAttribute("aria-pressed", String(other.dataset.theme === theme)));
  }));
}

/** A language is kept as a cookie too; without a script the link alone changes the page. */
function languages() {
  document.querySelectorAll(".langs a").forEach((link) => link.addEventListener("click", (event) => {
    event.preventDefault();
    document.cookie = `doorward_language=${link.lang}; path=/; samesite=lax${SECURE}; max-age=${YEAR}`;
    location.reload();
  }));
}

/** A link that opens a panel further down. */
function opens() {
  document.querySelectorAll("[data-opens]").forEach((link) => link.addEventListener("click", () => {
    const button = document.querySelector(`#${CSS.escape(link.dataset.opens)} [aria-expanded="false"]`);
    button?.click();
  }));
}

themes();
languages();
passwords();
panels();
opens();
times();
actions();
if (document.body.classList.contains("gate")) gate(); else account();
start();
// Everything is wired: tests wait for it.
document.documentElement.dataset.ready = "";
