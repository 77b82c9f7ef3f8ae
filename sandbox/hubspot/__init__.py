"""A HubSpot simulator: a stateful HTTP server with HubSpot's rules, limits and bad days.

It runs in a process of its own (`python -m sandbox.hubspot`) so that the worker under test talks
to it as it would to the real API. What HubSpot's documentation leaves open is a setting.
"""
