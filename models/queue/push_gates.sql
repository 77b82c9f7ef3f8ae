{%- set max_age_hours = setting('MAX_BUILD_AGE_HOURS') %}
{%- set mass_percent = setting('MASS_CHANGE_PERCENT') %}
{%- set mass_rows = setting('MASS_CHANGE_ROWS') -%}
-- What stops a run before its first write. One row per entity of each running run and gate; the
-- run goes on when no row blocks.
with ledger as (

    select * from {{ source('control', 'reverse_etl_run_ledger') }}

),

builds as (

    select * from {{ source('control', 'reverse_etl_builds') }}

),

snapshot_rows as (

    select * from {{ source('control', 'reverse_etl_snapshot') }}

),

entities as (

    select * from {{ ref('catalogue_entities') }}

),

runs as (

    select
        run_id,
        job_type as entity,
        settings,
        settings_differ,
    from ledger
    where status = 'running'

),

newest_builds as (

    select *
    from builds
    qualify row_number() over (partition by entity order by started_at desc, invocation_id) = 1

),

-- An entity is settled once a run of it has ended with nothing left to create.
settled_entities as (

    select
        job_type as entity,
        max(finished_at) as settled_at,
    from ledger
    where creates_left = 0 and status = 'success'
    group by job_type

),

counts as (

    select
        run_id,
        entity,
        sum(source_rows) as source_rows,
        countif(match_tier = 0) as known,
        countif(
            state = 'create'
            or (state = 'update' and (match_tier != 0 or coalesce(is_resumed_create, false)))
        ) as creates,
        countif(
            state = 'update' and match_tier = 0 and not coalesce(is_resumed_create, false)
        ) as updates,
        countif(cleared_values > 0) as clears,
        countif(is_queued)
        - count(distinct if(is_queued, natural_key, null)) as doubled_keys,
        countif(is_queued and hubspot_id is not null)
        - count(distinct if(is_queued, hubspot_id, null)) as doubled_ids,
        countif(is_queued and nullif(json_value(properties, '$.email'), '') is not null)
        - count(distinct if(is_queued, nullif(json_value(properties, '$.email'), ''), null))
            as doubled_emails,
    from snapshot_rows
    group by run_id, entity

),

-- What an entity tells on another's records is no change of theirs, however much it is; doubled it
-- must not be.
all_counts as (

    select
        counts.run_id,
        coalesce(entities.record_entity, counts.entity) as entity,
        {%- for column in ['source_rows', 'known', 'creates', 'updates', 'clears'] %}
        sum(if(
            coalesce(entities.record_entity, counts.entity) = counts.entity, counts.{{ column }}, 0
        )) as {{ column }},
        {%- endfor %}
        sum(counts.doubled_keys) as doubled_keys,
        sum(counts.doubled_ids) as doubled_ids,
        sum(counts.doubled_emails) as doubled_emails,
    from counts
    left join entities
        on counts.entity = entities.entity
    group by counts.run_id, coalesce(entities.record_entity, counts.entity)

),

joined as (

    select
        runs.run_id,
        runs.entity,
        newest_builds.status as build_status,
        newest_builds.finished_at as built_at,
        newest_builds.settings as build_settings,
        newest_builds.source_rows as built_rows,
        coalesce(newest_builds.stale_after_hours, 0) as stale_after_hours,
        {{ weekday_hours_since('newest_builds.source_fresh_at') }} as source_age_hours,
        {{ weekday_hours_since('newest_builds.content_changed_at') }} as unchanged_hours,
        runs.settings as run_settings,
        runs.settings_differ,
        newest_builds.problems as build_problems,
        settled_entities.settled_at is not null as is_settled,
        coalesce(all_counts.source_rows, 0) as source_rows,
        coalesce(all_counts.known, 0) as known,
        coalesce(all_counts.creates, 0) as creates,
        coalesce(all_counts.updates, 0) as updates,
        coalesce(all_counts.clears, 0) as clears,
        coalesce(all_counts.doubled_keys, 0) as doubled_keys,
        coalesce(all_counts.doubled_ids, 0) as doubled_ids,
        coalesce(all_counts.doubled_emails, 0) as doubled_emails,
        div(coalesce(all_counts.known, 0) * {{ mass_percent }}, 100) as share_of_known,
    from runs
    left join newest_builds
        on runs.entity = newest_builds.entity
    left join settled_entities
        on runs.entity = settled_entities.entity
    left join all_counts
        on
            runs.run_id = all_counts.run_id
            and runs.entity = all_counts.entity

),

gates as (

    select
        joined.run_id,
        joined.entity,
        gate.code,
        gate.kind,
        gate.count_value,
        gate.limit_value,
        -- A gate that cannot tell is shut.
        coalesce(gate.blocks, true) as blocks,
        coalesce(gate.warns, false) as warns,
        gate.can_be_allowed,
        gate.hint,
    from joined
    cross join unnest([
        struct(
            'build_not_passed' as code,
            coalesce(joined.build_status, 'missing') as kind,
            if(coalesce(joined.build_status, 'missing') = 'passed', 0, 1) as count_value,
            0 as limit_value,
            coalesce(joined.build_status, 'missing') != 'passed' as blocks,
            false as warns,
            false as can_be_allowed,
            coalesce(
                concat('The newest `dbt build` has not passed: ', joined.build_problems, '.'),
                'The newest `dbt build` has not passed: run it and read its errors.'
            ) as hint
        ),
        struct(
            'build_stale' as code,
            'hours' as kind,
            coalesce(
                div((unix_seconds(current_timestamp()) - unix_seconds(joined.built_at)), 3600), 0
            ) as count_value,
            {{ max_age_hours }} as limit_value,
            coalesce(
                joined.built_at
                < timestamp_sub(current_timestamp(), interval {{ max_age_hours }} hour),
                false
            ) as blocks,
            false as warns,
            false as can_be_allowed,
            'The newest `dbt build` is older than MAX_BUILD_AGE_HOURS: run it again.' as hint
        ),
        struct(
            'settings_differ' as code,
            'settings' as kind,
            if(joined.build_settings != joined.run_settings, 1, 0) as count_value,
            0 as limit_value,
            coalesce(joined.build_settings != joined.run_settings, false) as blocks,
            false as warns,
            false as can_be_allowed,
            concat(
                'dbt and the pusher had different settings: ',
                coalesce(joined.settings_differ, 'give both the same ones, and build again'), '.'
            ) as hint
        ),
        struct(
            'source_empty' as code,
            'source rows' as kind,
            joined.source_rows as count_value,
            1 as limit_value,
            joined.source_rows = 0 as blocks,
            false as warns,
            false as can_be_allowed,
            'There is nothing in the source: look at the replication from AMD.' as hint
        ),
        struct(
            'rows_unaccounted' as code,
            'source rows' as kind,
            abs(joined.source_rows - coalesce(joined.built_rows, joined.source_rows))
                as count_value,
            0 as limit_value,
            joined.source_rows != coalesce(joined.built_rows, joined.source_rows) as blocks,
            false as warns,
            false as can_be_allowed,
            'The states do not add up to what the build captured: run it again.' as hint
        ),
        struct(
            'source_stale' as code,
            'weekday hours' as kind,
            coalesce(joined.source_age_hours, 0) as count_value,
            joined.stale_after_hours as limit_value,
            joined.is_settled and joined.stale_after_hours > 0
            -- A source that was old when it was first read is told of; one that stopped is stopped.
            and coalesce(
                least(joined.source_age_hours, joined.unchanged_hours)
                > 2 * joined.stale_after_hours,
                false
            ) as blocks,
            joined.stale_after_hours > 0
            and coalesce(joined.source_age_hours > joined.stale_after_hours, false) as warns,
            false as can_be_allowed,
            'Nothing new from AMD: look at the replication. Builds that see no change for '
            || 'twice as long stop the run.' as hint
        ),
        struct(
            'mass_change' as code,
            'create' as kind,
            joined.creates as count_value,
            greatest({{ mass_rows }}, joined.share_of_known) as limit_value,
            joined.is_settled and joined.known > 0
            and joined.creates > greatest({{ mass_rows }}, joined.share_of_known) as blocks,
            false as warns,
            true as can_be_allowed,
            'Far more new records than usual: look, then --allow-mass-change.' as hint
        ),
        struct(
            'mass_change' as code,
            'update' as kind,
            joined.updates as count_value,
            greatest({{ mass_rows }}, joined.share_of_known) as limit_value,
            joined.updates > greatest({{ mass_rows }}, joined.share_of_known) as blocks,
            false as warns,
            true as can_be_allowed,
            'Far more updates than usual: look, then --allow-mass-change.' as hint
        ),
        struct(
            'mass_change' as code,
            'clear' as kind,
            joined.clears as count_value,
            greatest({{ mass_rows }}, joined.share_of_known) as limit_value,
            joined.clears > greatest({{ mass_rows }}, joined.share_of_known) as blocks,
            false as warns,
            true as can_be_allowed,
            'Far more values than usual emptied: look, then --allow-mass-change.' as hint
        ),
        struct(
            'doubled_in_queue' as code,
            'natural keys' as kind,
            joined.doubled_keys as count_value,
            0 as limit_value,
            joined.doubled_keys > 0 as blocks,
            false as warns,
            false as can_be_allowed,
            'Two rows of the queue share a natural key: a model fans out.' as hint
        ),
        struct(
            'doubled_in_queue' as code,
            'HubSpot ids' as kind,
            joined.doubled_ids as count_value,
            0 as limit_value,
            joined.doubled_ids > 0 as blocks,
            false as warns,
            false as can_be_allowed,
            'Two rows of the queue share a HubSpot id: a match rule let two pass.' as hint
        ),
        struct(
            'doubled_in_queue' as code,
            'emails' as kind,
            joined.doubled_emails as count_value,
            0 as limit_value,
            joined.doubled_emails > 0 as blocks,
            false as warns,
            false as can_be_allowed,
            'Two rows of the queue share an email: a match rule let two pass.' as hint
        )
    ]) as gate

)

select * from gates
