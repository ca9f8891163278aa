"""SmolLM2 at home: policies and a PRM of a real 135M language model, for GSM8K."""
