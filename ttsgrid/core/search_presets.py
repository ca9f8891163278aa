"""The two presets, and the rules of the searches that neither code has.

Sources, read in their code: beam search and DVTS in RyanLiu112/compute-optimal-tts
(`reason/guided_search/tree.py`, `envs/base_env.py`; DVTS there is N/M runs of a beam
search with one beam) and in huggingface/search-and-learn (`sal/search/`).
"""

from __future__ import annotations

from dataclasses import replace

from ttsgrid.core.search_rules import Answers, Duplicates, Finished, SearchRules

PAPER = SearchRules(
    answers=Answers.BEAMS,
    finished=Finished.HOLDS_SLOT,
    duplicates=Duplicates.SIBLINGS,
    refill=False,
    final_text=True,
    last_step_to_end=False,
    max_tries=3,
    repeat_answers=False,
)

SEARCH_AND_LEARN_BEAM = SearchRules(
    answers=Answers.SAMPLES,
    finished=Finished.LEAVES,
    duplicates=Duplicates.BEAMS,
    refill=True,
    final_text=False,
    last_step_to_end=True,
    max_tries=1,
    repeat_answers=True,
)

# Its DVTS takes the best child, finished or not, ends when that child ends, and
# returns the children of the last step; here, those of them that finished.
SEARCH_AND_LEARN_DVTS = replace(
    SEARCH_AND_LEARN_BEAM,
    finished=Finished.HOLDS_SLOT,
    duplicates=Duplicates.KEEP,
    refill=False,
    final_text=True,
    repeat_answers=False,
)

# REBASE has code of its own (thu-wyz/inference_scaling at 0fe7da9, arXiv 2408.00724):
# whatever finishes is an answer and uses up its place; nothing else is dropped.
REBASE = replace(
    PAPER,
    answers=Answers.SAMPLES,
    finished=Finished.LEAVES,
    duplicates=Duplicates.KEEP,
    refill=True,
    max_tries=1,
)

PRESETS = ("paper", "search_and_learn")
