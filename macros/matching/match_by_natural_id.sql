{#-
    The match of an object that HubSpot knows by our natural key alone: by the key on the record
    first, then by the id map. Arguments: the entity; its outbox; its live HubSpot records
    (hubspot_id, natural_key, is_protected); the reason of a key that two records carry; the
    properties that a write rests on, which the guard re-reads; the outbox column that says that
    the source itself locks a row which HubSpot has.
-#}
{% macro match_by_natural_id(
    entity, outbox, hubspot_records, ambiguous_reason, guard_properties=[], source_lock='false'
) -%}
with outbox as (

    select * from {{ outbox }}

),

hubspot_records as (

    select * from {{ hubspot_records }}

),

id_map as (

    select * from {{ ref('int_id_map') }}
    where entity = '{{ entity }}'

),

records_by_key as (

    select
        natural_key,
        count(*) as key_matches,
        min(hubspot_id) as hubspot_id,
        string_agg(hubspot_id, ',' order by hubspot_id) as hubspot_ids,
        logical_or(is_protected) as is_protected,
    from hubspot_records
    where natural_key is not null
    group by natural_key

),

mapped_records as (

    select
        id_map.natural_key,
        hubspot_records.hubspot_id,
        hubspot_records.natural_key as record_key,
        hubspot_records.is_protected,
        count(*) over (partition by hubspot_records.hubspot_id) as mapped_keys,
    from id_map
    left join hubspot_records
        on id_map.hubspot_id = hubspot_records.hubspot_id

),

compared as (

    select
        outbox.record_ref,
        outbox.natural_key,
        outbox.row_reason,
        records_by_key.key_matches,
        records_by_key.hubspot_ids,
        coalesce(records_by_key.hubspot_id, mapped_records.hubspot_id) as hubspot_id,
        coalesce(records_by_key.is_protected, mapped_records.is_protected, false)
            as is_protected_in_hubspot,
        {{ source_lock }} as is_protected_in_source,
        case
            when outbox.row_reason is not null then outbox.row_reason
            when records_by_key.key_matches > 1 then '{{ ambiguous_reason }}'
            when records_by_key.key_matches = 1 then null
            when
                mapped_records.record_key != outbox.natural_key
                or (mapped_records.hubspot_id is not null and mapped_records.mapped_keys > 1)
                then 'id_map_conflict'
            {%- if not var('recreate_deleted') %}
            when mapped_records.natural_key is not null and mapped_records.hubspot_id is null
                then 'deleted_in_hubspot'
            {%- endif %}
        end as reason,
    from outbox
    -- The condition stands within the keys: beside them, DuckDB compares all rows with all.
    left join records_by_key
        on if(outbox.row_reason is null, outbox.natural_key, null) = records_by_key.natural_key
    left join mapped_records
        on if(outbox.row_reason is null, outbox.natural_key, null) = mapped_records.natural_key

),

final as (

    select
        record_ref,
        natural_key,
        '{{ entity }}' as entity,
        case
            when row_reason is not null then null
            when hubspot_id is null then 4
            else 0
        end as match_tier,
        reason,
        if(key_matches > 1, null, hubspot_id) as hubspot_id,
        hubspot_id is not null and (is_protected_in_hubspot or is_protected_in_source)
            as is_protected,
        -- Whose word it is that the record is left alone.
        array_concat(
            if(hubspot_id is not null and is_protected_in_hubspot, ['protected:hubspot'], []),
            if(hubspot_id is not null and is_protected_in_source, ['protected:source'], [])
        ) as match_warnings,
        cast([] as array<string>) as withheld_properties,
        {% if guard_properties -%}
        if(reason is null, ['{{ guard_properties | join("', '") }}'], []) as guard_properties,
        {%- else -%}
        cast([] as array<string>) as guard_properties,
        {%- endif %}
        if(key_matches > 1, hubspot_ids, if(reason is null, null, hubspot_id)) as candidates,
        cast(null as string) as candidate_evidence,
    from compared

)

select * from final
{%- endmacro %}
