"""Asks a HubSpot test account what HubSpot's documents leave open: `python -m sandbox.probe`."""
