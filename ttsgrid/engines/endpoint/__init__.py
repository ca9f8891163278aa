"""Policies behind an OpenAI-compatible endpoint: requests, their pace, and what comes back."""
