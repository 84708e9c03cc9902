// Records which URLs the reference trusts for each set of patterns: node wire/record-origins.mjs > wire/origin-patterns.json
import { fileURLToPath } from "node:url";

const dist = new URL("dist/", new URL("../node_modules/better-auth/", import.meta.url));
const { matchesOriginPattern } = await import(fileURLToPath(new URL("auth/trusted-origins.mjs", dist)));

const sets = [
  ["https://app.example.com"], ["http://app.example.com"], ["https://app.example.com:8443"], ["https://app.example.com/"],
  ["https://app.example.com/login"], ["https://app.example.com:443"], ["HTTPS://App.example.com"], ["app.example.com"],
  ["localhost:3000"], ["http://localhost:3000"], ["http://[::1]:3000"], ["https://*.example.com"], ["http://*.example.com"],
  ["*://app.example.com"], ["*://*.example.com"], ["https://*"], ["http://*:8080"], ["https://*.example.com:*"],
  ["https://app?.example.com"], ["https://*.example.com/*"], ["https://app-*.example.com"], ["https://**.example.com"],
  ["*.example.com"], ["*.Example.com"], ["app?.example.com"], ["*.example.com:8443"], ["*"], ["**"], ["*.*"], ["localhost:*"],
  ["192.168.*.*"], ["10.*"], ["http://192.168.*.*"], ["http://192.168.*.*:3000"], ["192.168.1.?"], ["*.0.0.1"],
  ["myapp://"], ["myapp://callback"], ["myapp://host/cb"], ["MyApp://Host/cb"], ["myapp:"], ["myapp://*"], ["myapp://host/*"],
  ["myapp://host/**"], ["myapp://*.example.com"], ["exp://**"], ["exp://*"], ["exp://192.168.*.*:*/**"], ["exp://10.0.0.*:*/*"],
  ["chrome-extension://*"], ["chrome-extension://abcdefghijklmnop", "capacitor://localhost", "https://*.example.com"],
];

const urls = [
  "https://app.example.com", "https://app.example.com/", "https://app.example.com/login", "https://app.example.com/login/x?y=1#z",
  "https://app.example.com:443", "https://app.example.com:443/x", "https://app.example.com:8443", "https://app.example.com:8443/cb",
  "https://APP.EXAMPLE.COM", "HTTPS://app.example.com", "http://app.example.com", "http://app.example.com:80", "http://app.example.com:8080",
  "https://app.example.com.", "https://app.example.com.evil.test", "https://app.example.com@evil.test", "https://user:pw@app.example.com",
  "https://evil.test", "https://evil.test/https://app.example.com", "https://evil.test#https://app.example.com", "https://evil.test?.example.com",
  "https://evil.test/.example.com", "https://evil.test\\.example.com", "https://evil.test%2f.example.com", "https://example.com",
  "https://a.example.com", "https://a.b.example.com", "https://a.example.com:8443", "https://a.example.com:9000", "http://a.example.com",
  "https://-.example.com", "https://.example.com", "https://appx.example.com", "https://app1.example.com", "https://app-1.example.com",
  "https://app-1.evil.test/app-1.example.com", "https://aexample.com", "https://xn--exmple-cua.com", "https://ex\u00e4mple.com", "https://\u0430pp.example.com",
  " https://app.example.com", "https://app.example.com ", "https://app.example.com\n", "https:app.example.com", "https:/app.example.com",
  "https:\\\\app.example.com", "https:///app.example.com", "http://localhost:3000", "http://localhost:3000/x", "http://LOCALHOST:3000",
  "http://localhost", "http://localhost:5173", "http://localhost.evil.test:3000", "http://127.0.0.1:3000", "http://127.0.0.1", "http://[::1]:3000",
  "http://[::1]", "http://[0:0:0:0:0:0:0:1]:3000", "http://192.168.1.5", "http://192.168.1.5:3000", "https://192.168.1.5", "http://192.168.1.55",
  "http://192.168.evil.test", "http://192.168.1.evil.test:3000", "http://192.168.1", "http://0xc0a80105", "http://10.0.0.7", "http://10.evil.test",
  "http://10.0.0.7.evil.test", "http://8.8.8.8:8080", "http://evil.test:8080", "ws://app.example.com", "wss://a.example.com", "ftp://a.example.com",
  "file:///etc/passwd", "blob:https://app.example.com/uuid", "javascript:alert(1)", "javascript://app.example.com/%0aalert(1)", "data:text/html,x",
  "data://a.example.com/x", "vbscript://a.example.com/x", "about:blank", "null", "", "app.example.com", "not a url", "//app.example.com",
  "/ok", "/", "/a?b=https://evil.test", "/%2fevil.test", "/\\evil.test", "/\tevil",
  "myapp://", "myapp:", "myapp:/x", "myapp:///x", "myapp://callback", "myapp://CALLBACK", "MyApp://Callback", "myapp://callback/", "myapp://callback/x",
  "myapp://callback?x=1", "myapp://callback#x", "myapp://callback.evil", "myapp://u@callback", "myapp://callback:80", "myapp://host/cb", "myapp://host/cb/",
  "myapp://host/cb/next", "myapp://host/cbx", "myapp://host/cb/../evil", "myapp://host/cb/%2e%2e/evil", "myapp://host/cb%2f..%2fevil", "myapp://host/CB",
  "myapp://a.example.com/x", "otherapp://callback", "exp://192.168.1.5:8081/--/cb", "exp://192.168.1.5:8081", "exp://10.0.0.7:8081/x", "exp://evil.test:8081/x",
  "exp://u@192.168.1.5:8081/x", "chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop/popup.html", "capacitor://localhost",
];

const trusts = (url, patterns, allowRelativePaths) => patterns.some((pattern) => matchesOriginPattern(url, pattern, { allowRelativePaths }));
const verdict = (url, patterns) => (trusts(url, patterns, false) ? "o" : trusts(url, patterns, true) ? "t" : "-");
const out = {
  note: "Recorded by record-origins.mjs from better-auth 1.7.25. One letter a URL: o trusted as origin and target, t as target alone, - not at all.",
  urls,
  sets: sets.map((patterns) => ({ patterns, verdicts: urls.map((url) => verdict(url, patterns)).join("") })),
};
console.log(JSON.stringify(out, null, 1));
console.error(`${sets.length} sets, ${urls.length} URLs`);
