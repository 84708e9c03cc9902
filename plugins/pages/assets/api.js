// The server's JSON API, as any front end calls it.
import { meaning, say } from "./say.js";

const { api, root, home, operators } = document.documentElement.dataset;
export const page = (path) => `${root}${path}`;

/**
 * Calls an endpoint, of operators too where the page has some: `{ data }`, or `{ error: { code, status, text } }` with words
 * for a person. Never throws.
 */
export async function call(path, body, method = body === undefined ? "GET" : "POST") {
  const isWhole = [api, operators].some((base) => base && path.startsWith(`${base}/`));
  const address = isWhole ? path : `${api}${path}`;
  const init = { method, credentials: "same-origin", headers: { accept: "application/json" } };
  if (method !== "GET") Object.assign(init, { body: JSON.stringify(body ?? {}), headers: { ...init.headers, "content-type": "application/json" } });
  let answer;
  try { answer = await fetch(address, init); } catch { return { error: { code: "OFFLINE", status: 0, text: say("offline") } }; }
  const data = await answer.json().catch(() => null);
  return answer.ok ? { data } : { error: refusal(answer, data) };
}

function refusal(answer, data) {
  const { status } = answer;
  const code = data?.code ?? (status === 401 ? "UNAUTHORIZED" : "");
  if (status === 429 && !meaning(code)) return { code: "429", status, text: say("busy", { seconds: answer.headers.get("x-retry-after") ?? answer.headers.get("retry-after") ?? "10" }) };
  return { code, status, text: meaning(code) ?? data?.message ?? say("unknown"), message: data?.message, errors: data?.errors };
}

/** Where the person wants to go: a place of this server, or an address that the API has to agree to. */
export const wanted = () => new URLSearchParams(location.search).get("callbackURL") || "";

/** A path of this origin; otherwise nothing. */
export function local(target) {
  if (!/^\/(?![/\\])/.test(target ?? "")) return "";
  try {
    const url = new URL(target, location.origin);
    return url.origin === location.origin ? url.pathname + url.search + url.hash : "";
  } catch { return ""; }
}

/** Where to go after a sign-in in this page. */
export const target = () => local(wanted()) || home;

/** Where a link or another service sends the browser after a sign-in: a page that looks how it went, then goes on. */
export function comeback() {
  const place = wanted();
  if (place && !local(place)) return place;
  return `${page("/continue")}?${new URLSearchParams({ to: target() })}`;
}

/** Goes somewhere; never to an address that runs. */
export function go(address) {
  const url = new URL(address, location.href);
  if (url.protocol === "https:" || url.protocol === "http:") location.assign(url);
}
