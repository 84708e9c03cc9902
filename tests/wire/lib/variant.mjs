// What a flow's variant means: the reference's options and plugins, before a server is made of them.
export const SECRET = "wire-contract-secret-0123456789-abcdefghijklmnop";

const SIX = { twoFactor: {}, passkey: {}, magicLink: {}, jwt: {}, lastLoginMethod: {}, admin: {} };
const SETS = {
  core: {},
  links: { magicLink: {}, lastLoginMethod: {} },
  six: SIX,
  full: { ...SIX, bearer: {}, username: {}, openAPI: {}, organization: { teams: { enabled: true } }, apiKey: {}, emailOTP: {}, multiSession: {}, oneTimeToken: {}, anonymous: {} },
};

const isPlain = (v) => v !== null && typeof v === "object" && v.constructor === Object;
const merge = (a, b) => Object.entries(b).reduce((o, [k, v]) => ({ ...o, [k]: isPlain(v) && isPlain(a[k]) ? merge(a[k], v) : v }), { ...a });

/** variant: the name of a set, or {name, set, plugins, options, rateLimit, dropDefaults}; outbox receives the mails. */
export function resolveVariant(variant, { origin, outbox = [] }) {
  const v = typeof variant === "string" ? { name: variant, set: variant } : variant;
  const push = (type) => (d) => { outbox.push({ type, to: d.user?.email, ...(d.newEmail ? { newEmail: d.newEmail } : {}), url: d.url, token: d.token }); };
  const base = {
    appName: "Wire App",
    baseURL: origin,
    secret: SECRET,
    trustedOrigins: ["http://trusted.example.com", "https://*.wild.example.com", "myapp://"],
    emailAndPassword: { enabled: true, sendResetPassword: push("reset-password") },
    emailVerification: { sendVerificationEmail: push("verify-email") },
    user: { changeEmail: { enabled: true }, deleteUser: { enabled: true } },
    rateLimit: v.rateLimit ?? { enabled: false },
  };
  const dropped = v.dropDefaults ?? [];
  for (const path of dropped) {
    const keys = path.split(".");
    const last = keys.pop();
    delete keys.reduce((o, k) => o[k], base)[last];
  }
  const extra = typeof v.options === "function" ? v.options({ outbox, push, origin }) : v.options ?? {};
  const plugins = Object.entries({ ...SETS[v.set], ...v.plugins }).map(([name, o]) => [name, typeof o === "function" ? o({ outbox, origin }) : o]);
  return { name: v.name, options: merge(base, extra), plugins: Object.fromEntries(plugins), dropped };
}
