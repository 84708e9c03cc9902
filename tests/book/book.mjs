// Reads the book as mdBook does: its chapters, what they include, and their code blocks.
import fs from "node:fs";
import path from "node:path";
import { ROOT } from "../harness/doorward.mjs";

export const DOCS = path.join(ROOT, "docs");

/** The text of a Markdown file with what it includes in place, whole files or what stands between two anchors. */
export function expanded(file) {
  const text = fs.readFileSync(file, "utf8");
  return text.replace(/^(.*)\{\{#include ([^}:]+)(?::([\w-]+))?\}\}/gm, (_, before, name, anchor) => {
    const included = path.resolve(path.dirname(file), name);
    if (!fs.existsSync(included)) throw new Error(`${file} includes ${name}, which is not there`);
    return before + (anchor ? between(included, anchor) : expanded(included)).replace(/\n$/, "");
  });
}

function between(file, anchor) {
  const [, rest] = fs.readFileSync(file, "utf8").split(`<!-- ANCHOR: ${anchor} -->\n`);
  const end = rest?.indexOf(`<!-- ANCHOR_END: ${anchor} -->`) ?? -1;
  if (end < 0) throw new Error(`${file} has no anchor ${anchor}`);
  return rest.slice(0, end);
}

/** The files of all chapters, in the order of the book. */
export function chapters() {
  const summary = fs.readFileSync(path.join(DOCS, "SUMMARY.md"), "utf8");
  return [...summary.matchAll(/\]\(([^)]+)\)/g)].map(([, file]) => path.join(DOCS, file));
}

/** Every fenced block of a text: `{words, code}`, the language being the first word. Blocks in lists lose their indentation. */
export function blocks(text) {
  return [...text.matchAll(/^( *)```([^\n`]+)\n(.*?)^\1```$/gms)].map(([, indent, info, code]) => ({
    words: info.trim().split(/\s+/),
    code: code.replace(new RegExp(`^${indent}`, "gm"), ""),
  }));
}

/** The indented blocks of a text. */
export function indented(text) {
  const prose = text.replace(/^( *)```.*?^\1```$/gms, "");
  return [...prose.matchAll(/(?<=\n\n)((?: {4}.*\n|\n(?= {4}))+)/g)].map(([, code]) => code.replace(/^ {4}/gm, ""));
}

/** Every block of the book with the chapter that it stands in, and those of configurations in README. */
export function allBlocks() {
  const of = (file) => blocks(expanded(file)).map((block) => ({ chapter: path.relative(DOCS, file), ...block }));
  return [...chapters().flatMap(of), ...of(path.join(ROOT, "README.md")).filter(({ words }) => words[0] === "toml")];
}
