"""Settings, addresses, and the visible list of what is installed."""
