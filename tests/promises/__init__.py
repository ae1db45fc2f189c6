"""What this program promises, and which test holds each promise."""
