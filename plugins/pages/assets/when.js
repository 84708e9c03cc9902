// Times as people say them, and devices by their name.
import { language, say } from "./say.js";

const STEPS = [["year", 31_557_600], ["month", 2_629_800], ["week", 604_800], ["day", 86_400], ["hour", 3_600], ["minute", 60]];
/** The page's language as the person's own country writes it. */
const locale = navigator.languages.find((tag) => tag.split("-")[0] === language) ?? language;
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short" });
const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });

function words(at) {
  const seconds = (at - Date.now()) / 1000;
  const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? [];
  return unit ? relative.format(Math.round(seconds / size), unit) : say(seconds > 1 ? "soon" : "just_now");
}

/** A `time` element: relative, with the exact time in its title. */
export function time(at) {
  const made = document.createElement("time");
  made.dateTime = at;
  fill(made);
  return made;
}

function fill(made) {
  const at = new Date(made.dateTime);
  if (Number.isNaN(at.getTime())) return;
  made.textContent = "date" in made.dataset ? day.format(at) : words(at);
  made.title = exact.format(at);
}

/** The times that the server wrote. */
export const times = (within = document) => within.querySelectorAll("time[data-time], time[data-date]").forEach(fill);

/** A sentence with a time in it. */
export function timed(key, at) {
  const [before, after] = say(key, { time: "\u0000" }).split("\u0000");
  return [before, time(at), after ?? ""];
}

const BROWSERS = [["Edge", /Edg(e|A|iOS)?\//], ["Opera", /OPR\//], ["Samsung Internet", /SamsungBrowser/], ["Firefox", /Firefox|FxiOS/], ["Chrome", /Chrome|CriOS/], ["Safari", /Safari/], ["curl", /^curl/], ["Node", /node|undici/i]];
const SYSTEMS = [["iPhone", /iPhone/, "phone"], ["iPad", /iPad/, "tablet"], ["Android", /Android(?!.*Mobile)/, "tablet"], ["Android", /Android/, "phone"], ["Windows", /Windows/, "desktop"], ["ChromeOS", /CrOS/, "laptop"], ["macOS", /Mac OS X|Macintosh/, "laptop"], ["Linux", /Linux/, "desktop"]];

/** What a browser calls itself, in words: `{ name, kind }`. */
export function device(agent) {
  const browser = BROWSERS.find(([, pattern]) => pattern.test(agent ?? ""))?.[0];
  const [system, , kind] = SYSTEMS.find(([, pattern]) => pattern.test(agent ?? "")) ?? [];
  const name = browser && system ? say("on", { browser, system }) : browser ?? system ?? say("unknown_device");
  return { name, kind: kind ?? (browser ? "bot" : "desktop") };
}
