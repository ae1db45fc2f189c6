"""A wake word in openWakeWord's format: clips that Piper voices say, learnt by openWakeWord's own training code."""
