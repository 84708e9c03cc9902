// One server for a test file, and browsers that talk to it with the unmodified client library.
import { createAuthClient } from "better-auth/client";
import { lastLoginMethodClient, magicLinkClient } from "better-auth/client/plugins";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { freshDatabase } from "../harness/database.mjs";
import { ROOT, startDoorward } from "../harness/doorward.mjs";
import { Jar, rawRequest } from "../harness/http.mjs";

export const SECRET = "client-suite-secret-0123456789-abcdefghijklmnop";
export const ALLOWED_DOMAIN = "example.com";

const baseConfig = (origin) => ({
  base_url: origin,
  secret: SECRET,
  email_and_password: { enabled: true },
  rate_limit: { enabled: false },
  plugins: [{ id: "magic-link" }, { id: "last-login-method" }],
});
export const companyEmail = { hooks: [{ file: path.join(ROOT, "hooks/company_email.rhai"), config: { domains: [ALLOWED_DOMAIN] } }] };

/**
 * Starts the binary before the tests of this file or block and stops it after them. With DOORWARD_URL the server there is
 * used instead, and `database` is absent. DOORWARD_TEST_DATABASE says which database it runs on.
 */
export function serve(extra = {}) {
  const server = {};
  beforeAll(async () => { Object.assign(server, process.env.DOORWARD_URL ? running(new URL(process.env.DOORWARD_URL)) : await start(extra)); });
  beforeEach(({ onTestFailed }) => { onTestFailed(() => console.error(`the server's last lines:\n${server.log?.().split("\n").slice(-20).join("\n")}`)); });
  afterAll(async () => { await server.stop?.(); await server.database?.drop(); });
  return server;
}

async function start(extra) {
  const database = await freshDatabase(process.env.DOORWARD_TEST_DATABASE ?? "sqlite");
  try {
    return { database, ...(await startDoorward({ database, config: (origin) => ({ ...baseConfig(origin), ...extra }) })) };
  } catch (error) { await database.drop(); throw error; }
}

function running(url) {
  const mailbox = async () => (await fetch(new URL("/dev/mailbox.json", url))).json();
  return { origin: url.origin, port: Number(url.port || 80), mailbox, log: () => "" };
}

/** A browser: the client library with more plugins of the client, its cookies, and plain requests with the same cookies. */
export function browser(server, { jar = new Jar(), plugins = [] } = {}) {
  const send = async (url, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("origin", server.origin);
    if (jar.size) headers.set("cookie", jar.header());
    const response = await fetch(url, { redirect: "manual", ...init, headers });
    jar.absorb(response.headers.getSetCookie().map((line) => ["set-cookie", line]));
    return response;
  };
  const client = createAuthClient({
    baseURL: server.origin,
    fetchOptions: { customFetchImpl: send },
    plugins: [lastLoginMethodClient(), magicLinkClient(), ...plugins],
  });
  return { jar, client, send };
}

/** Runs `read` as a script of the browser's page would run, with document.cookie. */
export function inPage({ jar }, read) {
  globalThis.document = { get cookie() { return jar.visible(); }, set cookie(line) { jar.delete(line.split("=")[0]); } };
  try { return read(); } finally { delete globalThis.document; }
}

export const PASSWORD = "correct horse battery";
let users = 0;
/** Signs a new user up in a browser of its own. */
export async function newUser(server, fields = {}) {
  const who = browser(server);
  const user = { name: "Ada Lovelace", email: `ada${++users}@${ALLOWED_DOMAIN}`, password: PASSWORD, ...fields };
  const { data, error } = await who.client.signUp.email(user);
  expect(error).toBeNull();
  return { ...who, ...user, data };
}

/** One raw request on the server, a string body sent as it is. */
export const raw = (server, method, url, { headers = {}, body } = {}) =>
  rawRequest({ port: server.port, method, path: url, headers: { host: new URL(server.origin).host, ...headers }, body });

/** How many rows each core table has; undefined for a server whose database is out of reach. */
export async function rowCounts({ database }) {
  if (!database) return undefined;
  const tables = ["user", "account", "session", "verification"];
  const counts = await Promise.all(tables.map((table) => database.all(`select count(*) n from ${table}`)));
  return Object.fromEntries(tables.map((table, i) => [table, counts[i][0].n]));
}

/** The newest mail of a kind for an address, once there are more than `after` of them: it leaves a moment after the answer. */
export async function mailTo(server, address, kind, after = 0) {
  const limit = Date.now() + 5_000;
  while (Date.now() < limit) {
    const found = (await server.mailbox()).filter((m) => m.to === address && m.kind === kind);
    if (found.length > after) return found[0];
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`no mail of kind ${kind} for ${address}`);
}
