-- For a run: HubSpot's rules against what it has set out to send. A rule of an entity with an empty
-- queue has no row.
{{ rule_findings(source('control', 'reverse_etl_snapshot'), ['run_id'], 'is_queued') }}
