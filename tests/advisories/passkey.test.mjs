// What hit passkeys elsewhere, by the ids of the advisories. `docs/security.md` lists them.
import { describe, expect, test } from "vitest";
import { browser, newUser, rowCounts, serve } from "../client/harness.mjs";
import { Authenticator } from "../wire/lib/authenticator.mjs";

const options = async (who, ceremony) => (await who.client.$fetch(`/passkey/generate-${ceremony}-options`)).data;
const verify = async (who, ceremony, response, headers = {}) => {
  const { data, error } = await who.client.$fetch(`/passkey/verify-${ceremony}`, { method: "POST", body: { response }, headers });
  return data ? "ok" : `${error.status} ${error.code}`;
};
const register = async (who, authenticator, origin, headers) => verify(who, "registration", authenticator.create(await options(who, "register"), origin), headers);
const signIn = async (who, authenticator, origin, headers) => verify(who, "authentication", authenticator.get(await options(who, "authenticate"), origin), headers);
const passkeys = async ({ client }) => (await client.$fetch("/passkey/list-user-passkeys")).data;
// What is answered to who has no session, where a session of any age is enough.
const NOBODY = "400 RESOLVE_USER_REQUIRED";
const strict = { id: "passkey", authenticator_selection: { user_verification: "required" } };

describe("CVE-2026-134320", () => {
  const server = serve({ plugins: [strict] });

  test("a passkey that did not verify its user is neither registered nor signs in, where that is required", async () => {
    const user = await newUser(server);
    expect(await register(user, new Authenticator({ uv: false }), server.origin)).toMatch(/^400 /);
    expect(await passkeys(user)).toEqual([]);
    const authenticator = new Authenticator();
    expect(await register(user, authenticator, server.origin)).toBe("ok");
    const before = await rowCounts(server);
    authenticator.uv = false;
    const who = browser(server);
    expect(await signIn(who, authenticator, server.origin)).toMatch(/^400 /);
    expect((await who.client.getSession()).data).toBeNull();
    expect((await rowCounts(server))?.session).toBe(before?.session);
    authenticator.uv = true;
    expect(await signIn(who, authenticator, server.origin)).toBe("ok");
  });

  test("the page that may ask is the configuration's, whatever a request says about itself", async () => {
    const user = await newUser(server);
    const authenticator = new Authenticator();
    expect(await register(user, authenticator, server.origin)).toBe("ok");
    const evil = "https://evil.example";
    for (const headers of [{}, { "x-forwarded-host": "evil.example", "x-forwarded-proto": "https" }, { referer: `${evil}/` }, { forwarded: "host=evil.example;proto=https" }]) {
      const who = browser(server);
      expect(await signIn(who, authenticator, evil, headers), JSON.stringify(headers)).not.toBe("ok");
      expect((await who.client.getSession()).data).toBeNull();
      expect(await register(user, new Authenticator(), evil, headers), JSON.stringify(headers)).not.toBe("ok");
    }
    expect(await passkeys(user)).toHaveLength(1);
  });
});

describe("CVE-2026-134321", () => {
  for (const strategy of ["compact", "jwt", "jwe"]) {
    describe(strategy, () => {
      const server = serve({ session: { cookie_cache: { enabled: true, max_age: 300, strategy } }, plugins: [{ id: "passkey", registration: { require_session: false } }, { id: "magic-link" }] });

      test("a copy of a session that has ended registers no passkey", async () => {
        const user = await newUser(server);
        const [before, after] = [new Authenticator(), new Authenticator()];
        const asked = await options(user, "register");
        expect(asked.challenge).toBeTruthy();
        const elsewhere = browser(server);
        await elsewhere.client.signIn.email({ email: user.email, password: user.password });
        expect((await elsewhere.client.revokeOtherSessions()).error).toBeNull();
        expect(await verify(user, "registration", before.create(asked, server.origin))).toBe(NOBODY);
        const { data } = await user.client.$fetch("/passkey/generate-register-options");
        if (data) expect(await verify(user, "registration", after.create(data, server.origin))).toBe(NOBODY);
        expect(await passkeys(elsewhere)).toEqual([]);
      });
    });
  }
});
