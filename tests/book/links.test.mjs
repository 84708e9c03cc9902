// Every chapter is in the summary, and every link of the book and of the repository's own pages leads somewhere.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../harness/doorward.mjs";
import { DOCS, chapters, expanded } from "./book.mjs";

const PAGES = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "tests/README.md", "hooks/README.md", "sdk/README.md", "host/packaging/README.md"];

/** The anchor that a heading gets: lower case, spaces as dashes, nothing else but letters, digits, `-` and `_`. */
const anchor = (heading) => heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(/\s/g, "-");
const anchors = (text) => [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchor(heading));

/** The links of a text that stay in this repository, code left out. */
function links(text) {
  const prose = text.replace(/^( *)```.*?^\1```$/gms, "").replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target).filter((target) => !/^[a-z]+:/.test(target));
}

function broken(file, text) {
  return links(text).filter((link) => {
    const [target, part] = link.split("#");
    const to = target ? path.resolve(path.dirname(file), target) : file;
    // What the book links to is in the book: mdBook copies nothing from outside.
    const isOutside = file.startsWith(DOCS + path.sep) && !to.startsWith(DOCS + path.sep);
    if (isOutside || !fs.existsSync(to)) return true;
    return part !== undefined && !anchors(to === file ? text : expanded(to)).includes(part);
  });
}

test("every chapter is in the summary, once", () => {
  const listed = chapters().map((file) => path.relative(DOCS, file));
  const there = fs.readdirSync(DOCS, { recursive: true }).filter((file) => file.endsWith(".md") && file !== "SUMMARY.md");
  expect([...listed].sort()).toEqual(there.sort());
});

test.each(chapters().map((file) => [path.relative(ROOT, file), file]))("links of %s", (_, file) => {
  expect(broken(file, expanded(file))).toEqual([]);
});

test.each(PAGES)("links of %s", (page) => {
  const file = path.join(ROOT, page);
  expect(broken(file, fs.readFileSync(file, "utf8"))).toEqual([]);
});

test("a broken link is found", () => {
  const file = path.join(DOCS, "concepts.md");
  expect(broken(file, "[a](no-such.md) [b](security.md#no-such-part) [c](security.md#guesses) [d](#e)\n# E\n")).toEqual(["no-such.md", "security.md#no-such-part"]);
});

test("mdbook builds it without a warning", () => {
  const mdbook = [process.env.CARGO_TARGET_DIR, path.join(ROOT, "target")].filter(Boolean).map((target) => path.join(target, "tools/bin/mdbook")).find((file) => fs.existsSync(file)) ?? "mdbook";
  const out = fs.mkdtempSync(path.join(process.env.TMPDIR ?? "/tmp", "doorward-book-"));
  try {
    const told = execFileSync(mdbook, ["build", "--dest-dir", out, DOCS], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, RUST_LOG: "warn" } });
    expect(told).toBe("");
    for (const file of chapters()) {
      const page = fs.readFileSync(path.join(out, path.relative(DOCS, file).replace(/\.md$/, ".html")), "utf8");
      expect(page, file).not.toContain("{{#include");
    }
  } finally { fs.rmSync(out, { recursive: true, force: true }); }
});
