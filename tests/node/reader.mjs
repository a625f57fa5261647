// Reads messages as an MCP server on Node does. A line in is a list of bodies in base64; a line out
// is {"n": 0, "readings": [...]}: {"method", "target", "id"} as JSON.parse sees them, the id as it
// is written if it is a number, or null for what JSON.parse refuses.
import { createInterface } from "node:readline";

const decoder = new TextDecoder("utf-8"); // drops a byte order mark, mends what is no UTF-8

const targets = { "tools/call": "name", "prompts/get": "name", "resources/read": "uri" };

function read(body) {
  const numbers = new Map();
  const message = JSON.parse(body, function (key, value, context) {
    if (key === "id" && typeof value === "number") numbers.set(this, context.source);
    return value;
  });
  const { method = null, params, id = null } = message;
  const target = params?.[targets[method]] ?? null;
  return { method, target, id: numbers.get(message) ?? id };
}

function readOrRefuse(base64) {
  try {
    return read(decoder.decode(Buffer.from(base64, "base64")));
  } catch {
    return null;
  }
}

let n = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const readings = JSON.parse(line).map(readOrRefuse);
  process.stdout.write(`${JSON.stringify({ n: n++, readings })}\n`);
}
