// A TCP proxy whose connections can be cut in the ways a network has: refused, reset, stalled, half-open.
import net from "node:net";

/** `target()` names the port that new connections go to. */
export async function startProxy(target) {
  const pairs = new Set();
  let mode = "pass";
  const server = net.createServer({ pauseOnConnect: true }, (client) => {
    client.on("error", () => {});
    if (mode === "refuse") return client.destroy();
    const upstream = net.connect(target(), "127.0.0.1");
    const pair = { client, upstream, isHalfOpen: false };
    pairs.add(pair);
    upstream.on("error", () => {});
    client.on("close", () => { upstream.destroy(); pairs.delete(pair); });
    // A half-open connection never learns that its other side is gone.
    upstream.on("close", () => { if (!pair.isHalfOpen) client.destroy(); });
    client.on("data", (data) => { if (!pair.isHalfOpen && !upstream.write(data)) { client.pause(); upstream.once("drain", () => { if (mode !== "stall") client.resume(); }); } });
    upstream.on("data", (data) => { client.write(data); });
    client.on("end", () => upstream.end());
    upstream.on("end", () => { if (!pair.isHalfOpen) client.end(); });
    if (mode === "stall") upstream.pause(); else client.resume();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const reset = () => { for (const { client, upstream } of pairs) { client.resetAndDestroy(); upstream.destroy(); } };
  return {
    port: server.address().port,
    /** Ends every connection at once. */
    reset,
    /** Ends those to the other side alone: nobody on this side is told. */
    halfOpen() { for (const pair of pairs) { pair.isHalfOpen = true; pair.upstream.resetAndDestroy(); } },
    /** New connections are closed at once. */
    refuse() { mode = "refuse"; reset(); },
    /** Nothing goes through, nothing is closed. */
    stall() { mode = "stall"; for (const { client, upstream } of pairs) { client.pause(); upstream.pause(); } },
    pass() { mode = "pass"; for (const { client, upstream } of pairs) { client.resume(); upstream.resume(); } },
    stop() { for (const { client, upstream } of pairs) { client.destroy(); upstream.destroy(); } server.close(); },
  };
}
