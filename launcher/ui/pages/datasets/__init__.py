"""The pages that make, check and send datasets."""
