// Tests of the comparison itself: what it must see, and what it must not take for a difference.
import { expect, test } from "vitest";
import { compareStep, isCovered, Names } from "./lib/compare.mjs";
import { pluginId, snakeCase, toConfig } from "./lib/config.mjs";
import { resolveVariant } from "./lib/variant.mjs";

const step = (response, extra = {}) => ({ note: "n", response: { status: 200, statusText: "OK", headers: {}, ...response }, ...extra });
const paths = (a, b, names = new Names()) => compareStep(a, b, names).map((d) => d.path);

test("a differing status, header, body value, missing and extra key are seen", () => {
  expect(paths(step({ status: 200 }), step({ status: 500 }))).toEqual(["response.status"]);
  expect(paths(step({ headers: { location: "/a" } }), step({ headers: { location: "/b" } }))).toEqual(["response.headers.location"]);
  expect(paths(step({ body: { a: 1, b: null } }), step({ body: { a: "1" } }))).toEqual(["response.body.a", "response.body.b"]);
  expect(paths(step({ body: {} }), step({ body: { leak: 1 } }))).toEqual(["response.body.leak"]);
  expect(paths(step({}), step({}, { outbox: [{ type: "magic-link" }] }))).toEqual(["outbox"]);
  expect(paths(step({}), undefined)).toEqual([""]);
});

test("a wait may be a second shorter, and no more", () => {
  const wait = (secs) => step({ headers: { "x-retry-after": secs } });
  expect(paths(wait("10"), wait("9"))).toEqual([]);
  for (const secs of ["8", "11", "", "9x"]) expect(paths(wait("10"), wait(secs))).toEqual(["response.headers.x-retry-after"]);
  expect(paths(step({ headers: { age: "10" } }), step({ headers: { age: "9" } }))).toEqual(["response.headers.age"]);
});

test("cookies keep their order and attributes, bodies the order of their keys", () => {
  const cookies = (...list) => step({ headers: { "set-cookie": list } });
  expect(paths(cookies("a=1; Path=/", "b=2"), cookies("b=2", "a=1; Path=/"))).toHaveLength(2);
  expect(paths(cookies("a=1; Path=/; HttpOnly"), cookies("a=1; HttpOnly; Path=/"))).toHaveLength(1);
  expect(paths(step({ body: { a: 1, b: 2 } }), step({ body: { b: 2, a: 1 } }))).toEqual(["response.body.(key order)"]);
});

test("the status text, the order of headers and the added security headers are no difference", () => {
  const golden = step({ headers: { "content-type": "x", "cache-control": "y" } });
  const actual = { ...step({ headers: { "x-request-id": "1", "cache-control": "y", "content-type": "x", "x-frame-options": "DENY" } }) };
  actual.response.statusText = "";
  expect(paths(golden, actual)).toEqual([]);
  expect(paths(golden, step({ headers: { "content-type": "x", "cache-control": "y", "x-powered-by": "z" } }))).toEqual(["response.headers.x-powered-by"]);
});

test("numbered placeholders are matched one to one over the whole flow", () => {
  const names = new Names();
  expect(paths(step({ body: ["<id#1>", "<id#2>"] }), step({ body: ["<id#2>", "<id#1>"] }), names)).toEqual([]);
  expect(paths(step({ body: "<id#1>" }), step({ body: "<id#2>" }), names)).toEqual([]);
  expect(paths(step({ body: "<id#1>" }), step({ body: "<id#1>" }), names)).toEqual(["response.body"]);
  expect(paths(step({ body: "<id#3>" }), step({ body: "<token:32#3>" }), names)).toEqual(["response.body"]);
  expect(paths(step({ body: "<id#4>-<id#4>" }), step({ body: "<id#5>-<id#6>" }), names)).toEqual(["response.body"]);
});

test("rows of a database have no order", () => {
  const rows = (...rows) => ({ note: "rows", rows });
  const [one, two] = [{ identifier: "2fa-<token:20#1>", value: "<id#1>" }, { identifier: "2fa-attempts-<token:20#1>", value: "0" }];
  expect(compareStep(rows(one, two), rows(two, one), new Names())).toEqual([]);
  expect(compareStep(rows(one, two), rows(two, { ...one, value: "<id#1>x" }), new Names())).toHaveLength(1);
  expect(compareStep(rows(one, two), rows(two), new Names())).not.toEqual([]);
});

test("a listed difference covers what it names and nothing else", () => {
  const differences = [{ path: "response.status", actual: 401 }, { path: "response.body.code", actual: "X" }];
  expect(isCovered(differences, { changes: { "response.status": 401, "response.body": "*" } })).toBe(true);
  expect(isCovered(differences, { changes: { "response.status": 401 } })).toBe(false);
  expect(isCovered(differences, { changes: { "response.status": 403, "response.body": "*" } })).toBe(false);
  expect(isCovered(differences, { changes: { response: { status: 401 } } })).toBe(false);
});

test("options become configuration", () => {
  expect(["baseURL", "disableCSRFCheck", "encryptOAuthTokens", "rpID", "sendOTP", "enableSessionForAPIKeys", "ipv6Subnet"].map(snakeCase))
    .toEqual(["base_url", "disable_csrf_check", "encrypt_oauth_tokens", "rp_id", "send_otp", "enable_session_for_api_keys", "ipv6_subnet"]);
  expect(["twoFactor", "emailOTP", "openAPI", "genericOAuth", "lastLoginMethod"].map(pluginId))
    .toEqual(["two-factor", "email-otp", "open-api", "social", "last-login-method"]);
  const config = (v) => toConfig(resolveVariant(v, { origin: "http://localhost:1" }));
  expect(config({ name: "x", options: { user: { additionalFields: { favouriteColour: { defaultValue: "blue" } } } } }).user.additional_fields).toEqual({ favouriteColour: { default_value: "blue" } });
  expect(config("links").plugins.filter(({ id }) => id !== "social")).toEqual([{ id: "magic-link" }, { id: "last-login-method" }]);
  expect(config("core").advanced).toEqual({ ip_address: { source: "header" } });
  expect(config({ name: "x", options: { database: null, emailAndPassword: { enabled: true } } })).not.toHaveProperty("email_and_password");
  expect(() => config({ name: "x", plugins: { jwt: { jwt: { sign: () => "" } } } })).toThrow("jwt.jwt.sign is a callback");
  const payload = ({ user }) => ({ mail: user.email });
  expect(config({ name: "x", plugins: { jwt: { jwt: { definePayload: payload } } } }).plugins[0].jwt.define_payload).toEqual({ mail: "{user.email}" });
});
