"""What charts, server and map call the map of districts."""

from __future__ import annotations

NO_DATA = "#cfd3d8"
DISTRICTS = "kazakhstan_districts"
"""What a chart calls the map of districts."""
DISTRICTS_ADDRESS = "/maps/districts.json"
"""Where the server gives the borders of districts to whoever is signed in."""
