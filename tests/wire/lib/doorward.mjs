// Driver: the built Doorward binary, on a fresh SQLite, PostgreSQL or MariaDB database.
import { freshDatabase, noDatabase } from "../../harness/database.mjs";
import { startDoorward } from "../../harness/doorward.mjs";
import { toConfig } from "./config.mjs";
import { resolveVariant } from "./variant.mjs";

const MAIL_LIMIT_MS = 2_000;
const SETTLE_MS = 50;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// A mail of the development mailbox, as the recorder writes one.
const asRecorded = {
  "change-email": ({ to, data }) => ({ type: "change-email-confirmation", to, newEmail: data.newEmail, url: data.url, token: data.token }),
  "magic-link": ({ to, data }) => ({ type: "magic-link", to, url: data.url, token: data.token, ...(data.metadata ? { metadata: data.metadata } : {}) }),
  "two-factor-otp": ({ to, data }) => ({ type: "two-factor-otp", to, otp: data.otp }),
  "email-otp": ({ to, data }) => ({ type: `email-otp:${data.type}`, to, otp: data.otp }),
  "organization-invitation": ({ to, data }) => ({ type: "organization-invitation", to, id: data.id, role: data.role, organization: data.organization?.slug, inviter: data.inviter?.user?.email }),
};
const link = ({ kind, to, data }) => ({ type: kind, to, ...(data.newEmail ? { newEmail: data.newEmail } : {}), url: data.url, token: data.token });

/** A server with a database has this Redis beside it. Flows look at rows, so rows are kept. */
const beside = (redis) => ({ rate_limit, session, verification, ...config }) => ({
  ...config,
  secondary_storage: { url: redis },
  session: { ...session, store_session_in_database: true },
  verification: { ...verification, store_in_database: true },
  rate_limit: { storage: "memory", ...rate_limit },
});

export const driver = (databaseKind, redis) => async function start(variant) {
  const resolve = (origin) => resolveVariant(variant, { origin });
  toConfig(resolve("http://localhost")); // an unsupported variant is known before anything is made
  const hasDatabase = resolve("http://localhost").options.database !== null;
  const database = hasDatabase ? await freshDatabase(databaseKind) : noDatabase;
  let server;
  try {
    const extended = redis && hasDatabase ? beside(redis) : (config) => config;
    server = await startDoorward({ database, config: (origin) => extended(toConfig(resolve(origin))) });
  } catch (error) { await database.drop(); throw error; }
  const { name, options, plugins } = resolve(server.origin);
  const outbox = [];
  const seen = new Set();
  const collect = async () => {
    for (const mail of (await server.mailbox()).toReversed()) {
      if (seen.has(mail.id)) continue;
      seen.add(mail.id);
      outbox.push((asRecorded[mail.kind] ?? link)(mail));
    }
  };
  return {
    name, options, plugins, outbox, port: server.port, origin: server.origin,
    basePath: options.basePath ?? "/api/auth",
    hasDatabase,
    run: database.run,
    all: database.all,
    // Mail leaves after the answer: wait for the mails that are expected, or a moment when that is not known.
    collectMail: async (expected) => {
      if (expected === undefined) await pause(SETTLE_MS);
      const limit = Date.now() + MAIL_LIMIT_MS;
      await collect();
      while (expected !== undefined && outbox.length < expected && Date.now() < limit) { await pause(10); await collect(); }
    },
    close: async () => { await server.stop(); await database.drop(); },
  };
};
