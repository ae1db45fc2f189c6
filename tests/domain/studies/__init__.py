"""What a study is, and what it may spend: pure."""
