// A real OpenID provider (the package oidc-provider) in this process: PKCE, nonces and rotating refresh tokens.
import http from "node:http";
import { Jar } from "./http.mjs";

/** Listens at once; `register(redirectUri)` makes the provider with one client and returns the client's credentials. */
export async function startOpenIdProvider() {
  const { Provider } = await import("oidc-provider");
  const people = new Map();
  let answer = (req, res) => res.writeHead(503).end();
  const listener = http.createServer((req, res) => answer(req, res));
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${listener.address().port}`;
  const client = { client_id: "doorward", client_secret: "a-secret-of-the-client-0123456789" };

  const register = (redirectUri, more = {}) => {
    const provider = new Provider(issuer, {
      clients: [{ ...client, redirect_uris: [redirectUri], grant_types: ["authorization_code", "refresh_token"], response_types: ["code"], token_endpoint_auth_method: "client_secret_basic", post_logout_redirect_uris: [`${new URL(redirectUri).origin}/bye`] }],
      cookies: { keys: ["a key of the provider's cookies"] },
      claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "picture"] },
      findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...people.get(id) }) }),
      issueRefreshToken: () => true,
      rotateRefreshToken: true,
      pkce: { required: () => true },
      ...more,
    });
    answer = provider.callback();
    return client;
  };

  /** What the browser of `login` does at the provider: where it is sent at the end. `deny` leaves the form. */
  async function visit(url, login, { deny = false } = {}) {
    const jar = new Jar();
    let next = { url, method: "GET" };
    for (let step = 0; step < 12; step++) {
      const headers = { ...(jar.size ? { cookie: jar.header() } : {}), ...(next.body ? { "content-type": "application/x-www-form-urlencoded" } : {}) };
      const response = await fetch(next.url, { method: next.method, body: next.body, headers, redirect: "manual" });
      jar.absorb(response.headers.getSetCookie().map((line) => ["set-cookie", line]));
      const location = response.headers.get("location");
      if (location) {
        const target = new URL(location, next.url);
        if (target.origin !== issuer) return target.href;
        next = { url: target.href, method: "GET" };
        continue;
      }
      const page = await response.text();
      const prompt = page.match(/name="prompt" value="(\w+)"/)?.[1];
      if (!prompt) throw new Error(`the provider shows ${response.status} ${page.slice(0, 300)}`);
      const body = new URLSearchParams(prompt === "login" ? { prompt, login, password: "any" } : { prompt });
      next = deny ? { url: `${next.url}/abort`, method: "GET" } : { url: next.url, method: "POST", body: body.toString() };
    }
    throw new Error("the provider does not let the browser go");
  }

  const stop = () => new Promise((resolve) => { listener.closeAllConnections(); listener.close(resolve); });
  return { issuer, host: new URL(issuer).host, client, people, register, visit, stop };
}
