// What the page in the browser runs: the official client with its passkey plugin, where the test can reach it. `?server=`
// names a server on another origin.
import { passkeyClient } from "@better-auth/passkey/client";
import { createAuthClient } from "better-auth/client";

window.auth = createAuthClient({ baseURL: new URLSearchParams(location.search).get("server") ?? location.origin, plugins: [passkeyClient()] });
