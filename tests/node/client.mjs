// An MCP client on the TypeScript SDK that does what JSON lines on stdin tell it.
//
//   node --import ./resolve.mjs client.mjs URL [HEADER=VALUE ...]
//
// A line is {"do": NAME, ...}, see `actions`. For each line, and for the connecting before them,
// one line comes out: {"n": 0, "do": "connect", "ok": true, "result": ...} or, if the SDK threw,
// {"n": 1, "do": ..., "ok": false, "error": {"class", "code", "message", "data"}}.
// The end of stdin ends the client without closing its session.
import { createInterface } from "node:readline";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";

const [url, ...headers] = process.argv.slice(2);
const transport = new StreamableHTTPClientTransport(new URL(url), {
  requestInit: { headers: Object.fromEntries(headers.map((header) => header.split(/=(.*)/s, 2))) },
});
const client = new Client(
  { name: "typescript-client", version: "1.0.0" },
  { capabilities: { sampling: {}, elicitation: {}, roots: {} } },
);
answerServerRequests();

// `request` sends any method; `end` ends the session with DELETE.
const actions = {
  connect: async () => {
    await client.connect(transport);
    return {
      sessionId: transport.sessionId,
      protocolVersion: transport.protocolVersion,
      server: client.getServerVersion(),
      capabilities: client.getServerCapabilities(),
    };
  },
  ping: () => client.ping(),
  listTools: ({ cursor }) => client.listTools({ cursor }),
  callTool: ({ name, arguments: args, timeout }) =>
    client.callTool({ name, arguments: args }, undefined, { timeout }),
  listPrompts: () => client.listPrompts(),
  getPrompt: ({ name, arguments: args }) => client.getPrompt({ name, arguments: args }),
  listResources: () => client.listResources(),
  listResourceTemplates: () => client.listResourceTemplates(),
  readResource: ({ uri }) => client.readResource({ uri }),
  request: ({ method, params, timeout }) =>
    client.request({ method, params }, z.looseObject({}), { timeout }),
  end: () => transport.terminateSession(),
};

function answerServerRequests() {
  client.setRequestHandler(CreateMessageRequestSchema, () => ({
    role: "assistant",
    content: { type: "text", text: "sampled" },
    model: "none",
  }));
  client.setRequestHandler(ElicitRequestSchema, () => ({
    action: "accept",
    content: { username: "ada", email: "ada@example.com" },
  }));
  client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [] }));
}

function describe(error) {
  return {
    class: error.constructor.name,
    code: error.code ?? null,
    message: error.message,
    data: error.data ?? null,
  };
}

let count = 0;
async function perform(command) {
  const head = { n: count++, do: command.do };
  try {
    return { ...head, ok: true, result: (await actions[command.do](command)) ?? null };
  } catch (error) {
    return { ...head, ok: false, error: describe(error) };
  }
}

function print(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

print(await perform({ do: "connect" }));
for await (const line of createInterface({ input: process.stdin })) {
  print(await perform(JSON.parse(line)));
}
process.exit(0);
