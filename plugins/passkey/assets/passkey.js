// Passkeys in pages: sign in with one, let the browser offer one, add, rename and delete.
// The page that shows the section gives each action its tools: { call, go, ask, say, page, comeback, device, node, values }.

const PATHS = { options: "/passkey/generate-authenticate-options", verify: "/passkey/verify-authentication" };
const GIVEN_UP = ["NotAllowedError", "AbortError"];

/** The ceremony that waits in the field of the address; one that is asked for takes its place. */
let waiting;

const knows = () => Boolean(globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON);

/** Tells the browser that a passkey opens nothing any more, so that it is not offered again. */
async function forget(rpId, credentialId) {
  const told = Promise.resolve(PublicKeyCredential.signalUnknownCredential?.({ rpId, credentialId })).catch(() => { /* The browser need not listen. */ });
  await Promise.race([told, new Promise((resolve) => setTimeout(resolve, 500))]);
}

async function signIn({ call, go, target }, more = {}) {
  const { data: options, error } = await call(PATHS.options);
  if (error) return { error };
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = await navigator.credentials.get({ publicKey, ...more });
  const answer = await call(PATHS.verify, { response: credential.toJSON() });
  if (answer.error?.code === "PASSKEY_NOT_FOUND") await forget(options.rpId, credential.id);
  if (answer.error) return { error: answer.error };
  return answer.data.twoFactorRedirect ? answer : (go(target()), { stays: true });
}

/** What a ceremony that failed in the browser means to the person. */
const failed = (error, { say }) => ({ error: { code: error.name, text: say(GIVEN_UP.includes(error.name) ? "passkey_none" : "unknown") } });

async function create({ call, device }, { name, mediation } = {}) {
  const { data: options, error } = await call("/passkey/generate-register-options");
  if (error) return { error };
  const credential = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options), ...(mediation && { mediation }) });
  return call("/passkey/verify-registration", { response: credential.toJSON(), name: name ?? device(navigator.userAgent).name });
}

export const actions = {
  async "sign-in"(tools) {
    waiting?.abort();
    try { return await signIn(tools); } catch (error) { return failed(error, tools); } finally { offer(tools); }
  },

  async add(tools) {
    const { ask, device, values } = tools;
    const field = { label: values.label, value: device(navigator.userAgent).name };
    const done = await ask({ title: values.question, yes: tools.node.textContent, danger: false, field }, async ({ field: name }) => {
      try { return await create(tools, { name }); } catch (error) {
        return error.name === "InvalidStateError" ? { error: tools.refusal("PREVIOUSLY_REGISTERED") } : failed(error, tools);
      }
    });
    return { stays: !done };
  },

  async rename({ ask, call, values, node }) {
    const field = { label: values.label, value: values.name };
    const done = await ask({ title: values.question, yes: node.textContent, danger: false, field }, ({ field: name }) => call("/passkey/update-passkey", { id: values.id, name }));
    return { stays: !done };
  },

  async delete({ ask, call, values, node }) {
    const done = await ask({ title: values.question, text: values.text, yes: node.textContent }, () => call("/passkey/delete-passkey", { id: values.id }));
    if (done) await forget(values.rpId, values.credential);
    return { stays: !done };
  },
};

/** Passkeys that the browser offers by itself while the address is typed. */
async function offer(tools) {
  if (!document.querySelector('input[autocomplete~="webauthn"]') || !(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  waiting = new AbortController();
  try {
    const { error } = await signIn(tools, { mediation: "conditional", signal: waiting.signal });
    if (error) tools.refuse(error);
  } catch { /* Another way was chosen. */ }
}

/** After a sign-in by password, the browser may make a passkey without a question, where it can. */
async function upgrade(tools) {
  const can = await PublicKeyCredential.getClientCapabilities?.();
  if (!can?.conditionalCreate) return;
  waiting?.abort();
  try { await create(tools, { mediation: "conditional" }); } catch { /* It chose not to. */ }
}

export function start(tools) {
  const button = document.querySelector('[data-plugin="passkey"] .way');
  if (!knows()) {
    if (button) button.hidden = true;
    return;
  }
  if (!button) return;
  tools.afterPassword(() => upgrade(tools));
  offer(tools);
}
