// What the official SDKs for Node make of a stream: one line of JSON in, one line out.
//
//   { "sdk": "@coze/api", "url": "http://127.0.0.1:1234" }
//   { "text", "outcome", "usage", "code" }
import { ChatEventType, CozeAPI } from "@coze/api";
import OpenAI from "openai";
import { createInterface } from "node:readline";

const SECONDS = 15;

async function coze(url) {
  const client = new CozeAPI({ token: "pat_1", baseURL: url, axiosOptions: { timeout: SECONDS * 1000 } });
  const seen = { text: "", outcome: "truncated", usage: null, code: null };
  const answers = client.chat.stream({ bot_id: "1", user_id: "u", additional_messages: [] });
  for await (const { event, data } of answers) {
    if (event === ChatEventType.CONVERSATION_MESSAGE_DELTA && data.type === "answer") {
      seen.text += data.content;
    } else if (event === ChatEventType.CONVERSATION_CHAT_COMPLETED) {
      Object.assign(seen, { outcome: "completed", usage: data.usage?.token_count ?? null });
    } else if (event === ChatEventType.CONVERSATION_CHAT_REQUIRES_ACTION) {
      Object.assign(seen, { outcome: "requires_action", usage: data.usage?.token_count ?? null });
    } else if (event === ChatEventType.CONVERSATION_CHAT_FAILED) {
      Object.assign(seen, { outcome: "failed", code: text(data.last_error?.code) });
    } else if (event === ChatEventType.ERROR) {
      Object.assign(seen, { outcome: "failed", code: text(data?.code) });
    }
  }
  return seen;
}

async function openai(url) {
  const client = new OpenAI({ apiKey: "sk-1", baseURL: `${url}/v1`, maxRetries: 0, timeout: SECONDS * 1000 });
  const seen = { text: "", outcome: "completed", usage: null, code: null };
  try {
    const chunks = await client.chat.completions.create({
      model: "m",
      messages: [{ role: "user", content: "hi" }],
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of chunks) {
      const choice = chunk.choices?.[0];
      seen.text += choice?.delta?.content ?? "";
      if (choice?.finish_reason === "tool_calls") seen.outcome = "requires_action";
      seen.usage = chunk.usage?.total_tokens ?? seen.usage;
    }
  } catch (error) {
    Object.assign(seen, { outcome: "failed", code: text(error.code ?? error.type) });
  }
  return seen;
}

function text(code) {
  return code === undefined || code === null ? null : String(code);
}

const SDKS = { "@coze/api": coze, "openai (npm)": openai };

async function read({ sdk, url }) {
  try {
    return await SDKS[sdk](url);
  } catch (error) {
    return { text: "", outcome: "failed", usage: null, code: text(error.code ?? error.name) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await read(JSON.parse(line))));
}
