"""The terminal: tables as rich prints them."""
