{#- A source that is empty, shrank, was loaded twice or lost a column since the last build that
    passed. Shipping it would clear or leave behind what it no longer says, so this stops the build.
    Keys are counted that have a live row: a source that only appends has more rows every day, and
    fewer once it is compacted. Loaded twice are keys whose newest row is there again, of the same
    time. A change that is meant passes with SOURCE_SHRINK_PERCENT=100, or with --full-refresh for a
    column and for rows that are there twice. -#}
{% test source_is_whole(model, entity) %}
with captured as (
    select
        coalesce(sum(source_rows), 0) as source_rows,
        countif(not coalesce(is_deleted, false)) as source_keys,
        countif(latest_rows > 1) as repeated_keys,
        count(*) as all_keys,
        coalesce(max(source_columns), '') as source_columns,
    from {{ model }}
),

last_passed as (
    select
        source_rows,
        source_keys,
        repeated_keys,
        source_columns,
    from {{ source('control', 'reverse_etl_builds') }}
    where entity = '{{ entity }}'
        and status = 'passed'
        and invocation_id != '{{ invocation_id }}'
    qualify row_number() over (order by started_at desc, invocation_id desc) = 1
),

gone_columns as (
    select split(column_and_type, ':')[safe_offset(0)] as column_name
    from last_passed
    cross join unnest(split(last_passed.source_columns, ',')) as column_and_type
),

problems as (
    select
        'the source is empty, or all of it is marked as deleted' as problem,
        captured.source_keys as now,
        0 as before,
    from captured
    where captured.source_keys = 0

    union all

    select
        'the source shrank by more than {{ setting("SOURCE_SHRINK_PERCENT") }} %' as problem,
        if(last_passed.source_keys is null, captured.source_rows, captured.source_keys) as now,
        coalesce(last_passed.source_keys, last_passed.source_rows) as before,
    from captured
    cross join last_passed
    where if(last_passed.source_keys is null, captured.source_rows, captured.source_keys) * 100
        < coalesce(last_passed.source_keys, last_passed.source_rows)
        * (100 - {{ setting('SOURCE_SHRINK_PERCENT') }})
    {% if not flags.FULL_REFRESH %}
    union all

    select
        'the source was loaded twice' as problem,
        captured.repeated_keys as now,
        coalesce(last_passed.repeated_keys, 0) as before,
    from captured
    cross join last_passed
    where last_passed.source_rows > 0
        and captured.repeated_keys * 2 > captured.all_keys
        -- Of a build that did not count them yet, the rows tell.
        and if(
            last_passed.repeated_keys is null,
            captured.source_rows * 10 >= last_passed.source_rows * 19,
            last_passed.repeated_keys * 2 <= last_passed.source_rows
        )

    union all

    select
        concat('column ', gone_columns.column_name, ' is gone') as problem,
        0 as now,
        1 as before,
    from gone_columns
    cross join captured
    where gone_columns.column_name != ''
        and captured.source_rows > 0
        and strpos(
            concat(',', captured.source_columns), concat(',', gone_columns.column_name, ':')
        ) = 0
    {% endif %}
)

select * from problems
{% endtest %}
