"""The same services for programs (REST and server-sent events with OpenAPI, behind a token) and for agents (mcp)."""
