"""The same services for agents, over the Model Context Protocol: plans, runs within a budget, what runs say."""
