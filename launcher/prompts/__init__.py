"""Sentences to read aloud, chosen so that few of them hold a language's sounds in most of their orders."""
