{{ config(meta={'arguments': [
    'in_run_id string', 'in_key string', 'in_record_ref string', 'in_roi_keys string'
]}) }}
{%- set id_map = source('control', 'hubspot_id_map') %}
{%- set push_log = source('control', 'reverse_etl_push_log') %}
{%- set mirror = source('hubspot', 'hubspot_mirror') %}
{%- set merges = source('hubspot', 'hubspot_merges') %}
{%- set rois = ref('base_amd__rois') %}
{%- set patient_key = normalize_key(hubspot_value(setting('PATIENT_NATURAL_ID_PROP'))) %}
{%- set roi_key = normalize_key(hubspot_value(setting('ROI_NATURAL_ID_PROP'))) %}
{%- set roi_patient_key = normalize_key(hubspot_value('patient_id')) %}
-- What there is of one patient, on its way to be forgotten: keys, refs and HubSpot ids, of their
-- ROIs as well, each under the name of the columns that hold it. Nothing else is changed.
{% call stage_traces('natural_key') -%}
select distinct
    'patients' as entity,
    natural_key as value,
from (
    select {{ normalize_key('in_key') }} as natural_key
    union all
    select natural_key from {{ ref('outbox_contacts') }} where record_ref = in_record_ref
    union all
    select natural_key from {{ id_map }} where entity = 'patients' and record_ref = in_record_ref
    union all
    select natural_key from {{ push_log }} where entity = 'patients' and record_ref = in_record_ref
    union all
    select natural_key
    from {{ source('control', 'reverse_etl_dlq') }}
    where job_type = 'patients' and record_ref = in_record_ref
)
where natural_key != ''
{%- endcall %}

-- Charts that were merged into theirs in AMD.
{%- for merge in range(2) %}
{% call stage_traces('natural_key') -%}
select distinct
    'patients' as entity,
    natural_key as value,
from {{ id_map }}
where entity = 'patients' and rekeyed_to in {{ traces('natural_key', 'patients') }}
    and natural_key not in {{ traces('natural_key', 'patients') }}
{%- endcall %}
{%- endfor %}

{% call stage_traces('natural_key') -%}
select distinct
    'rois' as entity,
    natural_key as value,
from (
    select natural_key
    from {{ rois }}
    where {{ normalize_key('patient_id') }} in {{ traces('natural_key', 'patients') }}
    union all
    select {{ roi_key }} as natural_key
    from {{ mirror }}
    where entity = 'rois' and {{ roi_patient_key }} in {{ traces('natural_key', 'patients') }}
    union all
    select {{ normalize_key('given') }} as natural_key
    from unnest(split(in_roi_keys, ',')) as given
)
where natural_key != ''
{%- endcall %}

-- Only these are kept from coming back: an older key, below, may be somebody else's by then.
{% call stage_traces('suppressed') -%}
select
    entity,
    value,
from {{ traces('natural_key') }}
{%- endcall %}

-- Keys that AMD no longer has, of the same contact: it was given to theirs by hand.
{% call stage_traces('natural_key') -%}
select distinct
    'patients' as entity,
    older.natural_key as value,
from {{ id_map }} as older
inner join {{ id_map }} as theirs
    on older.entity = theirs.entity and older.hubspot_id = theirs.hubspot_id
left join {{ ref('outbox_contacts') }} as outbox
    on older.natural_key = outbox.natural_key
where
    older.entity = 'patients'
    and outbox.natural_key is null
    and theirs.natural_key in {{ traces('natural_key', 'patients') }}
    and older.natural_key not in {{ traces('natural_key', 'patients') }}
{%- endcall %}

{% call stage_traces('record_ref') -%}
select
    keys.entity,
    {{ record_ref('salt.salt', 'keys.entity', 'keys.record_key') }} as value,
from (
    select
        entity,
        value as record_key,
    from {{ traces('natural_key') }}
    union all
    select
        'rois' as entity,
        concat('row:', row_hash) as record_key,
    from {{ rois }}
    where natural_key is null
        and {{ normalize_key('patient_id') }} in {{ traces('natural_key', 'patients') }}
) as keys
cross join (select min(salt) as salt from {{ source('control', 'reverse_etl_salt') }}) as salt
{%- endcall %}

-- A record that another key's row leads to as well, or that carries another key, is not theirs.
{% call stage_traces('hubspot_id') -%}
with keys as (
    select
        entity,
        value,
    from {{ traces('natural_key') }}
),

keyed as (
    select
        entity,
        natural_key,
        hubspot_id,
    from {{ id_map }}
    union all
    select
        entity,
        natural_key,
        hubspot_id,
    from {{ push_log }}
    where outcome in ('created', 'updated')
    union all
    select
        entity,
        if(entity = 'patients', {{ patient_key }}, {{ roi_key }}) as natural_key,
        hubspot_id,
    from {{ mirror }}
),

owners as (
    select
        keyed.entity,
        keyed.hubspot_id,
        logical_and(keys.value is not null) as is_theirs,
    from keyed
    left join keys
        on keyed.entity = keys.entity and keyed.natural_key = keys.value
    where keyed.natural_key is not null
    group by keyed.entity, keyed.hubspot_id
),

survivors as (
    select
        owners.entity,
        coalesce(merges.survivor_id, owners.hubspot_id) as hubspot_id,
    from owners
    left join {{ merges }} as merges
        on owners.entity = merges.entity and owners.hubspot_id = merges.merged_id
    where owners.is_theirs
),

family as (
    select
        entity,
        hubspot_id,
    from owners
    where is_theirs
    union distinct
    select
        entity,
        hubspot_id,
    from survivors
    union distinct
    select
        survivors.entity,
        merges.merged_id as hubspot_id,
    from survivors
    inner join {{ merges }} as merges
        on survivors.entity = merges.entity and survivors.hubspot_id = merges.survivor_id
)

select
    family.entity,
    family.hubspot_id as value,
from family
left join owners
    on family.entity = owners.entity and family.hubspot_id = owners.hubspot_id
where coalesce(owners.is_theirs, true)
{%- endcall %}

{{ stage_where_it_is() }}

{{ stage_who_has_it() }}

{{ stage_values() }}
