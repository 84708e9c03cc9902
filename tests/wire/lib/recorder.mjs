// Plays a flow against a server and writes down every step in the form of a golden transcript.
import { rawRequest, Jar } from "../../harness/http.mjs";
import { idp, idp2 } from "./idp.mjs";
import { Normalizer, decodeJwt, tryJSON } from "./normalize.mjs";

const HIDDEN_HEADERS = new Set(["date", "connection", "keep-alive", "transfer-encoding", "content-length"]);
const flows = [];

/** Declares a flow. variant: the name of a plugin set, or {name, set, plugins, options, rateLimit, dropDefaults}. */
export const flow = (area, name, description, variant, play) => flows.push({ area, name, id: `${area}/${name}`, description, variant, play });
export const getFlows = () => flows;
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export { Jar };

/** What a flow is given: requests, the database, the mails so far, and the steps it has made. */
class Tester {
  constructor(server, golden) {
    this.srv = server;
    this.golden = golden;
    this.steps = [];
    this.jar = new Jar();
    this.n = new Normalizer({ origins: [[server.origin, "<base>"], [`localhost:${server.port}`, "<host>"], [`LOCALHOST:${server.port}`, "<HOST>"], [idp.issuer, "<idp>"], [idp2.issuer, "<idp2>"]] });
  }
  known(value, placeholder) { this.n.known(value, placeholder); }
  mail(type) { return this.srv.outbox.findLast((m) => !type || m.type === type); }
  sql(query, ...values) { return this.srv.run(query, ...values); }
  rows(query, ...values) { return this.srv.all(query, ...values); }
  async row(query, ...values) { return (await this.rows(query, ...values))[0]; }
  note(note, extra = {}) { this.steps.push({ note, ...this.n.any(extra, undefined, Date.now()) }); }

  // o: json (object), raw (string), headers, jar (Jar | null), origin (string | null), host, abs (path is not below the
  // base path), record (default true), idp (its requests belong to the step), comment
  async req(note, method, path, o = {}) {
    const { srv, n } = this;
    const jar = o.jar === undefined ? this.jar : o.jar;
    const { headers, body } = this.requestParts(method, jar, o);
    const full = o.abs ? path : srv.basePath + path;
    await srv.collectMail(0);
    const mailBefore = srv.outbox.length;
    const idpBefore = o.idp ? o.idp.log.length : 0;
    const now = Date.now();
    const res = await rawRequest({ port: srv.port, method, path: full, headers, body });
    const r = { status: res.status, headers: res.headers, text: res.text, body: tryJSON(res.text), get: (h) => res.headers.find(([k]) => k === h)?.[1], setCookies: res.headers.filter(([k]) => k === "set-cookie").map(([, v]) => v) };
    jar?.absorb(res.headers);
    if (o.record === false) {
      if (method !== "GET") await srv.collectMail();
      return r;
    }
    await srv.collectMail(mailBefore + (this.golden?.[this.steps.length]?.outbox?.length ?? 0));
    const mails = srv.outbox.slice(mailBefore);
    for (const m of mails) {
      if (m.token && !/\./.test(m.token)) n.ph(`token:${m.token.length}`, m.token);
      if (m.otp) n.known(m.otp, n.ph(`otp:${m.otp.length}`, m.otp));
    }
    // Ids are numbered in the order in which the users were made.
    if (srv.hasDatabase) for (const { id } of await this.rows("select id from user order by rowid")) n.ph("id", id);

    const step = { note, request: { method, path: n.str(full.startsWith(srv.basePath) ? "<basePath>" + full.slice(srv.basePath.length) : full, "path", now), headers: this.requestHeaders(headers, o, now) } };
    if (o.json !== undefined) step.request.body = n.any(o.json, undefined, now);
    else if (o.raw !== undefined) step.request.rawBody = n.str(o.raw, undefined, now);
    step.response = this.response(res, r.body, now);
    const decoded = this.decoded(r, mails, now);
    if (Object.keys(decoded).length) step.decoded = decoded;
    if (mails.length) step.outbox = mails.map((m) => n.any(m, undefined, now));
    const outbound = o.idp ? o.idp.log.slice(idpBefore) : [];
    if (outbound.length) step.outboundHttp = outbound.map((e) => ({ ...e, path: n.str(e.path, "path", now), headers: n.any(e.headers, undefined, now), ...(e.body ? { body: n.str(e.body, "body", now) } : {}) }));
    if (o.comment) step.comment = o.comment;
    this.steps.push(step);
    return r;
  }

  requestParts(method, jar, o) {
    const isWrite = !["GET", "HEAD", "OPTIONS"].includes(method);
    const origin = o.origin === undefined ? (isWrite ? this.srv.origin : null) : o.origin;
    const headers = { host: o.host || `localhost:${this.srv.port}` };
    if (origin !== null) headers.origin = origin;
    const body = o.json !== undefined ? JSON.stringify(o.json) : o.raw;
    if (body !== undefined) headers["content-type"] = "application/json";
    if (jar?.size) headers.cookie = jar.header();
    for (const [k, v] of Object.entries(o.headers ?? {})) if (v === null) delete headers[k]; else headers[k] = v;
    return { headers, body };
  }

  requestHeaders(headers, o, now) {
    const shown = Object.entries(headers).filter(([k]) => k !== "host" || o.host);
    return Object.fromEntries(shown.map(([k, v]) => [k, k === "cookie" ? this.n.cookieHeader(v, now) : this.n.str(String(v), k, now)]));
  }

  response(res, body, now) {
    const headers = {};
    for (const [k, v] of res.headers) {
      if (HIDDEN_HEADERS.has(k)) continue;
      if (k === "set-cookie") (headers[k] ??= []).push(this.n.setCookie(v, now));
      else headers[k] = this.n.str(v, k, now);
    }
    const out = { status: res.status, statusText: res.statusText, headers };
    if (body !== undefined) out.body = this.n.any(body, undefined, now);
    else if (res.text.length > 2000) out.rawBody = `<${res.text.length > 100000 ? "large" : "html/text"} omitted>`;
    else out.rawBody = this.n.str(res.text, undefined, now);
    return out;
  }

  // The JWTs and cache cookies of the step, decoded.
  decoded(r, mails, now) {
    const out = {};
    const addJwt = (key, token) => {
      const d = token?.split(".").length === 3 ? decodeJwt(token) : {};
      if (d.header) out[key] = this.n.any(d, undefined, now);
    };
    addJwt("set-auth-jwt", r.get("set-auth-jwt"));
    if (typeof r.body?.token === "string") addJwt("body.token", r.body.token);
    for (const cookie of r.setCookies) {
      const name = cookie.slice(0, cookie.indexOf("="));
      const value = decodeURIComponent(cookie.slice(name.length + 1).split(";")[0]);
      if (!/session_data$/.test(name) || !value) continue;
      if (value.split(".").length === 3) { addJwt(name, value); continue; }
      const payload = tryJSON(Buffer.from(value, "base64url").toString("utf8"));
      if (payload) out[name] = this.n.any(payload, undefined, now);
    }
    for (const m of mails) if (m.token) addJwt(`mail:${m.type}`, m.token);
    return out;
  }

  post(note, path, json, o = {}) { return this.req(note, "POST", path, { json, ...o }); }
  get(note, path, o = {}) { return this.req(note, "GET", path, o); }
  // Unrecorded.
  signUp(email = "ada@example.com", o = {}) {
    return this.req("", "POST", "/sign-up/email", { json: { name: o.name || "Ada Lovelace", email, password: o.password || "correct horse 1", ...o.extra }, record: false, jar: o.jar, headers: o.headers });
  }
  signIn(email = "ada@example.com", o = {}) {
    return this.req("", "POST", "/sign-in/email", { json: { email, password: o.password || "correct horse 1", ...o.extra }, record: false, jar: o.jar, headers: o.headers });
  }
}

/** Plays one flow on a server that `start(variant)` makes; an error that ends it early is kept beside its steps. */
export async function playFlow(flow, start, golden) {
  const server = await start(flow.variant);
  const tester = new Tester(server, golden);
  let error;
  try { await flow.play(tester, server); } catch (e) { error = e; } finally { await server.close(); }
  return { steps: JSON.parse(JSON.stringify(tester.steps)), error };
}
