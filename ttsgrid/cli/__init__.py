"""The command lines, one file per command; the doors call them."""
