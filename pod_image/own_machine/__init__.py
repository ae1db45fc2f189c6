"""Runs on a person's own machine: started, looked at, followed and ended there by a program that the launcher calls.

Standard library alone, and nothing of ours that needs more: it runs before anything is installed on that machine.
"""
