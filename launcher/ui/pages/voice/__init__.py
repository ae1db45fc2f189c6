"""The page where voices are listened to."""
