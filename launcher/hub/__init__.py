"""Hugging Face from the person's machine: access checks and results. All calls go through `pod_image.hub`."""
