"""Who is let in by a server on this computer: what the web form and the programs' interface both ask first."""
