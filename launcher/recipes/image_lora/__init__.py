"""ai-toolkit, as the launcher sees it: a person's own file of settings, made fit for a pod."""
