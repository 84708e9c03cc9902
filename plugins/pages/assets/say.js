// What scripts say, in the page's language.
export const language = document.documentElement.lang;
const { default: texts } = await import(`./texts.${language}.js`);

/** A text with its `{names}` filled in. */
export function say(key, values = {}) {
  return (texts[`client.${key}`] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** What an error of the API means; `undefined` for a code that has no text. */
export function meaning(code) {
  if (!code) return undefined;
  const known = String(code).toUpperCase();
  return texts[`code.${known}`] ?? (known.startsWith("YOU_ARE_NOT_ALLOWED") ? texts["code.YOU_ARE_NOT_ALLOWED"] : undefined);
}
