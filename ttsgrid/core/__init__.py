"""Core: the nouns that every room uses, and the facts that are said once."""
