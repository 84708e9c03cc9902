// Lets schemathesis call everything that the description of the API names, operators' endpoints too, as a stranger and as an
// administrator, and fails on a 5xx and on an answer that the description does not have. `node tests/api/schemathesis.mjs [EXAMPLES]`
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { freshDatabase } from "../harness/database.mjs";
import { startDoorward } from "../harness/doorward.mjs";

const EXAMPLES = process.argv[2] ?? "12";
const PLUGINS = ["open-api", "admin", "bearer", "jwt", "magic-link", "multi-session", "passkey", "social", "two-factor", "username"];
const CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance", "response_schema_conformance"];
// These end the session that the calls are made with.
const LEAVING = ["/sign-out", "/revoke-session", "/revoke-sessions", "/delete-user", "/change-password", "/admin/remove-user", "/admin/revoke-user-sessions", "/admin/ban-user", "/admin/impersonate-user", "/admin/stop-impersonating", "/multi-session/revoke", "/multi-session/set-active"];

const config = (origin) => ({
  base_url: origin,
  secret: "schemathesis-secret-0123456789-abcdefghijklmnop",
  email_and_password: { enabled: true },
  rate_limit: { enabled: false },
  password_hashing: { memory_kib: 64, iterations: 1 },
  user: { change_email: { enabled: true }, delete_user: { enabled: true }, additional_fields: { company: { type: "string" }, seats: { type: "number" } } },
  plugins: PLUGINS.map((id) => ({ id, ...(id === "social" ? { providers: { github: { client_id: "a", client_secret: "b" } } } : {}) })),
});

// A refusal may come without a body, as the reference's do; OpenAPI cannot say so of a response that may have one.
const HOOKS = `
import schemathesis


@schemathesis.hook
def after_call(context, case, response):
    if response.status_code >= 400 and not response.content:
        response.content = b"{}"
`;

const database = await freshDatabase("sqlite");
const server = await startDoorward({ database, config });
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "doorward-schemathesis-"));
let [failed, runs] = [0, 0];
try {
  const base = `${server.origin}/api/auth`;
  fs.writeFileSync(path.join(folder, "hooks.py"), HOOKS);
  const whole = await (await fetch(`${base}/open-api/generate-schema`)).json();
  // Schemathesis knows one server for all: what stands at the root is a document of its own.
  const documents = [[base, (said) => !said.servers], [server.origin, (said) => said.servers]].map(([url, isHere], index) => {
    const file = path.join(folder, `api-${index}.json`);
    const paths = Object.entries(whole.paths).map(([at, methods]) => [at, Object.fromEntries(Object.entries(methods).filter(([, said]) => isHere(said)))]);
    fs.writeFileSync(file, JSON.stringify({ ...whole, servers: [{ url }], paths: Object.fromEntries(paths.filter(([, methods]) => Object.keys(methods).length)) }));
    return [url, file];
  });
  const signedUp = await fetch(`${base}/sign-up/email`, { method: "POST", headers: { "content-type": "application/json", origin: server.origin }, body: JSON.stringify({ name: "Ada", email: "ada@example.com", password: "correct horse 1" }) });
  if (signedUp.status !== 200) throw new Error(`sign-up answered ${signedUp.status}: ${await signedUp.text()}`);
  await database.run("update user set role = 'admin'");
  const cookie = signedUp.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
  const callers = [["a stranger", [], []], ["an administrator", [`Cookie: ${cookie}`], LEAVING]];
  for (const [who, headers, left, url, document] of callers.flatMap((caller) => documents.map((one) => [...caller, ...one]))) {
    console.log(`calls of ${who} below ${url}`);
    runs += 1;
    const args = ["run", document, "--url", url, "--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--generation-deterministic",
      "--checks", CHECKS.join(","), "--continue-on-failure", "--no-color", "--output-sanitize", "false", "--request-timeout", "20", "--max-redirects", "0",
      ...[`Origin: ${server.origin}`, ...headers].flatMap((header) => ["--header", header]), ...left.flatMap((at) => ["--exclude-path", at])];
    const env = { ...process.env, SCHEMATHESIS_HOOKS: "hooks", PYTHONPATH: folder };
    const { status } = spawnSync("schemathesis", args, { cwd: folder, env, stdio: ["ignore", "inherit", "inherit"] });
    if (status !== 0) failed += 1;
  }
  const log = server.log();
  const panics = log.split("\n").filter((line) => / ERROR |panicked/.test(line));
  if (panics.length) failed += 1;
  const doubtful = failed ? log.split("\n").filter((line) => / ERROR | WARN |panicked/.test(line)) : [];
  for (const line of doubtful.slice(-40)) console.log(line);
} finally {
  await server.stop();
  await database.drop();
  fs.rmSync(folder, { recursive: true, force: true });
}
console.log(`${failed ? 0 : runs} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
