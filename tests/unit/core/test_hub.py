"""A hub that takes a call and never answers is silent too, and is asked once."""

from __future__ import annotations

import socket

import pytest

from ttsgrid.core import hub


def test_a_hub_that_never_answers_is_given_up_after_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub, "ANSWER_TIMEOUT_S", 0.2)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        address = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
        first = hub.hub_silence()
        assert first is not None
        assert first.startswith(f"the hub ({address}) doesn't answer: ")
        assert "Timeout" in first
        deaf.settimeout(1)
        deaf.accept()
        assert hub.hub_silence() == first
        with pytest.raises(TimeoutError):
            deaf.accept()


def test_offline_the_hub_is_not_asked_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE=1" in (hub.hub_silence() or "")
