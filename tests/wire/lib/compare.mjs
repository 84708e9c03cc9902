// Compares a step with the golden one: every difference with its path, numbered placeholders matched by position.
const PLACEHOLDER = /<([a-zA-Z0-9:_\- ]+?)#(\d+)([^<>]*)>/g;
export const ABSENT = "<absent>";

// Headers that Doorward adds for security; each may be there although the reference does not send it.
const ADDED_HEADERS = ["x-content-type-options", "referrer-policy", "x-request-id", "strict-transport-security", "x-frame-options", "content-security-policy", "retry-after", "cache-control"];

/** Which placeholder of this run stands for which golden one: "<id#2>" here may be "<id#1>" there, always the same. */
export class Names {
  #toGolden = new Map();
  #toActual = new Map();
  translate(text) { return text.replace(PLACEHOLDER, (p) => this.#toGolden.get(p) ?? p); }
  matches(golden, actual) {
    if (golden.replace(PLACEHOLDER, "<$1#$3>") !== actual.replace(PLACEHOLDER, "<$1#$3>")) return false;
    const mine = actual.match(PLACEHOLDER) ?? [];
    const pairs = (golden.match(PLACEHOLDER) ?? []).map((g, i) => [g, mine[i]]);
    for (const [i, [g, a]] of pairs.entries()) {
      const earlier = pairs.slice(0, i).find(([h, b]) => h === g || b === a);
      if ((this.#toActual.get(g) ?? earlier?.[1] ?? a) !== a || (this.#toGolden.get(a) ?? earlier?.[0] ?? g) !== g) return false;
    }
    for (const [g, a] of pairs) { this.#toActual.set(g, a); this.#toGolden.set(a, g); }
    return true;
  }
}

// A database gives rows in any order.
const inOrder = (step) => {
  const place = (row) => JSON.stringify(row).replace(PLACEHOLDER, "<$1#$3>");
  return Array.isArray(step?.rows) ? { ...step, rows: [...step.rows].sort((a, b) => (place(a) < place(b) ? -1 : 1)) } : step;
};

function withoutAdded(step, golden) {
  if (!step?.response) return inOrder(step);
  const { statusText, ...response } = step.response;
  const expected = golden?.response?.headers ?? {};
  const headers = Object.entries(response.headers).filter(([k]) => k in expected || !ADDED_HEADERS.includes(k));
  // The order in which headers are sent means nothing, that of the cookies is kept in its list.
  return { ...step, response: { ...response, headers: Object.fromEntries(headers.sort(([a], [b]) => (a < b ? -1 : 1))) } };
}

/** Every difference between two steps: [{path, golden, actual}], in the order of the golden step. */
export function compareStep(golden, actual, names) {
  const out = [];
  walk(withoutAdded(golden, golden), withoutAdded(actual, golden), "", names, out);
  return out;
}

function walk(golden, actual, path, names, out) {
  if (typeof golden === "string" && typeof actual === "string") {
    if (!names.matches(golden, actual) && !isSecondLater(golden, actual, path)) out.push({ path, golden, actual: names.translate(actual) });
  } else if (isObject(golden) && isObject(actual) && Array.isArray(golden) === Array.isArray(actual)) {
    walkObject(golden, actual, path, names, out);
  } else if (golden !== actual) out.push({ path, golden, actual });
}

/** A wait that is told in whole seconds is one shorter when a second began between two requests. */
const isSecondLater = (golden, actual, path) => path.endsWith(".headers.x-retry-after") && Number(golden) - Number(actual) === 1;

const isObject = (v) => v !== null && typeof v === "object";

function walkObject(golden, actual, path, names, out) {
  const mine = new Map(Object.entries(actual).map(([k, v]) => [names.translate(k), v]));
  const at = (key) => (path ? `${path}.${key}` : key);
  for (const [key, value] of Object.entries(golden)) {
    if (mine.has(key)) walk(value, mine.get(key), at(key), names, out);
    else out.push({ path: at(key), golden: value, actual: ABSENT });
  }
  for (const [key, value] of mine) if (!(key in golden)) out.push({ path: at(key), golden: ABSENT, actual: value });
  const shared = [Object.keys(golden).filter((k) => mine.has(k)), [...mine.keys()].filter((k) => k in golden)].map(String);
  if (shared[0] !== shared[1]) out.push({ path: at("(key order)"), golden: shared[0], actual: shared[1] });
}

/** True if the entry's `changes` (path → value, "*" = any) cover every one of the differences. */
export function isCovered(differences, entry) {
  const changes = Object.entries(entry.changes ?? {});
  return differences.every(({ path, actual }) =>
    changes.some(([p, value]) => (path === p || path.startsWith(`${p}.`)) && (value === "*" || (path === p && JSON.stringify(value) === JSON.stringify(actual)))));
}

export function formatDifference({ path, golden, actual }) {
  const show = (v) => { const s = v === ABSENT ? v : JSON.stringify(v) ?? ABSENT; return s.length > 400 ? `${s.slice(0, 400)}… (${s.length})` : s; };
  return `    ${path}\n      expected ${show(golden)}\n      got      ${show(actual)}`;
}
