"""What the Hugging Face hub answers for what it doesn't serve, told apart and said in a sentence.

The hub has few words: a missing repository, a private one and a gated one may all be a 401. The
header `X-Error-Code` tells them apart where there is one (`huggingface_hub/utils/_http.py`).
No answer at all is an `UnreachableError`, which says nothing against the setting: what is asked
for may be in the cache, and a plan may be made without it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

from ttsgrid.core.errors import ConfigError, UnreachableError

ANSWER_TIMEOUT_S = 5.0
GATED, NO_REVISION, NO_FILE = "GatedRepo", "RevisionNotFound", "EntryNotFound"
BAD_TOKEN = "Invalid credentials in Authorization header"


@dataclass(frozen=True)
class HubRepository:
    """What is asked of the hub, in the words of the settings.

    Attributes:
        noun: `model` or `data set`.
        where: the setting that names it, e.g. `policies.mine.model`.
        name: OWNER/NAME.
        revision: branch, tag or commit; None for the hub's default.
        instead: what else can be set, e.g. `set policies.mine.model to a local folder`.
    """

    noun: str
    where: str
    name: str
    revision: str | None
    instead: str

    @property
    def asked(self) -> str:
        """The setting with its value, as messages begin."""
        return f"{self.where}={self.name}"

    @property
    def revision_setting(self) -> str:
        """The setting of the revision, which stands beside that of the name."""
        return f"{self.where.rpartition('.')[0]}.revision"


def hub_silence() -> str | None:
    """Return why the hub can't be asked; None if it answers, whatever it says."""
    from huggingface_hub import constants  # noqa: PLC0415 (half a second, for grids with hub models)

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE=1 keeps ttsgrid from asking the hub"
    return _silence_of(constants.ENDPOINT)


@cache
def _silence_of(endpoint: str) -> str | None:
    """Ask once in a process: each of the client's own tries takes up to a minute to give up."""
    from huggingface_hub.utils import get_session  # type: ignore[attr-defined]  # noqa: PLC0415

    try:
        get_session().head(endpoint, timeout=ANSWER_TIMEOUT_S)
    # The errors of its transport, which is requests, httpx or httpx2 by its version.
    except Exception as error:
        return f"the hub ({endpoint}) doesn't answer: {type(error).__name__}"
    return None


def stay_offline_if_silent() -> None:
    """Let this process, and those that it starts, take from the cache what a silent hub can't give.

    Without this, transformers asks the hub for each file again, and gives up only after a minute.
    """
    from huggingface_hub import constants  # noqa: PLC0415

    if hub_silence() is not None:
        os.environ["HF_HUB_OFFLINE"] = "1"
        constants.HF_HUB_OFFLINE = True


def require_id(repository: HubRepository) -> None:
    """Refuse what can't be an id of the hub, such as a path with three parts.

    Raises:
        UnreachableError: the hub's client isn't installed, so nothing can be had of it.
        ConfigError: it is none.
    """
    if find_spec("huggingface_hub") is None:
        raise unreachable(repository, "its client is missing (pip install 'ttsgrid[run]')")
    from huggingface_hub.errors import HFValidationError  # noqa: PLC0415
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]  # noqa: PLC0415

    try:
        validate_repo_id(repository.name)
    except HFValidationError as error:
        raise ConfigError(
            f"{repository.asked} is neither a path that exists here nor an id of the hub "
            f"(OWNER/NAME); {repository.instead}"
        ) from error


def refusal(error: Exception, repository: HubRepository) -> ConfigError:
    """Return what a failed request to the hub means.

    Args:
        error: what huggingface_hub raised.
        repository: what was asked for.

    Returns:
        An `UnreachableError` where the hub gave no answer, or none that says anything of the
        repository.
    """
    answer = _answer_behind(error)
    if answer is None:
        return unreachable(repository, f"the hub doesn't answer: {type(error).__name__}")
    if answer.status_code == 429 or answer.status_code >= 500:
        return unreachable(repository, f"the hub answers {answer.status_code} for now")
    return ConfigError(f"{repository.asked}: {_meaning(answer, repository)}")


def unreachable(repository: HubRepository, why: str) -> UnreachableError:
    """Return that neither the hub nor the cache has it here."""
    at = f" at revision {repository.revision}" if repository.revision else ""
    return UnreachableError(
        f"{repository.asked}: the cache of this machine does not hold this {repository.noun}{at}, "
        f"and {why}; fill the cache where the hub answers, or {repository.instead}"
    )


def _meaning(answer: Any, repository: HubRepository) -> str:  # noqa: ANN401 (a transport's response)
    name, code = repository.name, answer.headers.get("X-Error-Code")
    page = f"{_endpoint()}/{'datasets/' if repository.noun == 'data set' else ''}{name}"
    if code == GATED:
        if _has_token():
            return f"{name} is gated, and HF_TOKEN's account has no access; ask for it on {page}"
        return (
            f"{name} is gated: accept its terms on {page} and set HF_TOKEN to a token of that "
            "account"
        )
    if code == NO_REVISION:
        return (
            f"{name} has no revision {repository.revision or 'main'}; set "
            f"{repository.revision_setting} to a branch, tag or commit of it"
        )
    if code == NO_FILE:
        return f"{name} holds no config.json, so it is no checkpoint that transformers can read"
    if answer.headers.get("X-Error-Message") == BAD_TOKEN:
        return "the hub doesn't know the token in HF_TOKEN; set a valid one, or unset it"
    if answer.status_code == 403:
        return f"the hub denies access to {name} (403); HF_TOKEN's permissions don't suffice"
    private = "HF_TOKEN's account can't see it" if _has_token() else "it is private: set HF_TOKEN"
    return f"the hub has no {repository.noun} {name}; check the name, or else {private}"


def _answer_behind(error: BaseException | None) -> Any:  # noqa: ANN401 (a transport's response)
    """Return the hub's response that an error stems from; None where there was none."""
    while error is not None:
        response = getattr(error, "response", None)
        if response is not None:
            return response
        error = error.__cause__ or error.__context__
    return None


def _endpoint() -> str:
    from huggingface_hub import constants  # noqa: PLC0415

    return str(constants.ENDPOINT)


def _has_token() -> bool:
    from huggingface_hub import get_token  # noqa: PLC0415

    return bool(os.environ.get("HF_TOKEN") or get_token())
