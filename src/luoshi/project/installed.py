"""The visible list of what this Luoshi is made of. To add a service: make its folder, add its line here."""

PLATFORM: list[str] = []

SERVICES: list[str] = []
