// The sample plugins as strangers would run them: built with the kit, loaded by path, with grants.
import { execFileSync } from "node:child_process";
import http from "node:http";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BINARY, ROOT } from "../harness/doorward.mjs";
import { browser, mailTo, newUser, PASSWORD, serve } from "./harness.mjs";

const OUT = path.join(ROOT, "target/samples");
function sample(id, entry) {
  execFileSync(BINARY, ["plugin", "build", path.join(ROOT, "plugins/samples", id), "--out", OUT], { cwd: ROOT, stdio: "ignore" });
  return { id, path: path.join(OUT, `${id}.wasm`), ...entry };
}

describe.skipIf(process.env.DOORWARD_URL)("waitlist", () => {
  const ADMIN = "boss@example.com";
  const config = { plugins: [] };
  // Before the server starts: it reads what stands in `config` then.
  beforeAll(() => { config.plugins.push(sample("waitlist", { grants: ["mail", "models", "sessions", "transactions", "reads-request:/sign-up/email", "section:sign-up.notice", "section:admin.page"], admins: [ADMIN] })); }, 240_000);
  const server = serve(config);

  const post = async (who, url, body) => {
    const response = await who.send(`${server.origin}/api/auth${url}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  };

  test("from a place on the list to an account", async () => {
    const stranger = browser(server);
    const signUp = () => stranger.client.signUp.email({ name: "Eve", email: "eve@example.com", password: PASSWORD });
    expect((await signUp()).error).toMatchObject({ status: 403, code: "WAITLIST_NOT_INVITED" });
    expect(await post(stranger, "/waitlist/join", { email: "eve@example.com" })).toEqual({ status: 200, body: { status: true } });
    expect(await post(stranger, "/waitlist/join", { email: "Eve@Example.com" })).toEqual({ status: 200, body: { status: true } });
    expect((await signUp()).error).toMatchObject({ status: 403, code: "WAITLIST_NOT_INVITED" });
    expect((await post(stranger, "/waitlist/invite", { email: "eve@example.com" })).status).toBe(401);

    const admin = await newUser(server, { email: ADMIN });
    expect((await post(admin, "/waitlist/invite", { email: "eve@example.com" })).body.code).toBe("WAITLIST_NOT_ADMIN");
    await server.database.run("update user set emailVerified = 1");
    expect(await post(admin, "/waitlist/invite", { email: "eve@example.com" })).toEqual({ status: 200, body: { status: true } });
    await mailTo(server, "eve@example.com", "waitlist-invitation");
    const listed = await (await admin.send(`${server.origin}/api/auth/waitlist/list`)).json();
    expect(listed.entries).toMatchObject([{ email: "eve@example.com", invitedAt: expect.any(String) }]);
    expect((await signUp()).error).toBeNull();
  });
});

describe.skipIf(process.env.DOORWARD_URL)("breached-passwords", () => {
  // The list is served here. SHA-1 of "password" begins with 5BAA6.
  const asked = [];
  let respond = (_, response) => response.end();
  const list = http.createServer((request, response) => { asked.push(request.url); respond(request, response); });
  const config = { plugins: [] };
  beforeAll(async () => {
    await new Promise((resolve) => { list.listen(0, "127.0.0.1", resolve); });
    const host = `127.0.0.1:${list.address().port}`;
    config.plugins.push(sample("breached-passwords", {
      grants: ["http", ...["/sign-up/email", "/change-password", "/reset-password"].flatMap((page) => [`reads-request:${page}`, `secrets:${page}`])],
      http: { hosts: [host], allow_private: true, allow_http: true },
      url: `http://${host}/range/`, when_unreachable: "refuse", timeout_ms: 500,
    }));
  }, 240_000);
  const server = serve(config);
  afterAll(() => list.close());

  const signUp = (email) => browser(server).client.signUp.email({ name: "Ada", email, password: "password" });

  test("the list decides, and learns five digits", async () => {
    respond = (_, response) => response.end("1E4C9B93F3F0682250B6CF8331B7EE68FD8:9545824\r\n");
    expect((await signUp("ada@example.com")).error).toMatchObject({ status: 400, code: "PASSWORD_COMPROMISED" });
    expect(asked).toEqual(["/range/5BAA6"]);
    respond = (_, response) => response.end("0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n");
    expect((await signUp("ada@example.com")).error).toBeNull();
  });

  test("an outage is what the operator made of it", async () => {
    respond = (_, response) => { response.statusCode = 500; response.end(); };
    expect((await signUp("bob@example.com")).error).toMatchObject({ status: 503, code: "PASSWORD_CHECK_UNAVAILABLE" });
    respond = () => {};
    expect((await signUp("bob@example.com")).error).toMatchObject({ status: 503, code: "PASSWORD_CHECK_UNAVAILABLE" });
  });
});
