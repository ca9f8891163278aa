"""One search from the prompt to its answers: expand, choose, record, until nothing is left.

A search is a coroutine that shares nothing with others: hundreds of them wait on one
engine, each goes on as soon as its own step is there, and the engine mixes their
steps in its batches. Within a search a step waits for its slowest candidate, since the
choice is between all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from ttsgrid.core.dotted import callable_of
from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.core.search_settings import SearchSettings
from ttsgrid.core.search_trace import SearchTrace, TracedCandidate
from ttsgrid.core.strategies import search_of
from ttsgrid.strategies.search.expansion import expand
from ttsgrid.strategies.search.method import Decision, Method, Round, first_round
from ttsgrid.strategies.search.nodes import ROOT, Node
from ttsgrid.strategies.search.protocol import SearchAnswer, SearchOutcome
from ttsgrid.strategies.search.session import SearchSession

NEVER_BEGUN = SearchAnswer(
    text="",
    steps=(),
    step_scores=(),
    finish_reason=FinishReason.PROMPT_TOO_LONG,
    num_tokens=0,
    seed=0,
    complete=False,
    candidate=-1,
)


async def run_search(session: SearchSession) -> SearchOutcome:
    """Search for one problem's answers.

    Returns:
        Answers, usage, price and trace. Of a prompt that fills the policy's context: one
        answer without any step, for nothing.

    Raises:
        EngineError: a request failed; the search fails as a whole.
        ScoringError: a step could not be scored; likewise.
    """
    if not session.can_begin:
        return _never_begun(session)
    settings = session.settings
    method = method_for(settings)
    state, candidates = first_round(settings.budget), list[Node]()
    recorded: list[tuple[TracedCandidate, ...]] = []
    num_tried = 0
    for step in range(settings.max_steps):
        candidates = await expand(session, step, state.plan, num_tried)
        num_tried += len(candidates)
        state = method.select(state, candidates)
        recorded.append(_traced(candidates, state))
        if not state.plan:
            break
    chosen = method.answers(state, candidates)
    trace = SearchTrace(
        session.question, settings.as_params(), tuple(recorded), tuple(node.id for node in chosen)
    )
    answers = tuple(_answer(node) for node in chosen)
    return SearchOutcome(answers, session.policy_usage, session.prm_usage, session.price(), trace)


def _never_begun(session: SearchSession) -> SearchOutcome:
    trace = SearchTrace(session.question, session.settings.as_params(), (), ())
    return SearchOutcome((NEVER_BEGUN,), Usage(), Usage(), session.price(), trace)


def method_for(settings: SearchSettings) -> Method:
    """Return the method that makes a search's choices.

    Raises:
        ConfigError: the catalogue names one that can't be imported.
    """
    method: Method = callable_of(search_of(settings.kind).method, f"method of {settings.kind}")(
        settings
    )
    return method


def _answer(node: Node) -> SearchAnswer:
    return SearchAnswer(
        text=node.text,
        steps=node.steps,
        step_scores=node.scores,
        finish_reason=FinishReason.STOP if node.finished else FinishReason.LENGTH,
        num_tokens=len(node.token_ids),
        seed=node.seed,
        complete=node.finished,
        candidate=node.id,
    )


def _traced(candidates: Sequence[Node], state: Round) -> tuple[TracedCandidate, ...]:
    return tuple(_trace_of(node, state.decisions[node.id]) for node in candidates)


def _trace_of(node: Node, decision: Decision) -> TracedCandidate:
    return TracedCandidate(
        id=node.id,
        parent=None if node.parent is None or node.parent is ROOT else node.parent.id,
        text=node.step_text,
        score=None if node.dropped else node.rank_score,
        step_scores=node.scores,
        num_tokens=node.num_step_tokens,
        seed=node.seed,
        fate=decision.fate,
        reason=decision.reason,
    )
