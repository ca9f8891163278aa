"""An engine on transformers and torch alone: the reference, and what serves what vLLM can't.

Keys and values lie in blocks that sequences share (`blocks`), each model reads them by an
attention function of ours (`attention`, `paged_model`), and both roles batch what is in
flight step by step (`prm_steps`, `policy_steps`) behind the engine protocols (`engine`).
"""
