"""What is said in a recording: heard by a recogniser, and texts scored against the sound. No torch."""
