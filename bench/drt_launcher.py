"""drt-core's own command line, sent to the simulator: run by the Python of its own environment.

Its HubSpot address is a constant of the module; that one constant is all that is changed.
"""

import os

import drt.destinations.hubspot as destination
from drt.cli.main import app

destination._HUBSPOT_API = f"{os.environ['HUBSPOT_BASE']}/crm/v3/objects"
app()
