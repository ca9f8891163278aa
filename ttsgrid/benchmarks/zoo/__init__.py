"""The zoo's own benchmark: generated problems of modular arithmetic."""
