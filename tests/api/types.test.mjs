// `doorward types`: TypeScript accepts what it writes, with the official client, and refuses wrong use.
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BINARY, ROOT } from "../harness/doorward.mjs";

// Beside node_modules, so that the compiler finds the client.
const FOLDER = path.join(ROOT, "tests/node_modules/.doorward-types");
const OUT = path.join(ROOT, "target/samples");

const run = promisify(execFile);

const USE = `
import { createAuthClient } from "better-auth/client";
import { doorwardPlugins } from "./doorward";

const client = createAuthClient({ baseURL: "http://localhost:3000", plugins: doorwardPlugins() });
type Session = typeof client.$Infer.Session;
export const company = (session: Session): string => session.user.company;
export const plan = (session: Session): string => session.user.plan;
export const device = (session: Session): string | null | undefined => session.session.device;
export const role = (session: Session): string | null | undefined => session.user.role;
// @ts-expect-error a text is no number
export const wrong = (session: Session): number => session.user.company;
// @ts-expect-error nobody sees it
export const hidden = (session: Session) => session.user.internal;

export async function use() {
  await client.signUp.email({ name: "Ada", email: "ada@example.com", password: "correct horse", company: "Acme" });
  await client.signUp.email({ name: "Ada", email: "ada@example.com", password: "correct horse", company: "Acme", plan: "pro" });
  // @ts-expect-error the company is missing
  await client.signUp.email({ name: "Ada", email: "ada@example.com", password: "correct horse" });
  // @ts-expect-error a client cannot set it
  await client.signUp.email({ name: "Ada", email: "ada@example.com", password: "correct horse", company: "Acme", credits: 7 });
  await client.updateUser({ company: "Other" });
  await client.signIn.magicLink({ email: "ada@example.com" });
  await client.signIn.username({ username: "ada", password: "correct horse" });
  await client.twoFactor.enable({ password: "correct horse" });
  await client.passkey.addPasskey();
  await client.admin.listUsers({ query: { limit: 1 } });
  await client.waitlist.join({ email: "ada@example.com" });
  // @ts-expect-error the address is missing
  await client.waitlist.join({});
  await client.avatar({ image: "AAAA" });
  await client.avatar.byName({ params: { name: "picture" } });
  // @ts-expect-error the picture has no name
  await client.avatar.byName({ params: {} });
  // @ts-expect-error there is no such endpoint
  await client.waitlist.leave({});
}
`;

describe("doorward types", () => {
  beforeAll(async () => {
    fs.rmSync(FOLDER, { recursive: true, force: true });
    fs.mkdirSync(FOLDER, { recursive: true });
    // Compiled plugins are kept.
    fs.mkdirSync(path.join(ROOT, "target/test-compiled"), { recursive: true });
    fs.symlinkSync(path.join(ROOT, "target/test-compiled"), path.join(FOLDER, ".doorward"));
    await run(BINARY, ["plugin", "build", path.join(ROOT, "plugins/samples/waitlist"), "--out", OUT], { cwd: ROOT });
    const official = ["admin", "avatar", "jwt", "last-login-method", "magic-link", "multi-session", "passkey", "social", "two-factor", "username"];
    const grants = ["mail", "models", "sessions", "transactions", "reads-request:/sign-up/email", "section:sign-up.notice", "section:admin.page"];
    fs.writeFileSync(path.join(FOLDER, "doorward.toml"), `
plugin_folder = "${ROOT}/plugins/dist"
secret = "types-test-secret-0123456789-abcdefghijklmnop"
[database]
url = "sqlite://absent/none.db"
[mail]
transport = "webhook"
from = "id@example.com"
[mail.webhook]
url = "https://mail.example.com/in"
[user.additional_fields]
company = { type = "string", required = true }
plan = { type = "string", required = true, default = "free" }
credits = { type = "number", input = false }
internal = { type = "string", input = false, returned = false }
[session.additional_fields]
device = { type = "string" }
${official.map((id) => `[[plugins]]\nid = "${id}"\n`).join("")}
[[plugins]]
id = "waitlist"
path = "${OUT}/waitlist.wasm"
grants = ${JSON.stringify(grants)}
`);
    await run(BINARY, ["--config", path.join(FOLDER, "doorward.toml"), "types", "--output", path.join(FOLDER, "doorward.ts")]);
  }, 240_000);
  afterAll(() => fs.rmSync(FOLDER, { recursive: true, force: true }));

  test("what it writes is right for the official client, and wrong use is refused", async () => {
    fs.writeFileSync(path.join(FOLDER, "use.ts"), USE);
    const options = { strict: true, noEmit: true, skipLibCheck: true, target: "es2022", module: "esnext", moduleResolution: "bundler", types: [], lib: ["es2022", "dom", "dom.iterable"] };
    fs.writeFileSync(path.join(FOLDER, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["use.ts"] }));
    const checked = run(process.execPath, [path.join(ROOT, "tests/node_modules/typescript/bin/tsc"), "-p", FOLDER]);
    expect(await checked.then(({ stdout }) => stdout, ({ stdout }) => stdout || "it failed")).toBe("");
  }, 120_000);
});
