"""What `--json` prints: one TypedDict for each document, and from them docs/json.md and docs/json.schema.json.

Every document says which it is (`schema`) and in which version. `registry` knows which command prints which.
"""
