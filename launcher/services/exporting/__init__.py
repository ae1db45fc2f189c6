"""A run's settings as the task of another engine: the same image, the same document, its own way to end."""
