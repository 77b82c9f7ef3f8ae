"""The SQL side of the contract in small: the tables, and views and procedures that do the least.

The real ones are dbt models with tests of their own; here they only have to be predictable.
`decisions` stands for what SQL decided: a test writes it, take_snapshot copies it.
"""

from __future__ import annotations

TABLES = {
    "reverse_etl_push_log": """result_id string, run_id string, entity string,
        object_type string, natural_key string, record_ref string, operation string,
        hubspot_id string, payload_hash string, match_tier int64, outcome string,
        category string, code string, property_names string, http_status int64,
        correlation_id string, is_new bool, hubspot_updated_at timestamp,
        refused_properties string, pushed_at timestamp""",
    "reverse_etl_run_ledger": """run_id string, started_at timestamp, finished_at timestamp,
        job_type string, high_watermark timestamp, read_count int64, updated_count int64,
        created_count int64, skipped_count int64, error_count int64, status string,
        phase string, exit_code int64, quarantined_count int64, protected_count int64,
        unchanged_count int64, failed_count int64, excluded_count int64, creates_left int64,
        hubspot_requests int64, settings string, settings_differ string, build_id string,
        portal_id string, host string, folded_at timestamp,
        source_fresh_at timestamp, warnings string""",
    "reverse_etl_dlq": """job_type string, record_ref string, reason string,
        last_seen_at timestamp, resolved_at timestamp, replay_requested_at timestamp""",
    "reverse_etl_forget_stage": """run_id string, kind string, entity string, value string,
        staged_at timestamp""",
    "reverse_etl_lease": """lease_name string, holder string, run_id string, host string,
        acquired_at timestamp, heartbeat_at timestamp, expires_at timestamp, portal_id string,
        hubspot_base string""",
    "reverse_etl_builds": """invocation_id string, entity string, status string, target string,
        started_at timestamp, finished_at timestamp, settings string, high_watermark timestamp,
        source_rows int64, source_fresh_at timestamp, problems string""",
    "hubspot_mirror": """entity string, hubspot_id string, properties string,
        last_modified_at timestamp, is_dead bool""",
    "hubspot_mirror_stage": """refresh_id string, entity string, hubspot_id string,
        properties string, last_modified_at timestamp, is_dead bool, loaded_at timestamp""",
    "hubspot_mirror_state": """entity string, watermark timestamp, full_refreshed_at timestamp,
        property_list string, refreshed_at timestamp""",
    "hubspot_portal_properties": """entity string, property string, label string,
        property_type string, field_type string, has_unique_value bool, sensitivity string,
        is_read_only bool, option_values string, updated_at string, checked_at timestamp,
        is_required bool, validation_rules string, option_labels string""",
    "hubspot_portal_stage": """refresh_id string, entity string, property string, label string,
        property_type string, field_type string, has_unique_value bool, sensitivity string,
        is_read_only bool, option_values string, updated_at string, checked_at timestamp,
        is_required bool, validation_rules string, option_labels string""",
    "decisions": """entity string, state string, reason string, source_rows int64,
        object_type string, natural_key string, record_ref string, operation string,
        hubspot_id string, id_property string, properties string, payload_hash string,
        match_tier int64, guard string, is_queued bool, candidates string,
        changed_properties string""",
    "gates": """entity string, code string, kind string, count_value int64, limit_value int64,
        blocks bool, warns bool, can_be_allowed bool, hint string""",
    "id_map_owners": "portal_id string, foreign_dataset string",
    "calls": "name string, called_at timestamp",
    "catalogue_objects": """entity string, object_type string, id_property string,
        last_modified_property string, object_name string, singular_label string,
        plural_label string, primary_display_property string""",
    "catalogue_properties": """entity string, property string, label string,
        property_type string, field_type string, group_name string, options string,
        is_unique bool, is_required bool, sensitivity string, is_optional bool""",
    "repeat_failures": """entity string, record_ref string, reason string, attempts int64,
        last_tried_at timestamp""",
    "dead_letter_counts": """entity string, reason string, open_entries int64, replayable int64,
        oldest_seen_at timestamp, max_attempts int64""",
}

RULES = """
        select entity, property, 'warn' as severity, 'rule_some' as code,
            validation_rules as finding, 'Do that.' as what_to_do
        from etl.hubspot_portal_properties where validation_rules is not null"""

VIEWS = {
    "reverse_etl_snapshot": None,  # a table, made by take_snapshot
    "mirror_plan": """
        select
            objects.entity, objects.object_type, objects.id_property,
            objects.last_modified_property,
            (select string_agg(property) from etl.catalogue_properties as listed
                where listed.entity = objects.entity) as properties,
            state.watermark, timestamp_sub(state.watermark, interval 10 minute) as delta_from,
            state.full_refreshed_at is null as needs_full,
            (select count(*) from etl.hubspot_mirror as mirror
                where mirror.entity = objects.entity and not mirror.is_dead) as live_rows
        from etl.catalogue_objects as objects
        left join etl.hubspot_mirror_state as state on objects.entity = state.entity""",
    "mirror_refresh_check": """
        select
            staged.refresh_id, staged.entity, staged.staged_rows, 10 as limit_percent,
            staged.staged_rows * 100 < 90 * (select count(*) from etl.hubspot_mirror as mirror
                where mirror.entity = staged.entity and not mirror.is_dead) as blocks
        from (
            select refresh_id, entity, count(*) as staged_rows
            from etl.hubspot_mirror_stage group by refresh_id, entity
        ) as staged""",
    "mirror_unlisted": """
        select refreshes.refresh_id, mirror.entity, mirror.hubspot_id
        from (select distinct refresh_id, entity from etl.hubspot_mirror_stage) as refreshes
        inner join etl.hubspot_mirror as mirror on refreshes.entity = mirror.entity
        left join etl.hubspot_mirror_stage as stage
            on refreshes.refresh_id = stage.refresh_id and mirror.hubspot_id = stage.hubspot_id
        where not mirror.is_dead and stage.hubspot_id is null""",
    "push_gates": """
        select runs.run_id, gates.*
        from (
            select * from etl.gates
            union all
            select entity, 'build_not_passed', 'passed', 0, 0, false, false, false, ''
            from etl.catalogue_objects
        ) as gates
        inner join etl.reverse_etl_run_ledger as runs on gates.entity = runs.job_type
        where runs.status = 'running'""",
    "snapshot_counts": """
        select run_id, entity, state, reason, match_tier, count(*) as records,
            sum(source_rows) as source_rows, countif(is_queued) as queued,
            countif(is_queued and operation = 'upsert') as queued_creates
        from etl.reverse_etl_snapshot
        group by run_id, entity, state, reason, match_tier""",
    "portal_findings": """
        select
            wanted.entity, wanted.property, 'error' as severity,
            if(has.property is null, 'missing', 'not_unique') as code,
            'The portal is not as the catalogue says.' as finding, 'Do this.' as what_to_do
        from etl.catalogue_properties as wanted
        left join etl.hubspot_portal_properties as has
            on wanted.entity = has.entity and wanted.property = has.property
        where has.property is null or (wanted.is_unique and not has.has_unique_value)""",
    "queue_rule_findings": RULES,
    "snapshot_rule_findings": """
        select distinct runs.run_id, rules.* from etl.queue_rule_findings as rules
        cross join etl.reverse_etl_run_ledger as runs""",
    "needed_properties": """
        select entity, operation, property
        from etl.catalogue_properties
        cross join unnest(['update', 'upsert']) as operation
        where is_unique or is_required""",
    "push_queue": "select * from etl.decisions where is_queued",
    "sync_status": "select * from etl.decisions",
}

PROCEDURES = {
    "fold_results()": """
        insert into etl.calls values ('fold_results', current_timestamp());
        update etl.reverse_etl_run_ledger set folded_at = current_timestamp()
        where folded_at is null;""",
    "take_snapshot(in_run_id string, in_entities string)": """
        create or replace table etl.reverse_etl_snapshot as
        select in_run_id as run_id, * from etl.decisions
        where entity in unnest(split(in_entities, ','));
        insert into etl.calls values ('take_snapshot', current_timestamp());""",
    "apply_mirror_refresh(in_refresh_id string, in_entity string, in_watermark timestamp,"
    " in_mode string)": """
        delete from etl.hubspot_mirror where entity = in_entity and hubspot_id in (
            select hubspot_id from etl.hubspot_mirror_stage where refresh_id = in_refresh_id
        );
        insert into etl.hubspot_mirror (entity, hubspot_id, properties, last_modified_at, is_dead)
        select entity, hubspot_id, properties, last_modified_at, is_dead
        from etl.hubspot_mirror_stage where refresh_id = in_refresh_id
        qualify row_number() over (partition by hubspot_id order by loaded_at desc) = 1;
        insert into etl.hubspot_mirror_state (entity)
        select in_entity from unnest([1]) as one
        where in_entity not in (select entity from etl.hubspot_mirror_state);
        update etl.hubspot_mirror_state
        set watermark = in_watermark,
            full_refreshed_at = if(in_mode = 'full', in_watermark, full_refreshed_at)
        where entity = in_entity;
        delete from etl.hubspot_mirror_stage where refresh_id = in_refresh_id;""",
    "replace_portal_properties(in_refresh_id string, in_entity string)": """
        insert into etl.calls values ('replace_portal_properties', current_timestamp());
        delete from etl.hubspot_portal_properties where entity = in_entity
            and in_refresh_id in (select refresh_id from etl.hubspot_portal_stage);
        insert into etl.hubspot_portal_properties (entity, property, label, property_type,
            field_type, has_unique_value, sensitivity, is_read_only, option_values, updated_at,
            checked_at, is_required, validation_rules, option_labels)
        select entity, property, label, property_type, field_type, has_unique_value,
            sensitivity, is_read_only, option_values, updated_at, checked_at, is_required,
            validation_rules, option_labels
        from etl.hubspot_portal_stage where refresh_id = in_refresh_id;
        delete from etl.hubspot_portal_stage where refresh_id = in_refresh_id;""",
    "request_replay(in_entities string, in_reason string, in_record_refs string)": """
        update etl.reverse_etl_dlq set replay_requested_at = current_timestamp()
        where job_type in unnest(split(in_entities, ',')) and in_reason in ('', reason)
            and (in_record_refs = '' or record_ref in unnest(split(in_record_refs, ',')));""",
    "find_traces(in_run_id string, in_key string, in_record_ref string, in_roi_keys string)": """
        insert into etl.reverse_etl_forget_stage (run_id, kind, entity, value)
        select distinct in_run_id, 'natural_key', entity, natural_key from etl.reverse_etl_push_log
        where natural_key = in_key or record_ref = in_record_ref;
        insert into etl.reverse_etl_forget_stage (run_id, kind, value)
        select distinct in_run_id, 'text', 'me@x[.]org' from etl.reverse_etl_push_log;
        insert into etl.reverse_etl_forget_stage (run_id, kind, entity, value)
        select in_run_id, 'in_amd', entity, natural_key from etl.decisions
        where natural_key = in_key;
        insert into etl.reverse_etl_forget_stage (run_id, kind, entity, value)
        select in_run_id, 'in_hubspot', entity, hubspot_id from etl.hubspot_mirror
        where contains_substr(properties, in_key) and not coalesce(is_dead, false);""",
    "forget_record(in_run_id string, in_is_suppressed string)": """
        delete from etl.reverse_etl_push_log where natural_key in (
            select value from etl.reverse_etl_forget_stage where run_id = in_run_id
        );
        delete from etl.decisions where in_is_suppressed = 'yes' and natural_key in (
            select value from etl.reverse_etl_forget_stage where run_id = in_run_id
        );""",
}


def statements() -> list[str]:
    """Everything, in an order that works."""
    tables = [f"create or replace table etl.{name} ({columns})" for name, columns in TABLES.items()]
    snapshot = (
        "create or replace table etl.reverse_etl_snapshot as"
        " select '' as run_id, * from etl.decisions where false"
    )
    views = [f"create or replace view etl.{name} as {sql}" for name, sql in VIEWS.items() if sql]
    procedures = [
        f"create or replace procedure etl.{head}\nbegin\n{body}\nend"
        for head, body in PROCEDURES.items()
    ]
    return [*tables, snapshot, *views, *procedures]
