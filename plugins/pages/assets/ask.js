// The one dialog of a page: a question, the safe choice first, and perhaps a word, a name or the password.
import { say } from "./say.js";
import { busy, notice, wrong } from "./form.js";

/**
 * Asks. `done(values)` acts and answers `{ error }` when it was refused; the dialog stays open then. Resolves to whether it
 * was done.
 */
export function ask({ title, text = "", yes, word, typed, field, password = false, danger = true }, done) {
  const dialog = document.getElementById("ask");
  const [form, button] = [dialog.querySelector("form"), dialog.querySelector('[type="submit"]')];
  const part = (name) => dialog.querySelector(`[data-${name}]`);
  dialog.querySelector("h2").textContent = title;
  part("text").textContent = text;
  part("text").hidden = !text;
  button.textContent = yes;
  button.classList.toggle("danger", danger);
  button.classList.toggle("filled", danger);
  button.classList.toggle("primary", !danger);
  part("word").hidden = !word && !field;
  part("password").hidden = !password;
  const [wordInput, passwordInput] = [document.getElementById("ask-word"), document.getElementById("ask-password")];
  for (const input of [wordInput, passwordInput]) { input.value = ""; wrong(input, ""); }
  notice(form.querySelector(".body"), "bad", "");
  part("word").querySelector("label").textContent = field?.label ?? typed ?? "";
  if (field) wordInput.value = field.value;
  const ready = () => { button.disabled = Boolean(word) && wordInput.value.trim() !== word; };
  ready();
  return new Promise((resolve) => {
    const stop = new AbortController();
    const { signal } = stop;
    const end = (was) => { stop.abort(); dialog.close(); resolve(was); };
    wordInput.addEventListener("input", ready, { signal });
    part("close").addEventListener("click", () => end(false), { signal });
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); end(false); }, { signal });
    dialog.addEventListener("click", (event) => event.target === dialog && end(false), { signal });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (button.disabled || button.getAttribute("aria-busy")) return;
      if (password && !passwordInput.value) { wrong(passwordInput, say("required")); passwordInput.focus(); return; }
      if (field && !wordInput.value.trim()) { wrong(wordInput, say("required")); wordInput.focus(); return; }
      busy(button, true);
      const { error } = (await done({ ...(password && { password: passwordInput.value }), ...(field && { field: wordInput.value.trim() }) })) ?? {};
      busy(button, false);
      if (!error) return end(true);
      if (password && error.code === "INVALID_PASSWORD") { wrong(passwordInput, error.text); passwordInput.focus(); return; }
      notice(form.querySelector(".body"), "bad", error.text, { code: error.code });
    }, { signal });
    dialog.showModal();
    (word || field ? wordInput : password ? passwordInput : part("close")).focus();
  });
}
