"""What runs inside the sandbox: the solution's process, the tests' process, what they say.

These files are all of ttsgrid that a sandbox holds. They import the standard library alone.
"""
