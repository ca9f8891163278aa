"""What can be known before a long run: whether each model reads its input as it should.

Tokenizers and configs are read here, and never weights. So what is wrong with a model, a
revision, a tokenizer, a template or a context is said in seconds, before an engine starts.
"""
