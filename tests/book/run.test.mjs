// The first steps of the book, run as they stand there, and its programs against a server.
import { execFile, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { parse } from "smol-toml";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshDatabase } from "../harness/database.mjs";
import { BINARY, ROOT, freePort, startDoorward } from "../harness/doorward.mjs";
import { DOCS, blocks, expanded, indented } from "./book.mjs";

const run = promisify(execFile);
/** Compiled plugins are kept from server to server. */
const COMPILED = path.join(ROOT, "target/test-compiled");
const blocksOf = (chapter) => blocks(expanded(path.join(DOCS, chapter)));

/** Runs a program of the book in the folder that has the client library. */
const node = (code, origin) => run(process.execPath, ["--input-type=module", "-e", code.replaceAll("http://localhost:3000", origin)], { cwd: path.join(ROOT, "tests") });

describe("getting started", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "doorward-start-"));
  const steps = blocksOf("getting-started.md");
  let env, origin, server;

  beforeAll(async () => {
    const port = await freePort();
    origin = `http://localhost:${port}`;
    fs.mkdirSync(path.join(folder, "bin"));
    fs.symlinkSync(BINARY, path.join(folder, "bin/doorward"));
    const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("DOORWARD_")));
    env = { ...clean, PATH: `${folder}/bin:${process.env.PATH}`, DOORWARD_SERVER__ADDRESS: `127.0.0.1:${port}`, DOORWARD_BASE_URL: origin, DOORWARD_PLUGIN_FOLDER: path.join(ROOT, "plugins/dist") };
  });
  afterAll(() => { server?.kill("SIGTERM"); fs.rmSync(folder, { recursive: true, force: true }); });

  const shell = (code) => run("bash", ["-euo", "pipefail", "-c", code.replaceAll("http://localhost:3000", origin)], { cwd: folder, env });
  const answers = async () => {
    for (let attempt = 0; attempt < 1000; attempt += 1) {
      if (await fetch(`${origin}/api/auth/ok`).then((answer) => answer.ok, () => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("the server does not answer");
  };

  test("it leads from an empty folder to a signed-in user", async () => {
    const said = [];
    for (const { words, code } of steps) {
      if (words[0] === "sh" && words[1] === "run") said.push((await shell(code)).stdout);
      if (words[0] === "sh" && words[1] === "serve") {
        server = spawn("bash", ["-c", `exec ${code}`], { cwd: folder, env, stdio: "ignore" });
        await answers();
      }
      if (words[0] === "js" && words[1] === "run") said.push((await node(code, origin)).stdout);
    }
    expect(said).toHaveLength(5);
    expect(said[0]).toContain("grace@example.com is the user ");
    expect(JSON.parse(said[1]).user.email).toBe("ada@example.com");
    expect(said[2]).toMatch(/grace@example.com.*\tadmin\t/);
    expect(said[2]).toContain("ada@example.com");
    expect(said[3]).toBe("Hello, Ada\n");
    expect(said[4]).toContain("two-factor");
    expect(await (await fetch(`${origin}/sign-in`)).text()).toContain("Sign in to Doorward");
  }, 120_000);

  test("a page elsewhere may call", async () => {
    const [origins] = steps.filter(({ words }) => words[0] === "toml").map(({ code }) => code);
    const file = path.join(folder, "doorward.toml");
    fs.writeFileSync(file, `${origins}\n${fs.readFileSync(file, "utf8")}`);
    expect((await shell("doorward check")).stdout).toContain("ready to serve");
  });
});

describe("programs of front ends", () => {
  let database, server;
  beforeAll(async () => {
    database = await freshDatabase("sqlite");
    const config = (origin) => ({ base_url: origin, secret: "book-suite-secret-0123456789-abcdefghijklmnop", email_and_password: { enabled: true }, plugins: [{ id: "bearer" }] });
    server = await startDoorward({ database, config });
  });
  afterAll(async () => { await server?.stop(); await database?.drop(); });

  test.each(blocksOf("frontend.md").filter(({ words }) => words[1] === "run").map(({ words, code }) => [words.join(" "), code]))("%s", async (_, code) => {
    expect((await node(code, server.origin)).stdout).toMatch(/^Hello, (Ada|Grace)\n$/);
  });
});

describe("the entries on the pages of the official plugins", () => {
  const official = blocks(fs.readFileSync(path.join(DOCS, "plugins/official.md"), "utf8"));
  const pages = [...fs.readFileSync(path.join(DOCS, "plugins/official.md"), "utf8").matchAll(/\]\(([\w-]+)\.md\)/g)].map(([, id]) => id);

  test("every official plugin has its page", () => {
    const known = Object.keys(parse(fs.readFileSync(path.join(ROOT, "plugins/official.toml"), "utf8")));
    expect(official).toHaveLength(1);
    expect(pages).toEqual(expect.arrayContaining(known));
    expect(pages).toHaveLength(known.length);
  });

  const entries = pages.flatMap((id) => indented(expanded(path.join(DOCS, `plugins/${id}.md`))).filter((code) => code.startsWith("[[plugins]]")).map((entry) => [id, entry]));
  test("every page has an entry", () => expect(new Set(entries.map(([id]) => id)).size).toBe(pages.length));

  test.each(entries)("%s", async (id, entry) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "doorward-entry-"));
    try {
      fs.mkdirSync(COMPILED, { recursive: true });
      fs.symlinkSync(COMPILED, path.join(folder, ".doorward"));
      const named = Object.fromEntries([...entry.matchAll(/env = "(\w+)"/g)].map(([, name]) => [name, "value-of-a-variable"]));
      const env = { ...process.env, ...named, DOORWARD_PLUGIN_FOLDER: path.join(ROOT, "plugins/dist") };
      await run(BINARY, ["init"], { cwd: folder, env });
      const mail = '\n[mail]\ntransport = "webhook"\nwebhook = { url = "https://mailer.example.com" }\n';
      fs.appendFileSync(path.join(folder, "doorward.toml"), mail + entry);
      await run(BINARY, ["migrate"], { cwd: folder, env });
      expect((await run(BINARY, ["check"], { cwd: folder, env })).stdout).toBe("ready to serve\n");
    } finally { fs.rmSync(folder, { recursive: true, force: true }); }
  });
});

describe("the first policy of the cookbook", () => {
  test("runs where it should, and its cases pass", async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "doorward-policy-"));
    try {
      await run(BINARY, ["init"], { cwd: folder });
      fs.mkdirSync(path.join(folder, "hooks"));
      for (const ending of ["rhai", "cases.toml"]) fs.copyFileSync(path.join(ROOT, `hooks/company_email.${ending}`), path.join(folder, `hooks/company_email.${ending}`));
      const steps = blocksOf("policies/cookbook.md");
      fs.appendFileSync(path.join(folder, "doorward.toml"), steps.find(({ words }) => words[0] === "toml").code);
      for (const line of steps.find(({ words }) => words[1] === "hooks").code.trim().split("\n")) {
        const { stdout } = await run(BINARY, line.split(" ").slice(1), { cwd: folder });
        expect(stdout).toMatch(/before {1,}.*\/sign-up\/email|1[0-9] passed, 0 failed/);
      }
      const shown = steps.find(({ words }) => words[1] === "cases").code.trim();
      expect(fs.readFileSync(path.join(ROOT, "hooks/company_email.cases.toml"), "utf8")).toContain(shown);
    } finally { fs.rmSync(folder, { recursive: true, force: true }); }
  });
});

/** The command of the chapter on backups that begins so. */
const command = (beginning) => {
  const lines = blocksOf("operators/backup.md").filter(({ words }) => words[0] === "sh").flatMap(({ code }) => code.trim().split("\n"));
  return lines.find((line) => line.startsWith(beginning));
};

describe("a backup of SQLite", () => {
  test("is whole while the file is written, and is put back", async () => {
    const { default: Database } = await import("better-sqlite3");
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "doorward-backup-"));
    const emails = (file) => {
      const database = new Database(path.join(folder, file), { readonly: true });
      try { return database.prepare('select email from "user"').all().map(({ email }) => email); } finally { database.close(); }
    };
    const doorward = (line) => run(BINARY, line.split(" ").slice(1), { cwd: folder });
    try {
      await run(BINARY, ["init", "--config", path.join(folder, "doorward.toml")], { cwd: folder });
      await run("bash", ["-c", `echo 'correct horse 1' | ${BINARY} user create ada@example.com`], { cwd: folder });
      await doorward(command("doorward backup"));
      await run("bash", ["-c", `echo 'correct horse 1' | ${BINARY} user create bob@example.com`], { cwd: folder });
      expect(emails("backup.db")).toEqual(["ada@example.com"]);
      await doorward(command("doorward restore"));
      expect(emails("doorward.db")).toEqual(["ada@example.com"]);
      expect(emails("doorward.db.before-restore").length).toBe(2);
    } finally { fs.rmSync(folder, { recursive: true, force: true }); }
  });
});

describe("a backup of PostgreSQL", () => {
  test("is put back", async () => {
    const database = await freshDatabase("postgres");
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "doorward-backup-"));
    const shell = (line) => run("bash", ["-c", line.replace("postgres://doorward@127.0.0.1/doorward", database.url)], { cwd: folder });
    const emails = async () => (await database.all("select email from user")).map(({ email }) => email);
    try {
      const config = `secret = "a-secret-of-a-test-0123456789abcdef"\ndatabase.url = "${database.url}"\nemail_and_password.enabled = true\n`;
      fs.writeFileSync(path.join(folder, "doorward.toml"), config);
      await run(BINARY, ["migrate"], { cwd: folder });
      await run("bash", ["-c", `echo 'correct horse 1' | ${BINARY} user create ada@example.com`], { cwd: folder });
      await shell(command("pg_dump"));
      await database.run("delete from user");
      await shell(command("pg_restore"));
      expect(await emails()).toEqual(["ada@example.com"]);
      await run(BINARY, ["check"], { cwd: folder });
    } finally { fs.rmSync(folder, { recursive: true, force: true }); await database.drop(); }
  });
});
