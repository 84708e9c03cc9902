// The shipped script hooks/company_email.rhai: only addresses of allowed domains may sign up.
import { expect, test } from "vitest";
import { ALLOWED_DOMAIN, browser, companyEmail, PASSWORD, rowCounts, serve } from "./harness.mjs";

const server = serve(companyEmail);

test.each([`ada@${ALLOWED_DOMAIN}`, `Grace@${ALLOWED_DOMAIN.toUpperCase()}`])("%s may sign up", async (email) => {
  const { client } = browser(server);
  const { data, error } = await client.signUp.email({ name: "Ada", email, password: PASSWORD });
  expect(error).toBeNull();
  expect(data.user.email).toBe(email.toLowerCase());
});

test.each(["eve@evil.net", `eve@${ALLOWED_DOMAIN}.evil.net`, `eve@not${ALLOWED_DOMAIN}`, `${ALLOWED_DOMAIN}@evil.net`])("%s is refused: no row, no mail, no cookie", async (email) => {
  const before = { rows: await rowCounts(server), mails: await server.mailbox() };
  const { client, jar } = browser(server);
  const { data, error } = await client.signUp.email({ name: "Eve", email, password: PASSWORD });
  expect(data).toBeNull();
  expect(error).toMatchObject({ status: 400, code: "EMAIL_DOMAIN_NOT_ALLOWED" });
  expect(error.message).not.toBe("");
  expect(jar.size).toBe(0);
  expect({ rows: await rowCounts(server), mails: await server.mailbox() }).toEqual(before);
});

test("other endpoints are left alone", async () => {
  const { error } = await browser(server).client.signIn.email({ email: "eve@evil.net", password: PASSWORD });
  expect(error).toMatchObject({ status: 401, code: "INVALID_EMAIL_OR_PASSWORD" });
});
