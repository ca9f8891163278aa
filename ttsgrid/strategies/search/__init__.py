"""Searches guided by a PRM, all on one protocol: beam search, DVTS, lookahead, REBASE.

`run` is the search itself, `session` what it works with, `protocol` what it asks for and
gives. A method (`method`, `beam`, `rebase`) only chooses between scored candidates. What
determines a search lies below, in `ttsgrid.core.search_settings`.
"""
