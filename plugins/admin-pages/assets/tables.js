// Tables: which columns are shown, and what is taken away as a file.
import { call } from "./api.js";
import { busy, element, refuse } from "./form.js";

const YEAR = 31_536_000;
const COOKIE = "doorward_columns";
/** Rows that one call asks for, and the most that a file holds. */
const [AT_ONCE, MOST] = [500, 100_000];

/** The choice of columns: a cookie tells the server. Each table has a part of it. */
function columns() {
  const form = document.querySelector("[data-columns]");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    const table = form.dataset.columns;
    const kept = document.cookie.split("; ").find((pair) => pair.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1) ?? "";
    const others = kept.split("~").filter((part) => part && part.split(".")[0] !== table);
    const chosen = [...form.elements].filter((input) => input.checked).map((input) => input.name);
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `${COOKIE}=${[...others, [table, ...chosen].join(".")].join("~")}; path=/; samesite=lax${secure}; max-age=${YEAR}`;
    location.reload();
  });
}

/** One cell. What a spreadsheet would take for a formula is a text. */
export function cell(value) {
  const plain = value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  const text = /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A file of all that the search finds, a page at a time. */
function exports() {
  const button = document.querySelector("[data-export]");
  button?.addEventListener("click", async () => {
    busy(button, true);
    const users = [];
    for (let total = 1; users.length < total && users.length < MOST;) {
      const { data, error } = await call(`/admin/list-users?${new URLSearchParams({ ...JSON.parse(button.dataset.export), limit: AT_ONCE, offset: users.length })}`);
      if (error) { busy(button, false); return refuse(document.querySelector(".table-card"), error); }
      if (!data.users.length) break;
      users.push(...data.users);
      total = data.total;
    }
    busy(button, false);
    const names = [...new Set(["id", "name", "email", ...users.flatMap(Object.keys)])];
    save("users.csv", [names, ...users.map((user) => names.map((name) => user[name]))].map((line) => line.map(cell).join(",")).join("\r\n"));
  });
}

/** Gives the person a file; the mark at its beginning tells spreadsheets how it is written. */
export function save(name, text) {
  const link = element("a", { href: URL.createObjectURL(new Blob(["\ufeff", text, "\r\n"], { type: "text/csv" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const EVERY_MS = 5000;

/** Shows what is new every few seconds, while the page is looked at. `drawn` finishes the new rows. */
export function follow(drawn) {
  const place = document.querySelector("[data-follow] [data-rows]");
  if (!place) return;
  setInterval(async () => {
    if (document.hidden) return;
    const answer = await fetch(location.href, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-rows]");
    if (!fresh) return;
    drawn(fresh);
    place.replaceChildren(...fresh.childNodes);
  }, EVERY_MS);
}

export function tables() {
  columns();
  exports();
}
