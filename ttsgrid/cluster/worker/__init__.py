"""Workers: Ray actors that hold an engine and run strategies beside it."""
