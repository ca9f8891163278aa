"""Test-time scaling strategies: coroutines that run beside a policy's engine."""
