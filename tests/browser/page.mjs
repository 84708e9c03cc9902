// What the page in the browser runs: the official client with its passkey plugin, where the test can reach it.
import { passkeyClient } from "@better-auth/passkey/client";
import { createAuthClient } from "better-auth/client";

window.auth = createAuthClient({ baseURL: location.origin, plugins: [passkeyClient()] });
