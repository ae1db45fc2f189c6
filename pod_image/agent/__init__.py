"""What keeps the promises inside the pod: money, results, secrets. Knows no recipe and no torch."""
