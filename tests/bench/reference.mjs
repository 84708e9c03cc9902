// The reference on Node, for the bench: argument 1 is the port, 2 the SQLite file. Needs `npm ci` in tests/.
import { createServer } from "node:http";
import Sqlite from "better-sqlite3";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";

const [port, file] = process.argv.slice(2);
const origin = `http://127.0.0.1:${port}`;
const options = {
  baseURL: origin,
  secret: "a secret of the benchmark that is long enough",
  database: new Sqlite(file),
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { disabled: true },
};
const { runMigrations } = await getMigrations(options);
await runMigrations();
const { handler } = betterAuth(options);

createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const { method, url, headers } = request;
  const answer = await handler(new Request(origin + url, { method, headers, body: parts.length ? Buffer.concat(parts) : undefined }));
  // The load generator reads bodies by their length.
  const body = Buffer.from(await answer.arrayBuffer());
  response.writeHead(answer.status, { "content-length": body.length, "content-type": answer.headers.get("content-type") ?? "text/plain", "set-cookie": answer.headers.getSetCookie() });
  response.end(body);
}).listen(Number(port), "127.0.0.1");
