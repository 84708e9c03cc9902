// The description of the API: the document, its page, and the reference's document beside it.
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { passkey } from "@better-auth/passkey";
import { betterAuth } from "better-auth";
import { admin, jwt, magicLink, multiSession, openAPI, twoFactor, username } from "better-auth/plugins";
import { describe, expect, test } from "vitest";
import { SECRET, serve } from "../client/harness.mjs";
import { BINARY, ROOT } from "../harness/doorward.mjs";

const PLUGINS = ["open-api", "admin", "bearer", "jwt", "magic-link", "multi-session", "passkey", "social", "two-factor", "username"];

async function ofReference() {
  const auth = betterAuth({
    baseURL: "http://localhost:3000", secret: SECRET, emailAndPassword: { enabled: true }, telemetry: { enabled: false }, logger: { disabled: true },
    user: { additionalFields: { company: { type: "string", required: true } } },
    plugins: [openAPI(), admin(), jwt(), magicLink({ sendMagicLink() {} }), multiSession(), passkey(), twoFactor(), username()],
  });
  return auth.api.generateOpenAPISchema();
}

const operations = (document) => Object.entries(document.paths).flatMap(([url, methods]) => Object.entries(methods).map(([method, said]) => ({ name: `${method.toUpperCase()} ${url}`, said })));
const bodyOf = (said) => said.requestBody?.content?.["application/json"]?.schema;

const TRANSCRIPTS = path.join(ROOT, "tests/wire/transcripts");
/** Every refusal with a code that the transcripts of the wire have. */
const refusedOnTheWire = () => fs.readdirSync(TRANSCRIPTS, { recursive: true }).filter((name) => name.endsWith(".json"))
  .flatMap((name) => JSON.parse(fs.readFileSync(path.join(TRANSCRIPTS, name), "utf8")))
  .filter(({ response }) => response?.status >= 400 && response.status < 500 && response.body?.code)
  .map(({ request, response: { status, body } }) => ({ call: `${request.method} ${request.path.replace("<basePath>", "").split("?")[0]}`, status, code: body.code }));

describe.skipIf(process.env.DOORWARD_URL)("the description of the API", () => {
  const server = serve({
    plugins: PLUGINS.map((id) => ({ id })),
    user: { additional_fields: { company: { type: "string", required: true } }, change_email: { enabled: true }, delete_user: { enabled: true } },
  });
  const document = async () => (await fetch(`${server.origin}/api/auth/open-api/generate-schema`)).json();

  test("the document stands where the reference's stands, in its frame", async () => {
    const [ours, theirs] = [await document(), await ofReference()];
    expect(ours.openapi).toBe(theirs.openapi);
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
    expect(Object.keys(ours.components.securitySchemes)).toEqual(Object.keys(theirs.components.securitySchemes));
    expect(ours.servers).toEqual([{ url: `${server.origin}/api/auth` }]);
    expect(ours.components.securitySchemes.apiKeyCookie.name).toBe("better-auth.session_token");
    // Every reference in the document leads somewhere.
    for (const [, pointer] of JSON.stringify(ours).matchAll(/"\$ref":"#([^"]+)"/g)) {
      expect(pointer.slice(1).split("/").reduce((at, part) => at?.[part], ours), pointer).toBeTruthy();
    }
    const ids = operations(ours).map(({ said }) => said.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("it has every operation of the reference's, and asks for what that asks for", async () => {
    const ours = new Map(operations(await document()).map(({ name, said }) => [name, said]));
    const missing = [];
    for (const { name, said } of operations(await ofReference())) {
      if (!ours.has(name)) { missing.push(name); continue; }
      const [own, their] = [bodyOf(ours.get(name)), bodyOf(said)];
      for (const field of Object.keys(their?.properties ?? {})) if (!(field in (own?.properties ?? {}))) missing.push(`${name}: ${field}`);
      for (const field of own?.required ?? []) if (!(their?.required ?? []).includes(field)) missing.push(`${name}: ${field} is required here alone`);
    }
    expect(missing).toEqual(DIFFERENCES);
  });

  test("what may be sent is what is validated", async () => {
    const { paths } = await document();
    expect(bodyOf(paths["/sign-up/email"].post)).toMatchObject({
      required: ["name", "email", "password", "company"],
      properties: { email: { format: "email" }, company: { type: "string" }, rememberMe: { type: "boolean" }, username: {} },
    });
    expect(Object.keys(bodyOf(paths["/update-user"].post).properties)).toEqual(expect.arrayContaining(["name", "image", "company"]));
    expect(paths["/reset-password/{token}"].get.parameters.map(({ name, in: place, required }) => [name, place, required])).toEqual([["token", "path", true], ["callbackURL", "query", true]]);
    expect(Object.keys(paths["/callback/{id}"].post.requestBody.content)).toContain("application/x-www-form-urlencoded");
    expect(paths["/two-factor/enable"].post).toMatchObject({ tags: ["Two-factor"], operationId: "twoFactorEnable" });
  });

  test("operators' endpoints stand at the server's root, with what they read, who may call them and how they refuse", async () => {
    const { paths, tags } = await document();
    expect(tags.map(({ name }) => name)).toContain("Operators");
    const all = Object.entries(paths).flatMap(([url, methods]) => Object.values(methods).filter(({ tags: [tag] }) => tag === "Operators").map((said) => ({ url, said })));
    expect(all.map(({ said }) => said.operationId)).toEqual(expect.arrayContaining(["getSettings", "changeSettings", "listAllSessions", "listAudit", "exportAudit", "countAudit", "listPlugins", "switchPlugin", "listMail", "retryMail", "dropMail", "listJobs", "retryJobs", "dropJobs", "listWebhooks", "listWebhookDeliveries", "replayWebhooks", "enableWebhook", "listKeys", "rotateKeys"]));
    for (const { url, said } of all) {
      expect([url, said.servers, said.security]).toEqual([expect.stringMatching(/^\/api\//), [{ url: server.origin }], [{ apiKeyCookie: [] }]]);
      expect(said.description).toMatch(/^Needs the permission `[a-z]+\.[a-z]+`/);
      expect(Object.keys(said.responses)).toEqual(expect.arrayContaining(["200", "401", "403"]));
    }
    expect(paths["/api/audit"].get.parameters.map(({ name }) => name).sort()).toEqual(["before", "email", "event", "from", "limit", "outcome", "until", "user"]);
    expect(paths["/api/audit"].get.parameters.find(({ name }) => name === "limit").schema).toEqual({ type: "integer", minimum: 1, maximum: 200 });
    expect(bodyOf(paths["/api/settings"].put)).toMatchObject({ required: ["version", "changes"], properties: { version: { type: "integer" }, changes: { type: "object", minProperties: 1 } } });
    expect(bodyOf(paths["/api/jobs/drop"].post).anyOf).toEqual([{ required: ["id"] }, { required: ["all"] }]);
    const code = (said, status) => said.responses[status].content["application/json"].schema.properties.code.enum;
    expect(code(paths["/api/settings"].put, 409)).toEqual(["SETTINGS_CHANGED_MEANWHILE", "CONFLICT"]);
    expect(code(paths["/api/jobs/retry"].post, 404)).toEqual(["JOB_NOT_FOUND", "NOT_FOUND"]);
  });

  test("an endpoint of a plugin tells every code that it refuses with on the wire", async () => {
    const ofPlugins = operations(await document()).filter(({ said }) => !["Default", "Operators"].includes(said.tags[0]))
      .map(({ name, said }) => ({ name, said, calls: new RegExp(`^${name.replace(/\{[^}]+\}/g, "[^/]+")}$`) }));
    const untold = refusedOnTheWire().filter(({ code }) => !OF_ALL.includes(code)).flatMap(({ call, status, code }) => {
      const operation = ofPlugins.find(({ calls }) => calls.test(call));
      const told = operation?.said.responses[status]?.content?.["application/json"].schema.properties.code.examples ?? [];
      return !operation || told.includes(code) ? [] : [`${operation.name}: ${status} ${code}`];
    });
    expect([...new Set(untold)].sort()).toEqual(OF_OTHERS);
  });

  test("the page works under the server's policy, without a script and without another origin", async () => {
    const led = await fetch(`${server.origin}/api/auth/reference`, { redirect: "manual" });
    expect([led.status, led.headers.get("location")]).toEqual([302, "/reference"]);
    const page = await fetch(`${server.origin}/reference`);
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(page.headers.get("content-security-policy")).toContain("script-src 'none'; style-src 'self'");
    const html = await page.text();
    for (const shown of ["/sign-in/email", "/two-factor/enable", "Signs in with an email address and a password", `${server.origin}/api/audit`, "Needs the permission `audit.read`", "JOB_NOT_FOUND"]) expect(html).toContain(shown);
    expect(html).not.toMatch(/<script|style=|\son[a-z]+=/);
    const sheets = [...html.matchAll(/<link rel="stylesheet" href="([^"]+)"/g)].map(([, href]) => href);
    expect(sheets.length).toBeGreaterThan(0);
    for (const sheet of sheets) {
      expect(sheet).toMatch(/^\/_assets\//);
      expect((await fetch(new URL(sheet, server.origin))).headers.get("content-type")).toBe("text/css; charset=utf-8");
    }
  });

  test("the command writes the same document, without a database", async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "doorward-openapi-"));
    const config = path.join(folder, "doorward.toml");
    const entries = PLUGINS.map((id) => `[[plugins]]\nid = "${id}"\n`).join("");
    fs.writeFileSync(config, `app_name = "Acme"\nplugin_folder = "${ROOT}/plugins/dist"\nsecret = "${SECRET}"\nbase_url = "${server.origin}"\n[database]\nurl = "sqlite://absent/none.db"\n[management]\naddress = "127.0.0.1:1"\n${entries}`);
    // Compiled plugins are kept.
    fs.symlinkSync(path.join(ROOT, "target/test-compiled"), path.join(folder, ".doorward"));
    const run = async (...args) => (await promisify(execFile)(BINARY, ["--config", config, "openapi", ...args])).stdout;
    try {
      const written = path.join(folder, "api.json");
      await run("--output", written);
      const { paths } = JSON.parse(fs.readFileSync(written, "utf8"));
      expect(Object.keys(paths)).toEqual(Object.keys((await document()).paths));
      const management = JSON.parse(await run("--management"));
      expect(Object.keys(management.paths)).toEqual(expect.arrayContaining(["/health", "/ready", "/metrics", "/set-password", "/sign-in-email", "/admin-list-users", "/view-backup-codes"]));
      expect(management.paths["/set-password"].post.requestBody.content["application/json"].schema.properties.body.required).toEqual(["newPassword"]);
      const { parameters } = paths["/api/audit"].get;
      expect(parameters.length).toBeGreaterThan(0);
      expect(management.paths["/list-audit"].post).toMatchObject({ operationId: "listAudit", parameters: [], summary: paths["/api/audit"].get.summary });
      expect(management.paths["/change-settings"].post.requestBody.content["application/json"].schema.properties.body).toEqual(bodyOf(paths["/api/settings"].put));
      expect(management.servers).toEqual([{ url: "http://127.0.0.1:1" }]);
    } finally { fs.rmSync(folder, { recursive: true, force: true }); }
  });
});

/** What the reference's document has and this one has not, and why. */
const DIFFERENCES = [
  // The hook of the plugin `social` reads them; the endpoint is the core's.
  "POST /sign-out: callbackURL",
  "POST /sign-out: disableRedirect",
  "POST /sign-out: state",
];

/** With these the server refuses before any endpoint is called. */
const OF_ALL = ["INVALID_CALLBACK_URL", "INVALID_ERROR_CALLBACK_URL", "INVALID_NEW_USER_CALLBACK_URL", "INVALID_ORIGIN", "MISSING_OR_NULL_ORIGIN", "VALIDATION_ERROR"];

/** With these another plugin refuses: `admin` in its gate, `username` where users are stored. */
const OF_OTHERS = [
  "GET /magic-link/verify: 403 BANNED_USER",
  "POST /admin/create-user: 400 USERNAME_IS_ALREADY_TAKEN",
  "POST /admin/create-user: 400 USERNAME_TOO_SHORT",
  "POST /admin/update-user: 400 USERNAME_IS_ALREADY_TAKEN",
  "POST /passkey/verify-authentication: 403 BANNED_USER",
];
