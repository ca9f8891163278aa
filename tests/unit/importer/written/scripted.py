"""A model that says what is written here, served as an OpenAI-compatible endpoint.

Other tools run against it, so that the files in the folders beside this module are theirs and
what they hold is known. Tools that can't be pointed at an endpoint call its functions. Each
question has eight solutions, given out in order; a request for several gets the next ones.
Usage is counted in words.

Run: `python scripted.py PORT`.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

QUESTIONS = {
    "Ann has 3 pens and buys 4 more. How many pens has she?": ("7", "7 7 8 7 7 6 7 7"),
    "A box holds 6 eggs. How many eggs are in 5 boxes?": ("30", "11 30 30 11 30 11 11 30"),
    "What is 12 minus 9, times 2?": ("6", "6 3 6 15 6 6 3 6"),
    "Half of a number is 21. What is the number?": ("42", "10.5 - 42 10.5 42 10.5 10.5 42"),
    "How many minutes are in 3 hours?": ("180", "~180 90 150 90 180 90 90 90"),
}
"""Question to gold answer and what the eight solutions answer: `-` nothing, `~` not in a box."""

THOUGHT = (
    "first the numbers of the question, each with its unit, then what has to be done with them, "
    "and in which order, before anything is added up."
)


def solution(said: str, number: int) -> str:
    """Return a solution of one to three steps that answers so."""
    # In letters: some tools take the last number of a text for its answer.
    start = [f"Attempt {'abcdefgh'[number]}: {THOUGHT}"] * (number % 3)
    boxed = f"\\boxed{{{said}}}" if said[0] != "~" else said[1:]
    end = "I do not know." if said == "-" else f"The answer is {boxed}."
    return "\n\n".join([*start, end])


def solutions(question: str) -> list[str]:
    """Return the eight solutions of a question."""
    return [solution(said, i) for i, said in enumerate(QUESTIONS[question][1].split())]


def step_scores(text: str) -> list[float]:
    """Return a made-up probability for each of a text's steps, higher for right answers."""
    steps = [step for step in text.split("\n\n") if step.strip()]
    right = [f"{{{gold}}}" for gold, _ in QUESTIONS.values()]
    return [
        0.12 * any(box in step for box in right) + sum(step.encode()) % 61 / 100 for step in steps
    ]


class StepWriter:
    """Continues solutions step by step, taking turns among the eight of a question."""

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()

    def next_step(self, question: str, so_far: str) -> str:
        """Return the next step; one that isn't a solution's last ends with a blank line."""
        options = solutions(question)
        steps = options[self._given[question] % len(options)].split("\n\n")
        self._given[question] += 1
        done = so_far.count("\n\n")
        return steps[-1] if done >= len(steps) - 1 else steps[done] + "\n\n"


class Handler(BaseHTTPRequestHandler):
    """Answers requests for completions and chat completions."""

    given: ClassVar[Counter[str]] = Counter()

    def do_POST(self) -> None:
        """Give out the next solutions of the question that the request holds."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = body.get("prompt") or [turn["content"] for turn in body["messages"]]
        question = next(question for question in QUESTIONS if question in json.dumps(asked))
        texts = []
        for _ in range(body.get("n") or 1):
            texts.append(solutions(question)[self.given[question] % 8])
            self.given[question] += 1
        answer = self._answer(body, texts)
        if body.get("stream"):
            self._stream(answer)
        else:
            self._send(answer)

    def do_GET(self) -> None:
        """List the one model."""
        self._send({"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, body: dict[str, Any], texts: list[str]) -> dict[str, Any]:
        choices: list[dict[str, Any]] = []
        for i, text in enumerate(texts):
            said = (
                {"message": {"role": "assistant", "content": text}}
                if "messages" in body
                else {"text": text}
            )
            choices.append({"index": i, "finish_reason": "stop", **said})
        words = sum(len(text.split()) for text in texts)
        usage = {"prompt_tokens": 20, "completion_tokens": words, "total_tokens": 20 + words}
        kind = "chat.completion" if "messages" in body else "text_completion"
        return {
            "id": "scripted-1",
            "object": kind,
            "created": 1,
            "model": "scripted",
            "choices": choices,
            "usage": usage,
        }

    def _stream(self, answer: dict[str, Any]) -> None:
        """Send a chat's answer as a stream of one piece per choice."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for choice in answer["choices"]:
            piece = {**choice, "delta": choice["message"], "finish_reason": "stop"}
            chunk = {**answer, "object": "chat.completion.chunk", "choices": [piece]}
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def _send(self, answer: dict[str, Any]) -> None:
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
