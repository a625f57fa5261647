// A client of the HTTP+SSE transport of 2024-11-05, on the TypeScript SDK. It only connects.
//
//   node --import ./resolve.mjs sse_client.mjs URL [HEADER=VALUE ...]
//
// Prints {"ok": true} or {"ok": false, "code": ..., "message": ...}.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";

const [url, ...headers] = process.argv.slice(2);
const sent = Object.fromEntries(headers.map((header) => header.split(/=(.*)/s, 2)));
const transport = new SSEClientTransport(new URL(url), { requestInit: { headers: sent } });
const client = new Client({ name: "old-client", version: "1.0.0" });

let outcome = { ok: true };
try {
  await client.connect(transport);
} catch (error) {
  outcome = { ok: false, code: error.code ?? null, message: error.message };
}
process.stdout.write(`${JSON.stringify(outcome)}\n`);
process.exit(0);
