"""Benchmarks: ratios measured side by side in one run. Nothing here asserts a time.

`python -m tests.bench` runs all and writes docs/benchmarks.md; `python -m tests.bench indexing` runs some.
"""
