// The programs that README prints, run as they stand there.
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { freePort, ROOT } from "../harness/doorward.mjs";
import { PASSWORD, browser, newUser, rowCounts, serve } from "./harness.mjs";

const KEY = "management-key-0123456789-abcdefghijklmnop";
const port = await freePort();
const server = serve({ management: { address: `127.0.0.1:${port}`, keys: [{ name: "backend", value: KEY, scopes: ["get-session", "sign-in-email"] }] } });

/** The first block of this language that has the text, with the addresses of this test's server. */
function snippet(language, text) {
  const readme = fs.readFileSync(path.join(ROOT, "README.md"), "utf8");
  const blocks = [...readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter((block) => block[1] === language && block[2].includes(text));
  expect(blocks.length, `README has a block of ${language} with ${text}`).toBeGreaterThan(0);
  return blocks[0][2].replaceAll("http://localhost:3000", server.origin).replaceAll("http://127.0.0.1:3001", `http://127.0.0.1:${port}`);
}
const run = promisify(execFile);
const env = { ...process.env, MANAGEMENT_KEY: KEY };
const node = (code) => run(process.execPath, ["--input-type=module", "-e", code], { cwd: path.join(ROOT, "tests"), env });
const ada = { email: "ada@example.com", password: "correct horse 1" };

test("the example with the JavaScript client signs up from Node", async () => {
  const before = await rowCounts(server);
  const { stderr } = await node(`${snippet("js", "createAuthClient")}\nconst { error } = await auth.signIn.email(${JSON.stringify(ada)});\nif (error) throw new Error(JSON.stringify(error));`);
  expect(stderr).toBe("");
  const after = await rowCounts(server);
  if (before) expect({ user: after.user - before.user, session: after.session - before.session }).toEqual({ user: 1, session: 2 });
  expect((await browser(server).client.signIn.email(ada)).error).toBeNull();
});

test.each([
  ["js", node],
  ["python", (code) => run("python3", ["-c", code], { env })],
])("a backend acts for a user: the example in %s", async (language, program) => {
  await browser(server).client.signUp.email({ name: "Ada", ...ada });
  const { stdout, stderr } = await program(snippet(language, "get-session"));
  expect({ stdout, stderr }).toEqual({ stdout: "ada@example.com\n", stderr: "" });
});

test("a cookie that the backend passes on is the browser's own", async () => {
  const user = await newUser(server);
  const call = async (name, body, headers = {}) => fetch(`http://127.0.0.1:${port}/${name}`, { method: "POST", headers: { authorization: `Bearer ${KEY}` }, body: JSON.stringify({ body, headers }) });
  const answer = await call("sign-in-email", { email: user.email, password: PASSWORD });
  const device = browser(server);
  device.jar.absorb(answer.headers.getSetCookie().map((line) => ["set-cookie", line]));
  expect((await device.client.getSession()).data.user.email).toBe(user.email);
  expect((await call("list-sessions", undefined, { cookie: device.jar.header() })).status).toBe(403);
});
