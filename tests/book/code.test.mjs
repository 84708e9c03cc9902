// Every code block of the book is run, or read by what it is written for.
import { execFile } from "node:child_process";
import { transform } from "esbuild";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { parse } from "smol-toml";
import { afterAll, describe, expect, test } from "vitest";
import { BINARY, ROOT } from "../harness/doorward.mjs";
import { DOCS, allBlocks, chapters, expanded, indented } from "./book.mjs";

const run = promisify(execFile);
const ALL = allBlocks();
const of = (...languages) => ALL.filter(({ words }) => languages.includes(words[0])).map((block, index) => [`${block.chapter}, ${index + 1}`, block]);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "doorward-book-"));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

// What may stand in a block. Go and PHP have no reader on the machines of the tests.
const LANGUAGES = ["sh", "toml", "js", "jsx", "vue", "svelte", "rust", "rhai", "ini", "nginx", "text", "python", "json", "go", "php"];

test("blocks are of languages that are read", () => {
  expect(ALL.length).toBeGreaterThan(80);
  expect(ALL.filter(({ words }) => !LANGUAGES.includes(words[0]))).toEqual([]);
});

/** A configuration of its own for a block that shows a part of one. */
function whole(code) {
  let text = code;
  if (!/^\[\[plugins\]\]/m.test(text) && /^\[plugins\./m.test(text)) text = text.replace(/^\[plugins\./m, '[[plugins]]\nid = "social"\n[plugins.');
  const top = text.split(/^\[/m)[0];
  if (!/^secrets? = /m.test(top)) text = `secret = "book-test-secret-0123456789-abcdefghijklmnop"\n${text}`;
  return text;
}

/** Reads it as the server would, without a database: a receiver that is not there is looked for in what was read. */
async function read(code) {
  const here = fs.mkdtempSync(path.join(folder, "toml-"));
  const text = whole(code);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("DOORWARD_")));
  for (const [, name] of text.matchAll(/env = "(\w+)"/g)) env[name] = "value-of-a-variable-0123456789-abcdefgh";
  for (const [, name] of text.matchAll(/credential = "(\w+)"/g)) {
    fs.writeFileSync(path.join(here, name), "value-of-a-credential-0123456789-abcdefgh");
    env.CREDENTIALS_DIRECTORY = here;
  }
  const local = text.replace(/file = "([^"]+)"/g, (all, name) => {
    if (name.endsWith(".rhai")) return all;
    fs.writeFileSync(path.join(here, path.basename(name)), "value-of-a-file-0123456789-abcdefghijkl");
    return `file = "${path.basename(name)}"`;
  });
  fs.writeFileSync(path.join(here, "doorward.toml"), local);
  return run(BINARY, ["secret", "--for", "nobody"], { cwd: here, env }).then(() => "a key?", ({ stderr }) => stderr.trim());
}

describe("toml", () => {
  test.concurrent.each(of("toml").filter(([, { words }]) => words[1] === undefined))("%s", async (_, { code }) => {
    expect(await read(code)).toMatch(/`nobody` has no webhook/);
  });

  // Pages of plugins show their entries in indented blocks.
  const entries = chapters().flatMap((file) => indented(expanded(file)).filter((code) => code.startsWith("[")).map((code) => [path.relative(DOCS, file), code]));
  test("pages of plugins show entries", () => expect(entries.length).toBeGreaterThanOrEqual(10));
  test.concurrent.each(entries)("%s, an entry", async (_, code) => {
    expect(await read(code)).toMatch(/`nobody` has no webhook/);
  });

  test("a wrong option is found", async () => {
    expect(await read("[session]\nexpire_in = 1\n")).toMatch(/did you mean `expires_in`/);
    expect(await read("[plugins.limits]\ncall_m = 1\n")).toMatch(/call_ms/);
  });

  test.each(of("toml").filter(([, { words }]) => words[1] !== undefined))("%s, of another kind", (_, { code, words }) => {
    // Cases of scripts, and those of plugins, which have steps.
    expect(["cases", "steps"]).toContain(words[1]);
    const part = words[1] === "cases" ? "expect" : "step";
    expect(parse(code).case.every((one) => one.name && one[part])).toBe(true);
  });
});

describe("JavaScript", () => {
  const script = ({ words, code }) => (["vue", "svelte"].includes(words[0]) ? code.match(/<script[^>]*>(.*?)<\/script>/s)[1] : code);
  test.each(of("js", "jsx", "vue", "svelte"))("%s", async (_, block) => {
    const { warnings } = await transform(script(block), { loader: "jsx", format: "esm", jsx: "automatic" });
    expect(warnings).toEqual([]);
    for (const [, source] of script(block).matchAll(/from "([^"]+)"/g)) {
      // What `doorward types` writes lies beside the reader's own files.
      if (source === "./doorward") continue;
      const [, entry] = source.match(/^better-auth(\/.+)$/) ?? [];
      const { exports } = JSON.parse(fs.readFileSync(path.join(ROOT, "tests/node_modules/better-auth/package.json"), "utf8"));
      expect(Object.keys(exports), source).toContain(`.${entry}`);
    }
  });
});

describe("files of the repository", () => {
  // Rust is compiled, scripts have cases, and files for deployment have tests: where they lie.
  const included = (block, where) => where.some((file) => fs.readFileSync(file, "utf8").trimEnd() === block.code.trimEnd());
  const files = (directory, ending) => fs.readdirSync(path.join(ROOT, directory)).filter((file) => file.endsWith(ending)).map((file) => path.join(ROOT, directory, file));

  const compiled = ["host/src/commands/plugin/template/src/lib.rs", "plugins/samples/waitlist/src/lib.rs"].map((file) => path.join(ROOT, file));
  test.concurrent.each(of("rust").filter(([, block]) => !included(block, compiled)))("Rust, a part: %s", async (_, { code }) => {
    // What is no whole file is at least Rust: items, or what may stand in a function.
    const parses = (text) => new Promise((resolve) => {
      const child = execFile("rustfmt", ["--edition", "2024", "--check", "-q"], (error) => resolve(!error || error.code === 1 && !/error/.test(error.message)));
      child.stdin.end(text);
    });
    expect(await parses(code) || await parses(`fn part() {\n${code}\n}`)).toBe(true);
  });

  test.concurrent.each(of("rhai").filter(([, block]) => !included(block, files("hooks", ".rhai"))))("Rhai: %s", async (_, { code }) => {
    const here = fs.mkdtempSync(path.join(folder, "rhai-"));
    fs.writeFileSync(path.join(here, "policy.rhai"), code);
    fs.writeFileSync(path.join(here, "doorward.toml"), whole('[mail]\ntransport = "smtp"\nfrom = "a@example.com"\nsmtp = { host = "mail.example.com" }\n[[hooks]]\nfile = "policy.rhai"\nconfig = { blocked = [] }\n'));
    const { stdout } = await run(BINARY, ["hooks", "check"], { cwd: here });
    expect(stdout).toContain("policy.rhai");
    expect(stdout).not.toMatch(/warning/i);
  });

  test.each(of("nginx", "text").filter(([, { words }]) => words[1] === undefined))("%s", (_, block) => {
    expect(included(block, ["nginx.conf", "Caddyfile"].map((file) => path.join(ROOT, "host/packaging", file)))).toBe(true);
  });

  // A part of nginx.conf that stands in its place: nginx reads the whole.
  test.each(of("nginx").filter(([, { words }]) => words[1] === "upstream"))("%s, read by nginx", async (_, { code }) => {
    const here = fs.mkdtempSync(path.join(folder, "nginx-"));
    const site = fs.readFileSync(path.join(ROOT, "host/packaging/nginx.conf"), "utf8").replace(/^upstream .*?^}\n/ms, code);
    // Without its certificate, which is not here.
    const plain = site.replace(/ ssl http2;$/gm, ";").replace(/^ +ssl_.*\n/gm, "");
    const file = path.join(here, "nginx.conf");
    fs.writeFileSync(file, `pid ${here}/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${plain}}\n`);
    const { stderr } = await run("nginx", ["-t", "-c", file], { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } });
    expect(stderr).toContain("test is successful");
  });

  test.each(of("ini"))("%s", (_, block) => {
    const isVariables = block.code.trim().split("\n").every((line) => /^[A-Z_]+=.+$/.test(line));
    const compose = fs.readFileSync(path.join(ROOT, "host/packaging/compose.yaml"), "utf8");
    if (isVariables) for (const [, name] of block.code.matchAll(/^(\w+)=/gm)) expect(compose).toContain(`\${${name}`);
    else expect(included(block, [path.join(ROOT, "host/packaging/doorward.service")])).toBe(true);
  });

  test.each(of("json"))("JSON: %s", (_, { code }) => { JSON.parse(code); });

  test.each(of("python"))("Python: %s", async (_, { code }) => {
    await run("python3", ["-c", "import ast, sys; ast.parse(sys.argv[1])", code]);
  });
});

describe("commands", () => {
  test.each(of("sh"))("%s", async (_, { code }) => {
    await run("bash", ["-n", "-c", code]);
  });

  // Commands of the whole book, in blocks and in the text; what follows the command's name is tried with --help.
  const text = ALL.filter(({ words }) => words[0] === "sh").map(({ code }) => code.replaceAll("\\\n", " ")).join("\n");
  const prose = chapters().map(expanded).join("\n");
  const inText = [...prose.matchAll(/`doorward ([^`\n]+)`/g)].map(([, words]) => words);
  const shown = chapters().flatMap((file) => indented(expanded(file))).join("\n");
  const inIndented = [...shown.matchAll(/^doorward ([^#\n]+)/gm)].map(([, words]) => words);
  const inBlocks = [...text.matchAll(/(?:^|[\s/|(])doorward ([a-z][^|<>#)\n]*)/gm)].map(([, words]) => words);
  // A user, a container, a file and a database have the name, too.
  const command = (line) => line.replace(/["']?\$.*$/, "").replace(/^(doorward )+/, "").trim();
  const lines = [...new Set([...inText, ...inIndented, ...inBlocks].map(command))].filter((line) => !line.startsWith("doorward."));

  test("the book names commands", () => expect(lines.length).toBeGreaterThan(25));

  test.concurrent.each(lines)("doorward %s", async (line) => {
    const words = line.match(/'[^']*'|\S+/g).filter((word) => word !== "…");
    const names = words.slice(0, words.findIndex((word) => !/^[a-z][a-z-]*$/.test(word)) >>> 0);
    const flags = words.filter((word) => word.startsWith("--"));
    // The longest beginning that is a command; the rest are its arguments.
    for (let length = Math.min(names.length, 2); length > 0; length -= 1) {
      const told = await run(BINARY, [...names.slice(0, length), "--help"]).catch(() => undefined);
      if (!told) continue;
      const usage = told.stdout.match(/^Usage: doorward (.*)$/m)[1];
      if (!usage.startsWith(names.slice(0, length).join(" "))) continue;
      for (const flag of flags) expect(told.stdout).toContain(flag.split("=")[0]);
      return;
    }
    throw new Error(`there is no command \`doorward ${line}\``);
  });
});
