// Chromium with authenticators made of software, on pages that this process serves in front of the binary.
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import http from "node:http";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
const HTML = '<!doctype html><meta charset="utf-8"><title>Sign in</title><input name="email" autocomplete="username webauthn"><script src="/page.js"></script>';

export function executable() {
  const found = process.env.DOORWARD_CHROMIUM ?? NAMES.map(which).find(Boolean);
  if (!found) throw new Error("Chromium is missing: 'apt-get install chromium', or let DOORWARD_CHROMIUM name the program");
  return found;
}

function which(name) {
  try { return execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim(); } catch { return undefined; }
}

/** The browser, which the caller closes. */
export const launch = () => chromium.launch({ executablePath: executable(), args: ["--no-sandbox", "--disable-dev-shm-usage"] });

async function bundle() {
  const made = await build({ entryPoints: [fileURLToPath(new URL("page.mjs", import.meta.url))], bundle: true, format: "iife", write: false, logLevel: "silent" });
  return made.outputFiles[0].text;
}

/** Serves the page on a free port, and passes on what is below `/api/` to the port that `upstream` says. */
export async function servePage(upstream) {
  const script = await bundle();
  const server = http.createServer((request, response) => {
    if (request.url.startsWith("/api/")) return pass(request, response, upstream());
    const isScript = request.url === "/page.js";
    response.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html; charset=utf-8" });
    response.end(isScript ? script : HTML);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://localhost:${server.address().port}`, close: () => { server.closeAllConnections(); server.close(); } };
}

function pass(request, response, port) {
  const { method, url: path, headers } = request;
  const passed = http.request({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.rawHeaders);
    answer.pipe(response);
  });
  passed.on("error", () => response.writeHead(502).end());
  request.pipe(passed);
}

/** A device: cookies of its own, and an authenticator that is its user's finger and face. */
export async function device(browser, origin, settings = {}) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send("WebAuthn.enable", { enableUI: false });
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true, ...settings };
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", { options });
  await page.goto(origin);
  /** Calls a method of the client in the page: `call("signIn.passkey")`. */
  const call = (method, ...args) => page.evaluate(([method, args]) => method.split(".").reduce((part, key) => part[key], window.auth)(...args), [method, args]);
  const tell = (command, more = {}) => cdp.send(`WebAuthn.${command}`, { authenticatorId, ...more });
  const credentials = async () => (await tell("getCredentials")).credentials;
  return { page, context, call, tell, credentials, close: () => context.close() };
}
