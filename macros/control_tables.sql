{#- The tables that the sync keeps for itself: name → columns and physical design. A column that is
    added here is added to existing tables by create_control_tables. Whatever replaces one of them
    (is_replaced) takes its design from here: BigQuery replaces no table in another one. -#}
{% macro control_tables() %}
    {{ return({
        'reverse_etl_push_log': {
            'columns': {
                'result_id': 'string', 'run_id': 'string', 'entity': 'string',
                'object_type': 'string', 'natural_key': 'string', 'record_ref': 'string',
                'operation': 'string', 'hubspot_id': 'string', 'payload_hash': 'string',
                'match_tier': 'int64', 'outcome': 'string', 'category': 'string', 'code': 'string',
                'property_names': 'string', 'http_status': 'int64', 'correlation_id': 'string',
                'is_new': 'bool', 'hubspot_updated_at': 'timestamp', 'pushed_at': 'timestamp',
                'refused_properties': 'string',
            },
            'design': 'partition by date(pushed_at) cluster by entity, natural_key'
                ~ ' options (partition_expiration_days = 400)',
        },
        'hubspot_id_map': {
            'setting': 'ID_MAP_TABLE',
            'columns': {
                'hubspot_object_type': 'string', 'natural_key': 'string', 'hubspot_id': 'string',
                'updated_at': 'timestamp', 'entity': 'string', 'record_ref': 'string',
                'payload_hash': 'string', 'match_tier': 'int64', 'run_id': 'string',
                'hubspot_updated_at': 'timestamp', 'rekeyed_from': 'string', 'rekeyed_to': 'string',
                'portal_id': 'string', 'dataset': 'string', 'first_match_tier': 'int64',
                'refused_properties': 'string', 'refused_at': 'timestamp',
                'confirmed_values': 'string', 'kept_edits': 'string',
            },
            'design': 'cluster by entity, natural_key',
        },
        'match_decisions': {
            'columns': {
                'natural_key': 'string', 'hubspot_id': 'string', 'verdict': 'string',
                'decided_by': 'string', 'decided_at': 'timestamp', 'source': 'string',
                'note': 'string', 'run_id': 'string',
            },
            'design': 'cluster by natural_key',
        },
        'reverse_etl_dlq': {
            'setting': 'DLQ_TABLE',
            'columns': {
                'ts': 'timestamp', 'job_type': 'string', 'natural_key': 'string',
                'hubspot_object_type': 'string', 'payload': 'string', 'error': 'string',
                'attempt': 'int64', 'record_ref': 'string', 'reason': 'string',
                'payload_hash': 'string', 'outcome': 'string', 'operation': 'string',
                'hubspot_id': 'string', 'category': 'string', 'code': 'string', 'property_names': 'string',
                'correlation_id': 'string', 'catalogue_hash': 'string',
                'first_seen_at': 'timestamp', 'last_seen_at': 'timestamp',
                'last_tried_at': 'timestamp', 'last_run_id': 'string',
                'runs_in_a_row': 'int64', 'resolved_at': 'timestamp',
                'replay_requested_at': 'timestamp',
            },
            'design': 'cluster by job_type, natural_key',
        },
        'reverse_etl_run_ledger': {
            'setting': 'RUN_LEDGER_TABLE',
            'columns': {
                'run_id': 'string', 'started_at': 'timestamp', 'finished_at': 'timestamp',
                'job_type': 'string', 'high_watermark': 'timestamp', 'read_count': 'int64',
                'updated_count': 'int64', 'created_count': 'int64', 'skipped_count': 'int64',
                'error_count': 'int64', 'status': 'string', 'phase': 'string',
                'exit_code': 'int64', 'quarantined_count': 'int64', 'protected_count': 'int64',
                'unchanged_count': 'int64', 'failed_count': 'int64', 'excluded_count': 'int64',
                'creates_left': 'int64',
                'hubspot_requests': 'int64', 'settings': 'string', 'settings_differ': 'string',
                'build_id': 'string',
                'portal_id': 'string', 'host': 'string', 'folded_at': 'timestamp',
                'source_fresh_at': 'timestamp', 'warnings': 'string',
            },
            'design': '',
        },
        'reverse_etl_lease': {
            'columns': {
                'lease_name': 'string', 'holder': 'string', 'run_id': 'string', 'host': 'string',
                'acquired_at': 'timestamp', 'heartbeat_at': 'timestamp',
                'expires_at': 'timestamp', 'portal_id': 'string', 'hubspot_base': 'string',
            },
            'design': '',
        },
        'reverse_etl_builds': {
            'columns': {
                'invocation_id': 'string', 'entity': 'string', 'status': 'string',
                'target': 'string', 'command': 'string', 'started_at': 'timestamp',
                'finished_at': 'timestamp', 'settings': 'string', 'high_watermark': 'timestamp',
                'problems': 'string', 'source_rows': 'int64', 'source_keys': 'int64',
                'repeated_keys': 'int64',
                'source_columns': 'string', 'is_full_read': 'bool', 'content_hash': 'string',
                'content_changed_at': 'timestamp', 'source_fresh_at': 'timestamp',
                'stale_after_hours': 'int64',
            },
            'design': '',
        },
        'reverse_etl_salt': {'columns': {'salt': 'string'}, 'design': ''},
        'reverse_etl_forgotten': {
            'columns': {
                'entity': 'string', 'key_hash': 'string', 'salt': 'string',
                'is_suppressed': 'bool', 'forgotten_at': 'timestamp', 'run_id': 'string',
            },
            'design': '',
        },
        'reverse_etl_forget_stage': {
            'columns': {
                'run_id': 'string', 'kind': 'string', 'entity': 'string', 'value': 'string',
                'staged_at': 'timestamp',
            },
            'design': '',
        },
        'reverse_etl_snapshot': {
            'columns': {
                'run_id': 'string', 'taken_at': 'timestamp', 'entity': 'string',
                'natural_key': 'string', 'record_ref': 'string', 'state': 'string',
                'reason': 'string', 'warnings': 'string', 'match_tier': 'int64',
                'hubspot_id': 'string', 'payload_hash': 'string', 'source_rows': 'int64',
                'object_type': 'string', 'operation': 'string', 'id_property': 'string',
                'properties': 'string', 'guard': 'string', 'cleared_values': 'int64',
                'catalogue_hash': 'string', 'is_queued': 'bool', 'is_resumed_create': 'bool',
                'changed_properties': 'string', 'kept_edits': 'string',
                'still_refused': 'string', 'values_to_confirm': 'string',
                'is_confirmed_unsent': 'bool', 'last_modified_at': 'timestamp',
                'candidates': 'string', 'candidate_evidence': 'string',
            },
            'design': 'cluster by entity, natural_key',
            'is_replaced': true,
        },
        'hubspot_mirror': {
            'columns': {
                'entity': 'string', 'hubspot_id': 'string', 'properties': 'string',
                'merged_ids': 'string', 'last_modified_at': 'timestamp', 'is_dead': 'bool',
                'refreshed_at': 'timestamp',
            },
            'design': 'cluster by entity, hubspot_id',
        },
        'hubspot_merges': {
            'columns': {'entity': 'string', 'merged_id': 'string', 'survivor_id': 'string'},
            'design': 'cluster by entity, merged_id',
        },
        'hubspot_mirror_stage': {
            'columns': {
                'refresh_id': 'string', 'entity': 'string', 'hubspot_id': 'string',
                'properties': 'string', 'last_modified_at': 'timestamp', 'is_dead': 'bool',
                'loaded_at': 'timestamp',
            },
            'design': 'cluster by refresh_id, entity, hubspot_id',
        },
        'hubspot_mirror_state': {
            'columns': {
                'entity': 'string', 'watermark': 'timestamp', 'full_refreshed_at': 'timestamp',
                'property_list': 'string', 'refreshed_at': 'timestamp',
            },
            'design': '',
        },
        'hubspot_portal_properties': {
            'columns': {
                'entity': 'string', 'property': 'string', 'label': 'string',
                'property_type': 'string', 'field_type': 'string', 'has_unique_value': 'bool',
                'sensitivity': 'string', 'is_read_only': 'bool', 'option_values': 'string',
                'updated_at': 'string', 'first_seen_at': 'timestamp', 'checked_at': 'timestamp',
                'is_required': 'bool', 'validation_rules': 'string', 'option_labels': 'string',
            },
            'design': '',
        },
        'hubspot_portal_stage': {
            'columns': {
                'refresh_id': 'string', 'entity': 'string', 'property': 'string',
                'label': 'string', 'property_type': 'string', 'field_type': 'string',
                'has_unique_value': 'bool', 'sensitivity': 'string', 'is_read_only': 'bool',
                'option_values': 'string', 'updated_at': 'string', 'checked_at': 'timestamp',
                'is_required': 'bool', 'validation_rules': 'string', 'option_labels': 'string',
            },
            'design': '',
        },
    }) }}
{% endmacro %}
