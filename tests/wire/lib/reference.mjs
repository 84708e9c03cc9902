// Driver: the reference server in this process, on a SQLite database in memory.
import http from "node:http";
import Sqlite from "better-sqlite3";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import * as P from "better-auth/plugins";
import { passkey } from "@better-auth/passkey";
import { apiKey } from "@better-auth/api-key";
import { freePort } from "../../harness/doorward.mjs";
import { resolveVariant } from "./variant.mjs";

const PLUGINS = {
  twoFactor: (o, ob) => P.twoFactor({ issuer: "Wire App", otpOptions: { sendOTP: ({ user, otp }) => { ob.push({ type: "two-factor-otp", to: user.email, otp }); } }, ...o }),
  passkey: (o) => passkey({ rpName: "Wire App", ...o }),
  magicLink: (o, ob) => P.magicLink({ sendMagicLink: ({ email, url, token, metadata }) => { ob.push({ type: "magic-link", to: email, url, token, ...(metadata ? { metadata } : {}) }); }, ...o }),
  organization: (o, ob) => P.organization({ sendInvitationEmail: (d) => { ob.push({ type: "organization-invitation", to: d.email, id: d.id, role: d.role, organization: d.organization.slug, inviter: d.inviter.user.email }); }, ...o }),
  emailOTP: (o, ob) => P.emailOTP({ sendVerificationOTP: async ({ email, otp, type }) => { ob.push({ type: `email-otp:${type}`, to: email, otp }); }, ...o }),
  apiKey: (o) => apiKey(o),
};

export async function start(variant) {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const outbox = [];
  const { name, options, plugins } = resolveVariant(variant, { origin, outbox });
  const db = options.database === null ? null : new Sqlite(":memory:");
  const { database, ...rest } = options;
  const authOptions = {
    ...rest,
    ...(db ? { database: db } : {}),
    logger: { disabled: true },
    telemetry: { enabled: false },
    plugins: Object.entries(plugins).map(([n, o]) => (PLUGINS[n] ? PLUGINS[n](o, outbox) : P[n](o))),
  };
  const auth = betterAuth(authOptions);
  if (db) await (await getMigrations(authOptions)).runMigrations();
  const server = http.createServer(toNodeHandler(auth));
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    name, options, plugins, outbox, port, origin,
    basePath: options.basePath ?? "/api/auth",
    hasDatabase: db !== null,
    run: async (sql, ...values) => { db.prepare(sql).run(...values); },
    all: async (sql, ...values) => db.prepare(sql).all(...values),
    collectMail: async () => {},
    close: async () => { await new Promise((resolve) => server.close(resolve)); db?.close(); },
  };
}
