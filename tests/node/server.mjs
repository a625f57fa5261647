// An MCP server on the TypeScript SDK and express, with sessions, as its examples show it.
//
//   node --import ./resolve.mjs server.mjs RECORD [NAME] [PORT]
//
// Prints `ready URL`. Each tool call that it executes is appended to the file RECORD as a JSON
// line {"name", "arguments"} before the answer is sent.
import { appendFileSync } from "node:fs";
import { randomUUID } from "node:crypto";

import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import {
  CallToolRequestSchema,
  isInitializeRequest,
  ListToolsRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import express from "express";

const [record, name = "replica-a", port = "0"] = process.argv.slice(2);

const anything = { type: "object" };
const tools = [
  { name: "echo", description: "Answer with the arguments", inputSchema: anything },
  { name: "delete", description: "What policies forbid", inputSchema: anything },
  { name: "whoami", description: "Tell which replica answers", inputSchema: anything },
];

function createServer() {
  const server = new Server({ name: "recorder", version: "1.0.0" }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
    const call = { name: params.name, arguments: params.arguments ?? {} };
    appendFileSync(record, `${JSON.stringify(call)}\n`);
    const text = params.name === "whoami" ? name : JSON.stringify(call.arguments);
    return { content: [{ type: "text", text }] };
  });
  return server;
}

const transports = new Map();

async function openSession() {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => transports.set(id, transport),
    onsessionclosed: (id) => transports.delete(id),
  });
  await createServer().connect(transport);
  return transport;
}

async function findTransport(request) {
  const id = request.headers["mcp-session-id"];
  if (id === undefined && isInitializeRequest(request.body)) {
    return await openSession();
  }
  return transports.get(id);
}

const app = express();
app.use(express.json({ limit: "4mb" }));
app.all("/mcp", async (request, response) => {
  const transport = await findTransport(request);
  if (transport === undefined) {
    const known = request.headers["mcp-session-id"] !== undefined;
    response.status(known ? 404 : 400).json({
      jsonrpc: "2.0",
      error: known
        ? { code: -32001, message: "Session not found" }
        : { code: -32000, message: "Bad Request: Mcp-Session-Id header is required" },
      id: null,
    });
    return;
  }
  await transport.handleRequest(request, response, request.body);
});

const listening = app.listen(Number(port), "127.0.0.1", (error) => {
  if (error) {
    console.error(`cannot listen: ${error.message}`);
    process.exit(1);
  }
  console.log(`ready http://127.0.0.1:${listening.address().port}/mcp`);
});
process.on("SIGTERM", () => process.exit(0));
