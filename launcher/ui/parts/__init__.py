"""Own elements of the pages: plain HTML with names, focus and states that screen readers understand."""
