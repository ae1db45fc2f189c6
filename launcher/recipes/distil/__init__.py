"""The launcher's half of a Piper voice that learns from another voice."""
