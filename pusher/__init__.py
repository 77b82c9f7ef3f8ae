"""The push worker: ships what the SQL view `push_queue` decided to HubSpot, and records what
HubSpot answered.

It knows no entity, no field and no matching rule: those are dbt models and seeds.
"""
