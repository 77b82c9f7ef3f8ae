{#- Source rows as one row per natural key: the body of a base model. Rows without a key are kept,
    one per distinct content. Of several rows with one key, rows of equal content are one; else the
    latest by the updated-at column counts; where that does not decide, is_duplicate_key says so.
    A row that is marked as deleted counts only where it is later than all that are not.

    In an incremental run only keys that may have changed are read again, each from all its rows:
    new keys, other counts of rows, of deleted ones or times than before, rows within the look-back
    of the greatest source time (never of the clock), rows without a time, and everything when a
    column came, went or changed its type, when the last full read is too old, and on request (var
    full_read). -#}
{% macro captured_rows(text_model, entity) -%}
    {#- Named outside the branch below, so that dbt knows of it in every kind of run. -#}
    {%- set builds = source('control', 'reverse_etl_builds') -%}
with source_rows as (
    select
        * except (is_deleted),
        coalesce(is_deleted, false) as is_deleted,
        coalesce(source_updated_at, timestamp '0001-01-01 00:00:00+00') as ordered_at,
    from {{ text_model }}
),
{% if is_incremental() %}
source_keys as (
    select
        source_key,
        count(*) as source_rows,
        countif(is_deleted) as deleted_rows,
        max(source_columns) as source_columns,
        max(ordered_at) as ordered_at,
        logical_or(source_updated_at is null) as has_row_without_time,
    from source_rows
    group by source_key
),

known as (
    select
        source_key,
        source_rows,
        coalesce(deleted_rows, 0) as deleted_rows,
        source_columns,
        source_updated_at,
        coalesce(source_updated_at, timestamp '0001-01-01 00:00:00+00') as ordered_at,
    from {{ this }}
),

-- A time in the future would hide every later change, so the clock is the upper bound.
look_back as (
    select
        timestamp_sub(
            least(max(source_updated_at), current_timestamp()),
            interval {{ setting('LOOKBACK_HOURS') }} hour
        ) as since,
    from known
),

full_read as (
    select
        {{ var('full_read') }}
        or coalesce(
            max(finished_at)
            < timestamp_sub(current_timestamp(), interval {{ setting('FULL_READ_DAYS') }} day),
            true
        ) as is_due,
    from {{ builds }}
    where entity = '{{ entity }}'
        and status = 'passed'
        and is_full_read
),

changed_keys as (
    select source_keys.source_key
    from source_keys
    cross join full_read
    cross join look_back
    left join known
        on source_keys.source_key = known.source_key
    where full_read.is_due
        or known.source_key is null
        or source_keys.source_rows != known.source_rows
        or source_keys.deleted_rows != known.deleted_rows
        or source_keys.source_columns != known.source_columns
        or source_keys.ordered_at != known.ordered_at
        or source_keys.ordered_at >= look_back.since
        or look_back.since is null
        or source_keys.has_row_without_time
),

read_again as (
    select source_rows.*
    from source_rows
    inner join changed_keys
        on source_rows.source_key = changed_keys.source_key
),
{% else %}
read_again as (
    select * from source_rows
),
{% endif %}
compared as (
    select
        *,
        count(*) over (partition by source_key) as source_rows,
        count(if(is_deleted, 1, null)) over (partition by source_key) as deleted_rows,
        max(ordered_at) over (partition by source_key) as latest_at,
        max(if(is_deleted, null, ordered_at)) over (partition by source_key) as latest_live_at,
    from read_again
),

latest as (
    select *
    from compared
    where ordered_at = latest_at
        and (not is_deleted or coalesce(latest_live_at < latest_at, true))
),

one_row_per_key as (
    select
        *,
        min(row_hash) over (partition by source_key)
        != max(row_hash) over (partition by source_key) as is_duplicate_key,
        count(*) over (partition by source_key) as latest_rows,
    from latest
    qualify row_number() over (partition by source_key order by row_hash) = 1
),

final as (
    select
        * except (ordered_at, latest_at, latest_live_at),
        '{{ invocation_id }}' as read_by,
    from one_row_per_key
)

select * from final
{%- endmacro %}
