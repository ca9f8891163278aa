"""Tables: each built once from the analysis, as plain data that every renderer shows."""
