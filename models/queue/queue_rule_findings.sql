-- For `check`: HubSpot's rules against what is due now.
{{ rule_findings(ref('push_queue')) }}
