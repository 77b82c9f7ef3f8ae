{#- The columns that every outbox has, out of mapped records with `skipped_columns` (source columns
    that said nothing that counts) and `warnings`: the tail of an outbox model. Two CTEs, to follow
    on the one that is named; `extra_columns` are passed on as they are. -#}
{% macro outbox_rows(entity, records, mapping, extra_columns, protected_setting=none) -%}
rendered as (
    select
        *,
        {{ payload_entries(entity, mapping, protected_setting) }} as all_entries,
    from {{ records }}
),

-- HubSpot takes no text of more than 65,536 characters.
fitting as (
    select
        *,
        array(
            select entry
            from unnest(all_entries) as entry with offset as position
            where char_length(entry) <= 65536
            order by position
        ) as payload_entries,
    from rendered
),

final as (
    select
        natural_key,
        {{ record_ref('salt.salt', "'" ~ entity ~ "'", "coalesce(natural_key, concat('row:', row_hash))") }} as record_ref,
        source_rows,
        case
            when natural_key is null then 'missing_natural_key'
            when is_duplicate_key then 'duplicate_natural_key'
            when {{ missing_required_property(entity) }} then 'missing_required_property'
        end as row_reason,
        array_concat(
            warnings,
            array(
                select concat('too_long:', regexp_extract(entry, r'^"([^"]+)"'))
                from unnest(all_entries) as entry
                where char_length(entry) > 65536
            )
        ) as warnings,
        payload_entries,
        to_hex(sha256(array_to_string(payload_entries, ','))) as payload_hash,
        array(
            select regexp_extract(entry, r'^"([^"]+)"')
            from unnest(payload_entries) as entry
            where ends_with(entry, ':""')
        ) as cleared_properties,
        {%- for column in extra_columns %}
        {{ column }},
        {%- endfor %}
    from fitting
    cross join (select min(salt) as salt from {{ source('control', 'reverse_etl_salt') }}) as salt
)
{%- endmacro %}
