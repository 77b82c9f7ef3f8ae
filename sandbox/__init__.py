"""The local stack: an embedded BigQuery, a HubSpot simulator, sample data and the demo."""
