// Bad input gets an answer of its own: never a 5xx, no row, no mail, no cookie.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newUser, PASSWORD, raw, rowCounts, serve } from "./harness.mjs";

const json = { "content-type": "application/json" };
const user = { name: "Ada", email: "bad@example.com", password: PASSWORD };
const post = (path, body, headers = json) => ["POST", `/api/auth${path}`, { headers, body: typeof body === "string" ? body : JSON.stringify(body) }];
const deep = (n) => "[".repeat(n) + "]".repeat(n);

// [what, request, status, code]: code null = the body must be empty, undefined = any message.
const table = [
  ["malformed JSON", post("/sign-up/email", '{"name":'), 400, "BAD_REQUEST"],
  ["text after the JSON", post("/sign-up/email", `${JSON.stringify(user)} x`), 400, "BAD_REQUEST"],
  ["deeply nested JSON", post("/sign-up/email", deep(20_000)), 400],
  ["a lone surrogate", post("/sign-in/email", '{"email":"\\ud800@example.com","password":"x"}'), 400],
  ["an array", post("/sign-up/email", []), 400, "VALIDATION_ERROR"],
  ["null", post("/sign-in/email", "null"), 400, "VALIDATION_ERROR"],
  ["no body", ["POST", "/api/auth/sign-in/email", {}], 400, "VALIDATION_ERROR"],
  ["an empty object", post("/sign-up/email", {}), 400, "VALIDATION_ERROR"],
  ...["name", "email", "password"].map((key) => [`no ${key}`, post("/sign-up/email", { ...user, [key]: undefined }), 400, "VALIDATION_ERROR"]),
  ["wrong types", post("/sign-up/email", { name: 1, email: [], password: {} }), 400, "VALIDATION_ERROR"],
  ["wrong types at sign-in", post("/sign-in/email", { email: 1, password: [] }), 400, "VALIDATION_ERROR"],
  ["rememberMe as text", post("/sign-in/email", { ...user, rememberMe: "no" }), 400, "VALIDATION_ERROR"],
  ["an address that is none", post("/sign-up/email", { ...user, email: "nope" }), 400, "VALIDATION_ERROR"],
  ["a NUL in the address", post("/sign-up/email", { ...user, email: "a\u0000@example.com" }), 400],
  ["a NUL in the name", post("/sign-up/email", { ...user, name: "A\u0000" }), 400],
  ["a NUL in the password", post("/sign-in/email", { ...user, password: "correct\u0000horse" }), 400],
  ["callbackURL as an object", post("/sign-in/email", { ...user, callbackURL: {} }), 400],
  ["a foreign callbackURL", post("/sign-in/email", { ...user, callbackURL: "https://evil.example.net" }), 403, "INVALID_CALLBACK_URL"],
  ["text/plain", post("/sign-up/email", JSON.stringify(user), { "content-type": "text/plain" }), 415, "UNSUPPORTED_MEDIA_TYPE"],
  ["an oversized body", post("/sign-up/email", { ...user, name: "x".repeat(2_000_000) }), 413],
  ["an oversized body of no type", post("/sign-up/email", "x".repeat(2_000_000), {}), 413],
  ["magic link without address", post("/sign-in/magic-link", {}), 400, "VALIDATION_ERROR"],
  ["magic link with metadata as text", post("/sign-in/magic-link", { email: user.email, metadata: "x" }), 400, "VALIDATION_ERROR"],
  ["magic link without token", ["GET", "/api/auth/magic-link/verify", {}], 400, "VALIDATION_ERROR"],
  ["magic link with two tokens", ["GET", "/api/auth/magic-link/verify?token=a&token=b", {}], 400, "VALIDATION_ERROR"],
  ["an unknown path", post("/sign-up/nothing", user), 404, null],
  ["a path outside", ["GET", "/other", {}], 404, null],
  ["a trailing slash", post("/sign-up/email/", user), 404, null],
  ["an encoded path", ["GET", "/api/auth/%6fk", {}], 404, null],
  ["broken percent-encoding", ["GET", "/api/auth/%zz", {}], 404, null],
  ["GET instead of POST", ["GET", "/api/auth/sign-in/email", {}], 404, null],
  ["PUT instead of POST", ["PUT", "/api/auth/sign-up/email", { headers: json, body: JSON.stringify(user) }], 404, null],
  ["DELETE", ["DELETE", "/api/auth/get-session", {}], 404, null],
  ["TRACE", ["TRACE", "/api/auth/ok", {}], 404, null],
];

const server = serve();
let before;
const state = async () => ({ rows: await rowCounts(server), mails: (await server.mailbox()).length });
beforeAll(async () => { before = await state(); });

describe("requests", () => {
  test.each(table)("%s", async (_, [method, path, init], status, code) => {
    const answer = await raw(server, method, path, init);
    expect(answer.status).toBe(status);
    expect(answer.headers.filter(([name]) => name === "set-cookie")).toEqual([]);
    if (code === null) expect(answer.text).toBe("");
    else {
      const body = JSON.parse(answer.text);
      expect(body.message).toEqual(expect.any(String));
      if (code) expect(body.code).toBe(code);
    }
  });
  afterAll(async () => expect(await state()).toEqual(before));
});

describe("cookies that are no session", () => {
  const NAME = "better-auth.session_token";
  const signature = encodeURIComponent(`${Buffer.alloc(32, 7).toString("base64")}`);
  const cookies = {
    "no signature": `${NAME}=abc`,
    "a short signature": `${NAME}=abc.def`,
    "a wrong signature": `${NAME}=${"a".repeat(32)}.${signature}`,
    "an empty token": `${NAME}=.${signature}`,
    "an empty value": `${NAME}=`,
    "broken percent-encoding": `${NAME}=%zz%E0%A4%A`,
    "no equals sign": NAME,
    "only separators": ";;;=;=",
    "a value of 6000 bytes": `${NAME}=${"a".repeat(6_000)}.${signature}`,
    "a cache cookie alone": "better-auth.session_data=AAAA",
    "bytes that are not UTF-8": `${NAME}=\xff\xfe.${signature}`,
  };
  test.each(Object.entries(cookies))("%s", async (_, cookie) => {
    const answer = await raw(server, "GET", "/api/auth/get-session", { headers: { cookie } });
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 200, text: "null" });
    for (const [name, line] of answer.headers) if (name === "set-cookie") expect(line).toMatch(/^[^=]+=; Max-Age=0;/);
  });

  test("a header of 64 KiB is refused without a 5xx", async () => {
    const answer = await raw(server, "GET", "/api/auth/get-session", { headers: { cookie: `${NAME}=${"a".repeat(65_536)}` } }).catch((error) => error);
    if (answer instanceof Error) expect(answer.code).toMatch(/^(ECONNRESET|EPIPE)$/);
    else expect(answer.status).toBeLessThan(500);
  });

  test("a signed token, changed in one character, is no session", async () => {
    const { jar } = await newUser(server);
    const value = decodeURIComponent(jar.get(NAME));
    const changed = (value[0] === "a" ? "b" : "a") + value.slice(1);
    const answer = await raw(server, "GET", "/api/auth/get-session", { headers: { cookie: `${NAME}=${encodeURIComponent(changed)}` } });
    expect(answer.text).toBe("null");
  });
});

describe("other origins", () => {
  const body = JSON.stringify({ email: user.email, password: PASSWORD });
  test.each(["https://evil.example.net", "null", "not a url"])("a sign-in from the origin %j is refused", async (origin) => {
    const answer = await raw(server, "POST", "/api/auth/sign-in/email", { headers: { ...json, origin }, body });
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.text).code).toMatch(/^(INVALID_ORIGIN|MISSING_OR_NULL_ORIGIN)$/);
  });
  test("a sign-out with cookies and without an origin is refused, the session lives", async () => {
    const { client, jar } = await newUser(server);
    const answer = await raw(server, "POST", "/api/auth/sign-out", { headers: { ...json, cookie: jar.header() }, body: "{}" });
    expect({ status: answer.status, ...JSON.parse(answer.text) }).toMatchObject({ status: 403, code: "MISSING_OR_NULL_ORIGIN" });
    expect((await client.getSession()).data).not.toBeNull();
  });
});
