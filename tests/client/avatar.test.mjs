// The plugin `avatar`: what becomes a picture, how it is served, and when it is gone.
import { deflateSync, crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { browser, newUser, raw, rowCounts, serve } from "./harness.mjs";

const server = serve({ server: { max_body_bytes: 4_000_000 }, user: { delete_user: { enabled: true } }, session: { cookie_cache: { enabled: true } }, plugins: [{ id: "avatar" }] });

function chunk(kind, data) {
  const [length, sum, body] = [Buffer.alloc(4), Buffer.alloc(4), Buffer.concat([Buffer.from(kind, "latin1"), data])];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** Rows of one grey, each behind the mark that it is written as it is. */
const grey = (width, height, level = 90) => Buffer.concat(Array(height).fill(Buffer.concat([Buffer.alloc(1), Buffer.alloc(width * 3, level)])));

/** A PNG; `more` are chunks behind its head. */
function png(width, height, { more = [], pixels = grey(width, height) } = {}) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", head), ...more, chunk("IDAT", deflateSync(pixels)), chunk("IEND", Buffer.alloc(0))]);
}

const post = async (who, path, body) => {
  const answer = await who.send(`${server.origin}/api/auth${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  return { status: answer.status, ...(await answer.json()) };
};
const remove = async (who) => (await who.send(`${server.origin}/api/auth/avatar`, { method: "DELETE" })).json();
const upload = (who, file) => post(who, "/avatar", { image: file.toString("base64") });
const imageOf = async (who) => (await who.client.getSession({ query: { disableCookieCache: true } })).data.user.image ?? null;

test("a picture is served with a fixed type, for long, and as nothing that a browser runs", async () => {
  const ada = await newUser(server);
  const hidden = Buffer.from("Comment\0<script>alert(1)</script> 52.52 N 13.40 E");
  const { status, image } = await upload(ada, png(300, 200, { more: [chunk("tEXt", hidden)] }));
  expect([status, image]).toEqual([200, expect.stringMatching(new RegExp(`^${server.origin}/api/auth/avatar/[\\w-]{43}$`))]);
  expect(await imageOf(ada)).toBe(image);
  expect((await ada.client.getSession()).data.user.image, "the copy in the cookie is renewed").toBe(image);
  const answer = await fetch(image);
  expect(Object.fromEntries(["content-type", "x-content-type-options", "cache-control"].map((name) => [name, answer.headers.get(name)]))).toEqual({
    "content-type": "image/jpeg", "x-content-type-options": "nosniff", "cache-control": "public, max-age=31536000, immutable",
  });
  expect(answer.headers.get("content-security-policy")).toMatch(/^default-src 'none'/);
  expect(answer.headers.getSetCookie()).toEqual([]);
  const bytes = Buffer.from(await answer.arrayBuffer());
  expect(bytes.subarray(0, 3).toString("hex")).toBe("ffd8ff");
  expect(bytes.includes("<script") || bytes.includes("52.52")).toBe(false);
  const sent = await ada.send(`${server.origin}/api/auth/avatar`, { method: "POST", headers: { "content-type": "image/png" }, body: png(300, 200) });
  expect([sent.status, await sent.json()], "the file as the body itself").toEqual([200, { image }]);
  const other = await newUser(server);
  expect((await upload(other, png(300, 200))).image, "the same picture of someone else").not.toBe(image);
});

test("a picture is gone when it is replaced, removed, or its user is deleted", async () => {
  const ada = await newUser(server);
  const status = async (address) => (await fetch(address)).status;
  const first = (await upload(ada, png(40, 40))).image;
  const second = (await upload(ada, png(41, 41, { pixels: grey(41, 41, 200) }))).image;
  expect([await status(first), await status(second)]).toEqual([404, 200]);
  expect(await remove(ada)).toMatchObject({ status: true });
  expect([await imageOf(ada), await status(second)]).toEqual([null, 404]);
  const third = (await upload(ada, png(40, 40))).image;
  expect((await ada.client.updateUser({ image: "https://elsewhere.example/a.png" })).error).toBeNull();
  expect(await status(third), "another picture was chosen").toBe(404);
  const fourth = (await upload(ada, png(40, 40))).image;
  expect((await ada.client.deleteUser({ password: ada.password })).error).toBeNull();
  expect(await status(fourth)).toBe(404);
  if (server.database) expect(await server.database.all("select name from avatar where userId = ?", ada.data.user.id)).toEqual([]);
});

test("what is no picture, too large or a bomb is refused in time, and nothing changes", async () => {
  const ada = await newUser(server);
  const kept = (await upload(ada, png(40, 40))).image;
  const before = await rowCounts(server);
  const refused = [
    ["SVG", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'), 415, "AVATAR_NOT_A_PICTURE"],
    ["HTML", Buffer.from("<!doctype html><script>alert(1)</script>"), 415, "AVATAR_NOT_A_PICTURE"],
    ["GIF", Buffer.from("GIF89a\x01\0\x01\0\0\0\0;", "latin1"), 415, "AVATAR_NOT_A_PICTURE"],
    ["nothing", Buffer.alloc(0), 415, "AVATAR_NOT_A_PICTURE"],
    ["HTML behind a PNG's first bytes", Buffer.concat([png(4, 4).subarray(0, 8), Buffer.from("<script>alert(1)</script>")]), 400, "AVATAR_UNREADABLE"],
    ["a PNG that ends early", png(300, 300).subarray(0, 60), 400, "AVATAR_UNREADABLE"],
    ["4,000 by 4,000 pixels in 48 KB", png(4_000, 4_000), 413, "AVATAR_TOO_MANY_PIXELS"],
    ["more pixels than it says", png(10, 10, { pixels: Buffer.alloc(50_000_000) }), 200, undefined],
    ["64 MB of text in a chunk", png(40, 40, { more: [chunk("zTXt", Buffer.concat([Buffer.from("a\0\0", "latin1"), deflateSync(Buffer.alloc(64_000_000))]))] }), 200, undefined],
    ["2 MB and a little", Buffer.concat([png(40, 40), Buffer.alloc(2 << 20)]), 413, "AVATAR_TOO_LARGE"],
  ];
  for (const [what, file, status, code] of refused) {
    const answer = await upload(ada, file);
    expect([answer.status, answer.code], `${what} ${JSON.stringify(answer)}`).toEqual([status, code]);
    if (status === 200) await upload(ada, png(40, 40));
  }
  expect((await post(ada, "/avatar", { image: "no base64!" })).code).toBe("AVATAR_NOT_A_PICTURE");
  expect((await post(ada, "/avatar", {})).code).toBe("VALIDATION_ERROR");
  expect(await imageOf(ada)).toBe(kept);
  expect(await rowCounts(server)).toEqual(before);
  const nobody = await post(browser(server), "/avatar", { image: png(40, 40).toString("base64") });
  expect([nobody.status, nobody.code]).toEqual([401, "UNAUTHORIZED"]);
  const elsewhere = await raw(server, "POST", "/api/auth/avatar", { headers: { origin: "https://evil.example", cookie: ada.jar.header(), "content-type": "application/json" }, body: JSON.stringify({ image: png(40, 40).toString("base64") }) });
  expect(elsewhere.status).toBe(403);
});
