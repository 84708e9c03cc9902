// Two fake OpenID providers: discovery, authorize, token, userinfo, jwks, end-session. Every request it gets is logged.
import http from "node:http";
import crypto from "node:crypto";
import { rawRequest } from "../../harness/http.mjs";
import { SignJWT, exportJWK, generateKeyPair } from "jose";
async function startIdp() {
  const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: "idp-key-1", alg: "RS256", use: "sig" };
  const st = { user: null, fail: null, log: [], codes: new Map(), refreshTokens: new Map(), n: 0, accessTokens: new Map(), expiresIn: 3600, scope: undefined, idTokenOverride: undefined };
  const readBody = (req) => new Promise((r) => { let b = ""; req.on("data", (c) => (b += c)); req.on("end", () => r(b)); });
  st.idToken = (user, nonce, aud = "wire-client", extra = {}) => new SignJWT({ email: user.email, email_verified: user.email_verified, name: user.name, picture: user.picture, ...(nonce ? { nonce } : {}), ...extra }).setProtectedHeader({ alg: "RS256", kid: jwk.kid }).setIssuer(st.issuer).setAudience(aud).setSubject(user.sub).setIssuedAt().setExpirationTime("1h").sign(privateKey);
  const server = http.createServer(async (req, res) => {
    const url = new URL(req.url, st.issuer);
    const body = await readBody(req);
    const json = (code, o) => { res.writeHead(code, { "content-type": "application/json" }); res.end(JSON.stringify(o)); };
    const hdr = {}; for (const k of ["authorization", "content-type", "accept"]) if (req.headers[k]) hdr[k] = req.headers[k];
    st.log.push({ method: req.method, path: url.pathname + url.search, headers: hdr, body: body || undefined });
    if (url.pathname === "/.well-known/openid-configuration") return json(200, { issuer: st.issuer, authorization_endpoint: st.issuer + "/authorize", token_endpoint: st.issuer + "/token", userinfo_endpoint: st.issuer + "/userinfo", jwks_uri: st.issuer + "/jwks", end_session_endpoint: st.issuer + "/logout", id_token_signing_alg_values_supported: ["RS256"], response_types_supported: ["code"], subject_types_supported: ["public"] });
    if (url.pathname === "/jwks") return json(200, { keys: [jwk] });
    if (url.pathname === "/authorize") {
      const q = url.searchParams; const code = `code-${++st.n}-${crypto.randomBytes(8).toString("hex")}`;
      st.codes.set(code, { user: st.user, nonce: q.get("nonce"), challenge: q.get("code_challenge"), redirect: q.get("redirect_uri"), client: q.get("client_id") });
      const back = new URL(q.get("redirect_uri"));
      if (st.fail === "authorize") { back.searchParams.set("error", "access_denied"); back.searchParams.set("error_description", "The user denied the request"); }
      else back.searchParams.set("code", code);
      back.searchParams.set("state", q.get("state"));
      if (st.iss) back.searchParams.set("iss", st.iss);
      res.writeHead(302, { location: back.toString() }); return res.end();
    }
    if (url.pathname === "/token") {
      if (st.fail === "token") return json(400, { error: "invalid_grant", error_description: "bad code" });
      const p = new URLSearchParams(body);
      let grant;
      if (p.get("grant_type") === "authorization_code") {
        grant = st.codes.get(p.get("code")); st.codes.delete(p.get("code"));
        if (!grant) return json(400, { error: "invalid_grant" });
        if (grant.challenge && crypto.createHash("sha256").update(p.get("code_verifier") || "").digest("base64url") !== grant.challenge) return json(400, { error: "invalid_grant", error_description: "pkce" });
      } else { grant = st.refreshTokens.get(p.get("refresh_token")); if (!grant) return json(400, { error: "invalid_grant" }); }
      const at = `at-${crypto.randomBytes(12).toString("hex")}`, rt = `rt-${crypto.randomBytes(12).toString("hex")}`;
      st.accessTokens.set(at, grant); st.refreshTokens.set(rt, grant);
      const out = { access_token: at, token_type: "Bearer", expires_in: st.expiresIn, refresh_token: rt, scope: st.scope ?? "openid email profile" };
      if (!st.noIdToken) out.id_token = st.idTokenOverride ?? (await st.idToken(grant.user, grant.nonce, grant.client));
      return json(200, out);
    }
    if (url.pathname === "/userinfo") {
      if (st.fail === "userinfo") return json(401, { error: "invalid_token" });
      const g = st.accessTokens.get((req.headers.authorization || "").replace(/^Bearer /, ""));
      return g ? json(200, { ...g.user }) : json(401, { error: "invalid_token" });
    }
    if (url.pathname === "/logout") { res.writeHead(200); return res.end("logged out"); }
    json(404, { error: "not_found" });
  });
  await new Promise((r) => server.listen(0, "127.0.0.1", r));
  st.port = server.address().port; st.issuer = `http://127.0.0.1:${st.port}`; st.server = server;
  server.unref();
  return st;
}
export const idp = await startIdp();
export const idp2 = await startIdp();

/** Who signs in there. */
export const ada = { sub: "idp-user-1", email: "ada@example.com", email_verified: true, name: "Ada From IdP", picture: "https://img.example.com/idp.png" };

/** Its entry in a server's configuration. */
export const provider = (o = {}, i = idp, id = "wire") => ({ providerId: id, clientId: "wire-client", clientSecret: "wire-client-secret", discoveryUrl: i.issuer + "/.well-known/openid-configuration", scopes: ["email", "profile"], ...o });

/** Plays the browser there: follows the URL of a sign-in and returns the callback's path and query. */
export async function atProvider(t, url, i = idp) {
  const u = new URL(url);
  const r = await rawRequest({ port: i.port, method: "GET", path: u.pathname + u.search });
  const loc = new URL(r.headers.find(([k]) => k === "location")[1]);
  const q = Object.fromEntries(u.searchParams);
  const code = loc.searchParams.get("code"); if (code) t.known(code, "<code>");
  t.n.ph("token:32", q.state);
  if (q.code_challenge) t.n.ph("base64url:43", q.code_challenge);
  return loc.pathname + loc.search;
}
