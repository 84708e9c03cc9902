// Writes a variant of the reference as Doorward's configuration, or says why it cannot.
import fs from "node:fs";
import { parse } from "smol-toml";
import { SECRET } from "./variant.mjs";

/** A variant that Doorward cannot be configured to: the message is the reason. */
export class Unsupported extends Error {}

// Keys whose own keys are data and stay as they are written.
const DATA = new Set(["additionalFields", "fields", "cookies", "customRules", "socialProviders", "roles", "modelName"]);
// Senders that change what the endpoint does when they are present; the others are on with the [mail] section.
const SWITCHES = new Set(["sendDeleteAccountVerification", "sendChangeEmailConfirmation"]);
// Callbacks that Doorward takes as templates: called once with fields that read as their own names in braces.
const TEMPLATES = new Set(["definePayload", "getSubject"]);
const fieldsOf = (model) => new Proxy({}, { get: (_, field) => `{${model}.${String(field)}}`, ownKeys: () => { throw new Unsupported(`all fields of the ${model} at once`); } });
const DROPPED = {
  "emailAndPassword.sendResetPassword": ["email_and_password", "send_reset_password"],
  emailVerification: ["email_verification", "send_verification_email"],
};
const listed = parse(fs.readFileSync(new URL("../differences.toml", import.meta.url), "utf8"));
// Where the default is safer than the reference's and would end a flow early, the flow is played with the reference's.
const options = listed.option ?? [];
const AS_THE_REFERENCE = Object.fromEntries(options.filter((o) => o.plugin).map(({ plugin, set }) => [plugin, set]));
const CORE_AS_THE_REFERENCE = options.filter((o) => !o.plugin).map(({ set }) => set);
const PLUGIN_DEFAULTS = { twoFactor: { issuer: "Wire App" }, passkey: { rpName: "Wire App" } };

/** camelCase to snake_case, an abbreviation being one word: baseURL → base_url, disableCSRFCheck → disable_csrf_check. */
export const snakeCase = (key) => key.replace(/OAuth/g, "Oauth").replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2").replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
/** The id of a plugin's component: twoFactor → two-factor, emailOTP → email-otp. */
export const pluginId = (name) => name === "genericOAuth" ? "social" : snakeCase(name.replace("openAPI", "openApi")).replace(/_/g, "-");

function plain(value, path, isData = false) {
  if (Array.isArray(value)) return value.map((v, i) => plain(v, `${path}.${i}`));
  if (value === null || typeof value !== "object") return value;
  if (value.constructor !== Object || "authorize" in value || "newRole" in value) throw new Unsupported(`${path} is an object of the reference's own`);
  const out = {};
  for (const [key, v] of Object.entries(value)) {
    const name = isData ? key : snakeCase(key);
    if (typeof v === "function") {
      if (SWITCHES.has(key)) out[name] = true;
      else if (TEMPLATES.has(key)) out[name] = v({ user: fieldsOf("user"), session: fieldsOf("session") });
      else if (!key.startsWith("send")) throw new Unsupported(`${path}.${key} is a callback`);
    } else if (v === undefined) {
      if (key === "otpOptions") out[name] = { send_otp: false };
    } else out[name] = plain(v, `${path}.${key}`, DATA.has(key));
  }
  return out;
}

const isTable = (v) => v !== null && typeof v === "object" && !Array.isArray(v);
const over = (below, above) => Object.entries(above).reduce((o, [k, v]) => ({ ...o, [k]: isTable(v) && isTable(o[k]) ? over(o[k], v) : v }), below);

// The reference has providers in its core and, with any endpoints, in a plugin; here they are one plugin.
function social(socialProviders = {}, { config = [] } = {}) {
  const providers = plain(socialProviders, "socialProviders", true);
  for (const { providerId, ...o } of config) providers[providerId] = plain(o, `genericOAuth.${providerId}`);
  const hosts = config.flatMap((o) => Object.values(o)).filter((v) => typeof v === "string" && /^https?:/.test(v)).map((url) => new URL(url).host);
  return { id: "social", ...AS_THE_REFERENCE.social, providers, http: { hosts: [...new Set(hosts)], allow_private: true, allow_http: true } };
}

/** The configuration of a resolved variant, without address, database and mail. */
export function toConfig({ options, plugins, dropped }) {
  const { database, secret, socialProviders, ...rest } = options;
  const config = CORE_AS_THE_REFERENCE.reduce((below, set) => over(set, below), { ...plain(rest, "options"), secret: SECRET });
  config.advanced = { ...config.advanced, ip_address: { source: "header", ...config.advanced?.ip_address } };
  for (const path of dropped) {
    const [section, key] = DROPPED[path];
    config[section] = { ...config[section], [key]: false };
  }
  // What needs rows is refused at the start without a database; the flows of that mode do not use it.
  if (database === null) for (const option of ["email_and_password", "user"]) delete config[option];
  const { genericOAuth, ...others } = plugins;
  const list = Object.entries(others).map(([name, o]) => {
    const id = pluginId(name);
    return { id, ...over(AS_THE_REFERENCE[id] ?? {}, plain({ ...PLUGIN_DEFAULTS[name], ...o }, name)) };
  });
  config.plugins = [...list, social(socialProviders, genericOAuth)];
  return config;
}
