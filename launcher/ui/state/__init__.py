"""What outlives a page: sessions, keys, runs under way, what was typed."""
