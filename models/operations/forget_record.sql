{{ config(meta={'arguments': ['in_run_id string', 'in_is_suppressed string']}) }}
{%- set forgotten = source('control', 'reverse_etl_forgotten') %}
{%- set id_map = source('control', 'hubspot_id_map') %}
-- Deletes what find_traces has staged of a run, in every table that can hold it; AMD's own tables
-- and HubSpot are left alone. First it notes that there was something, and keeps it from coming
-- back; last goes what leads to all the rest, so that a call that was killed can be repeated.
insert into {{ forgotten }} (entity, key_hash, salt, is_suppressed, forgotten_at, run_id)
with salt as (
    select coalesce(
        (select max(salt) from {{ forgotten }}),
        (select min(salt) from {{ source('control', 'reverse_etl_salt') }})
    ) as salt
),

suppressed as (
    select
        entity,
        value,
    from {{ traces('suppressed') }}
),

hashed as (
    select
        keys.entity,
        salt.salt,
        {{ forgotten_hash('salt.salt', 'keys.entity', 'keys.value') }} as key_hash,
        in_is_suppressed = 'yes' and suppressed.value is not null as is_suppressed,
    from {{ traces('natural_key') }} as keys
    cross join salt
    left join suppressed
        on keys.entity = suppressed.entity and keys.value = suppressed.value
)

select distinct
    hashed.entity,
    hashed.key_hash,
    hashed.salt,
    hashed.is_suppressed,
    current_timestamp() as forgotten_at,
    in_run_id as run_id,
from hashed
left join {{ forgotten }} as known
    on
        hashed.entity = known.entity
        and hashed.key_hash = known.key_hash
        and hashed.is_suppressed = known.is_suppressed
where known.key_hash is null;

-- Their new chart lives on.
update {{ id_map }}
set rekeyed_from = null
where {{ is_trace('rekeyed_from', 'entity', 'rekeyed_from') }};

-- What their records told staff, and what others' asked about them; on a contact that closes by
-- itself.
{% for table, entity in [
    (source('control', 'reverse_etl_snapshot'), 'entity'),
    (source('control', 'reverse_etl_dlq'), 'job_type'),
    (source('control', 'reverse_etl_push_log'), 'entity'),
    (id_map, 'entity'),
] %}
delete from {{ table }}
where
    {{ entity }} in ('match_reviews', 'patient_marks', 'roi_marks')
    and (
        {{ is_trace(
            'hubspot_id', "if(" ~ entity ~ " = 'roi_marks', 'rois', 'patients')", 'hubspot_id'
        ) }}
        {%- if table.identifier == 'reverse_etl_snapshot' %}
        or coalesce(
            {{ hubspot_value('amd_review_patient_id') }} in {{ traces('natural_key', 'patients') }},
            false
        )
        {%- endif %}
    );
{% endfor %}
{% for table, entity, columns in [
    (source('hubspot', 'hubspot_mirror_stage'), 'entity', ['hubspot_id']),
    (source('hubspot', 'hubspot_mirror'), 'entity', ['hubspot_id']),
    (source('hubspot', 'hubspot_merges'), 'entity', ['merged_id', 'survivor_id']),
    (source('control', 'reverse_etl_snapshot'), 'entity', ['natural_key', 'record_ref']),
    (source('control', 'reverse_etl_dlq'), 'job_type', ['natural_key', 'record_ref']),
    (source('control', 'reverse_etl_push_log'), 'entity', ['natural_key', 'record_ref']),
    (source('control', 'match_decisions'), "'patients'", ['natural_key', 'hubspot_id']),
    (id_map, 'entity', ['natural_key', 'record_ref']),
    (ref('outbox_contacts'), "'patients'", ['natural_key', 'record_ref']),
    (ref('outbox_rois'), "'rois'", ['natural_key', 'record_ref']),
    (ref('base_amd__patients'), "'patients'", ['natural_key']),
    (ref('base_amd__rois'), "'rois'", ['natural_key', 'patient_id']),
] %}
delete from {{ table }}
where
    {%- for column in columns %}
    {{ 'or ' if not loop.first -}}
    {{ is_trace(
        column,
        entity,
        normalize_key(column)
            if column == 'patient_id' or table.identifier == 'match_decisions' else column
    ) }}
    {%- endfor %};
{% endfor %}
