// Settings: what was changed in a form is sent as a whole; what is refused stays as it was typed, with the reason beside it.
import { call } from "./api.js";
import { busy, notice, refuse, wrong } from "./form.js";
import { reload } from "./menu.js";
import { say } from "./say.js";

const { operators } = document.documentElement.dataset;

function value(input) {
  if (input.type === "checkbox") return input.checked;
  if (input.type === "number") return input.value.trim() === "" ? null : Number(input.value);
  if ("list" in input.dataset) return input.value.split(",").map((part) => part.trim()).filter(Boolean);
  return input.value;
}

const isChanged = (input) => (input.type === "checkbox" ? input.checked !== input.defaultChecked : input.value !== input.defaultValue);

async function send(form, changes) {
  const card = form.closest(".card");
  const { data, error } = await call(`${operators}/settings`, { version: Number(form.dataset.settings), changes }, "PUT");
  if (data) return reload(say("settings_saved"), card.id);
  const faults = Object.entries(error.errors ?? {});
  const named = faults.map(([key, text]) => [form.elements.namedItem(key), text]).filter(([input]) => input);
  named.forEach(([input, text]) => wrong(input, `${text.charAt(0).toUpperCase()}${text.slice(1)}.`));
  if (named.length) return named[0][0].focus();
  refuse(form, error);
}

function wire(form) {
  const [save, discard] = [form.querySelector('[type="submit"]'), form.querySelector('[type="reset"]')];
  const inputs = [...form.elements].filter((input) => input.name && !input.disabled);
  const look = () => {
    const any = inputs.some(isChanged);
    save.disabled = !any;
    discard.hidden = !any;
  };
  form.addEventListener("input", ({ target }) => { wrong(target, ""); look(); });
  form.addEventListener("reset", () => setTimeout(() => { inputs.forEach((input) => wrong(input, "")); notice(form.closest(".card"), "bad", ""); look(); }));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (save.disabled || save.getAttribute("aria-busy")) return;
    const changed = inputs.filter(isChanged);
    const unfit = changed.filter((input) => !input.checkValidity());
    unfit.forEach((input) => wrong(input, input.dataset.rule));
    if (unfit.length) return unfit[0].focus();
    busy(save, true);
    await send(form, Object.fromEntries(changed.map((input) => [input.name, value(input)])));
    busy(save, false);
  });
  form.querySelectorAll("[data-unset]").forEach((button) => button.addEventListener("click", () => send(form, { [button.dataset.unset]: null })));
  look();
}

export const settings = () => document.querySelectorAll("[data-settings]").forEach(wire);
