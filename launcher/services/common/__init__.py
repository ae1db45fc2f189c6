"""What several stories use: the workbench, what was seen, what was ordered."""
