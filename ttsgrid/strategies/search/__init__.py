"""Searches guided by a PRM: beam search, DVTS and their kin, on one protocol.

Import from the modules: `settings` (what determines a search; no engine needed),
`run` (the search itself) and `protocol` (what goes in and comes out).
"""
