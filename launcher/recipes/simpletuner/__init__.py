"""SimpleTuner, as the launcher sees it: a person's own files of settings, made fit for a pod."""
