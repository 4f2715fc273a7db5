"""What the official SDKs for Python make of a stream: one line of JSON in, one line out.

As read.mjs.
"""

import json
import sys

import cozepy
import openai

SECONDS = 15


def coze(url, seen):
    client = cozepy.Coze(auth=cozepy.TokenAuth("pat_1"), base_url=url)
    kinds = cozepy.ChatEventType
    seen["outcome"] = "truncated"
    for event in client.chat.stream(bot_id="1", user_id="u", additional_messages=[]):
        if event.event == kinds.CONVERSATION_MESSAGE_DELTA:
            if event.message.type == cozepy.MessageType.ANSWER:
                seen["text"] += event.message.content
        elif event.event == kinds.CONVERSATION_CHAT_COMPLETED:
            seen.update(outcome="completed", usage=tokens(event.chat))
        elif event.event == kinds.CONVERSATION_CHAT_REQUIRES_ACTION:
            seen.update(outcome="requires_action", usage=tokens(event.chat))
        elif event.event == kinds.CONVERSATION_CHAT_FAILED:
            seen.update(outcome="failed", code=word(event.chat.last_error.code))


def tokens(chat):
    return chat.usage.token_count if chat.usage else None


def chat_completions(url, seen):
    client = openai.OpenAI(api_key="sk-1", base_url=url + "/v1", max_retries=0, timeout=SECONDS)
    chunks = client.chat.completions.create(
        model="m",
        messages=[{"role": "user", "content": "hi"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    seen["outcome"] = "completed"
    for chunk in chunks:
        choice = chunk.choices[0] if chunk.choices else None
        if choice and choice.delta:
            seen["text"] += choice.delta.content or ""
        if choice and choice.finish_reason == "tool_calls":
            seen["outcome"] = "requires_action"
        if chunk.usage:
            seen["usage"] = chunk.usage.total_tokens


def word(code):
    return None if code is None else str(code)


SDKS = {"cozepy": coze, "openai (PyPI)": chat_completions}


def read(sdk, url):
    seen = {"text": "", "outcome": "failed", "usage": None, "code": None}
    try:
        SDKS[sdk](url, seen)
    except Exception as error:  # Whatever it throws is what is asked for.
        code = getattr(error, "code", None) or type(error).__name__
        seen.update(outcome="failed", code=word(code))
    return seen


for line in sys.stdin:
    print(json.dumps(read(**json.loads(line))), flush=True)
