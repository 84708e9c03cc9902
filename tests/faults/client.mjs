// Sends requests to the nodes, and writes down for each what was asked, what was answered, and when.
import http from "node:http";
import { sleep } from "./processes.mjs";

const LIMIT_MS = 6_000;

export class Client {
  /** `nodes()` names those to choose from; `random` is the run's. */
  constructor(nodes, random) {
    Object.assign(this, { nodes, random, history: [], counts: new Map(), faults: [], began: process.hrtime.bigint(), agent: new http.Agent({ keepAlive: true, maxSockets: 64 }) });
  }

  now() { return Number(process.hrtime.bigint() - this.began) / 1e6; }

  choose() {
    const nodes = this.nodes();
    const ready = nodes.filter((node) => node.isReady && !node.isPaused);
    // Now and then one that is not ready, as a balancer that has not noticed does.
    const list = ready.length && this.random() < 0.95 ? ready : nodes;
    return list[Math.floor(this.random() * list.length)];
  }

  /** Asks, and notes what it does by `effects({outcome, status, body, cookies})`. With `passwords`, tries each until one is right. */
  async ask(name, request, effects, passwords = [undefined]) {
    const start = this.now();
    let answer;
    for (const password of passwords) {
      answer = await this.send(password === undefined ? request : { ...request, body: { ...request.body, password } });
      if (answer.status !== 401) break;
    }
    const end = this.now();
    this.count(name, answer);
    // Nobody listened: nothing was asked.
    if (answer.isUnreached) { await sleep(60); return answer; }
    const { user, session } = request;
    this.history.push({ name, user, start, end, outcome: answer.outcome, status: answer.status, code: answer.body?.code, node: answer.node, ...(await effects(answer)) });
    if (answer.status === 401 && session?.token && request.path !== "/sign-out") this.history.push({ name: `${name} (refused)`, user: request.path.startsWith("/admin/") ? "admin" : user, start, end, outcome: "ok", saw: { token: session.token, alive: false } });
    if (answer.outcome === "unknown") await sleep(40);
    return answer;
  }

  count(name, { outcome, status, isUnreached, body, node }) {
    const kind = isUnreached ? "unreached" : outcome !== "unknown" ? outcome : status ? "unavailable" : "unanswered";
    const row = this.counts.get(name) ?? { ok: 0, refused: 0, unavailable: 0, unanswered: 0, unreached: 0, codes: {} };
    row[kind] += 1;
    const code = `${status} ${body?.code ?? ""}`.trim();
    row.codes[code] = (row.codes[code] ?? 0) + 1;
    this.counts.set(name, row);
    if (status >= 500 && status !== 503 || status === 409 && !isContest(body) || status === 503 && !body?.hasRetryAfter) this.faults.push({ name, status, at: new Date().toISOString(), body, node });
  }

  send({ method, path, body, session }) {
    const node = this.choose();
    const text = body && JSON.stringify(body);
    const headers = { origin: "http://localhost:3000", ...(text ? { "content-type": "application/json", "content-length": Buffer.byteLength(text) } : {}) };
    if (session) headers.cookie = Object.entries(session.cookies).map(([cookie, value]) => `${cookie}=${value}`).join("; ");
    return new Promise((resolve) => {
      let timer;
      const finish = (answer) => { clearTimeout(timer); resolve({ cookies: {}, status: 0, outcome: "unknown", node: node.name, ...answer }); };
      const request = http.request({ host: "127.0.0.1", port: node.port, method, path: `/api/auth${path}`, headers, agent: this.agent }, (answer) => {
        let received = "";
        answer.on("data", (chunk) => { received += chunk; });
        answer.on("error", () => finish({}));
        answer.on("aborted", () => finish({}));
        answer.on("end", () => finish(read(answer, received)));
      });
      request.on("error", (error) => finish({ isUnreached: error.code === "ECONNREFUSED" }));
      timer = setTimeout(() => { request.destroy(); finish({}); }, LIMIT_MS);
      request.end(text);
    });
  }
}

/** Of those who use one backup code at once, all but one are told so, in the reference's words. */
const isContest = (body) => body?.message === "Failed to verify backup code. Please try again.";

function read(answer, text) {
  const status = answer.statusCode;
  let body = null;
  try { body = text ? JSON.parse(text) : null; } catch { /* A page. */ }
  if (status === 503) body = { ...body, hasRetryAfter: Boolean(answer.headers["retry-after"]) };
  const cookies = {};
  for (const line of answer.headers["set-cookie"] ?? []) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
    if (value) cookies[name] = value;
  }
  const isError = status >= 300 && (status >= 400 || /[?&]error=/.test(answer.headers.location ?? ""));
  const isUnknown = status >= 500 || status === 429 || (status === 409 && !isContest(body));
  return { status, body, cookies, outcome: isUnknown ? "unknown" : isError ? "refused" : "ok" };
}
