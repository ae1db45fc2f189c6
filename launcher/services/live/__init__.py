"""Runs in this process, whoever looks: what is known of each, who follows it, launches under way."""
