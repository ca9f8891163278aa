"""Chat completions: a conversation in, a text out, and no token id on either side.

Reasoning that the server tells apart (`reasoning_content`, or `reasoning` in newer vLLM and
OpenRouter) stays apart. Its tokens are generated tokens, as servers bill them.
"""

from __future__ import annotations

from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.engines.endpoint.base import Endpoint
from ttsgrid.engines.endpoint.client import Json, RefusedError
from ttsgrid.engines.endpoint.replies import lacks, read_reply
from ttsgrid.engines.text import TextGeneration, TextRequest

TOO_LONG = "context_length_exceeded"
NEVER_BEGUN = TextGeneration("", "", FinishReason.PROMPT_TOO_LONG, Usage())
# For `tokens_per_minute`, before the server has counted: English and LaTeX have about four
# bytes per token, and a guess that is too high waits rather than being refused.
BYTES_PER_TOKEN = 3


class ChatEndpoint(Endpoint):
    """A policy that is asked by messages; satisfies `ttsgrid.engines.text.TextEngine`."""

    async def write(self, request: TextRequest) -> TextGeneration:
        """Sample one answer; see `TextEngine.write`."""
        messages = [{"role": turn.role, "content": turn.content} for turn in request.turns]
        body: Json = {"messages": messages, **self._fields(request, request.max_tokens)}
        if request.top_k is not None:  # not OpenAI's, so said only where it is asked for
            body["top_k"] = request.top_k
        num_bytes = sum(len(turn.content.encode()) for turn in request.turns)
        most = num_bytes // BYTES_PER_TOKEN + request.max_tokens
        try:
            with self._meter.request():
                reply = await self._client.post("/chat/completions", body, most)
        except RefusedError as refused:
            if refused.code == TOO_LONG:
                return NEVER_BEGUN
            raise
        return self._generation(reply)

    def _generation(self, reply: Json) -> TextGeneration:
        answered = read_reply(reply, self._client)
        message = answered.choice.get("message")
        if not isinstance(message, dict):
            raise lacks(self._client, "a `message`")
        self._meter.count(answered.usage)
        return TextGeneration(
            # Null where all tokens went into reasoning, or where the model declines.
            text=str(message.get("content") or message.get("refusal") or ""),
            reasoning=str(message.get("reasoning_content") or message.get("reasoning") or ""),
            finish_reason=answered.finish_reason,
            usage=answered.usage,
            reasoning_tokens=answered.reasoning_tokens,
        )
