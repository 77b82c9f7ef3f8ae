-- For `check`: HubSpot's rules against what is due now. Out of push_queue's own source, since views
-- may not be nested deeper.
{{ rule_findings(ref('sync_decisions'), condition='is_queued') }}
