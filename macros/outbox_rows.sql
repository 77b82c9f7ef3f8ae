{#- The columns that every outbox has, out of mapped records with `skipped_columns` (source columns
    that said nothing that counts) and `warnings`: the tail of an outbox model, to follow on the CTE
    that is named. `exclusion_reason` is an expression that says why a row is there and does not count.
    `extra_columns` are passed on as they are. -#}
{% macro outbox_rows(
    entity, records, mapping, extra_columns, protected_setting=none,
    exclusion_reason='cast(null as string)'
) -%}
    {%- set with_options = rows_with_options(entity, mapping, protected_setting) -%}
{% if with_options -%}
{{ chosen_options(entity, records, with_options) }}

{% endif -%}
rendered as (
    select
        natural_key,
        coalesce(natural_key, concat('row:', row_hash)) as record_key,
        source_rows,
        {{ exclusion_reason }} as exclusion_reason,
        case
            when {{ exclusion_reason }} is not null then {{ exclusion_reason }}
            when natural_key is null then 'missing_natural_key'
            when is_duplicate_key then 'duplicate_natural_key'
            when {{ overlong_required_property(entity) }} then 'required_property_too_long'
            when {{ missing_required_property(entity) }} then 'missing_required_property'
        end as row_reason,
        warnings,
        {%- for column in extra_columns %}
        {{ column }},
        {%- endfor %}
        {{ payload_lines(entity, mapping, protected_setting) }} as payload_lines,
    from {{ 'chosen' if with_options else records }}
),

-- HubSpot takes no text of more than 65,536 characters. Only a payload that might hold one is
-- taken apart.
fitting as (
    select
        * except (payload_lines, warnings),
        if(
            char_length(payload_lines) > 65536,
            (
                select string_agg(line, '\n' order by position)
                from unnest(split(
                    if(char_length(payload_lines) > 65536, payload_lines, null), '\n'
                )) as line with offset as position
                where char_length(line) <= 65536
            ),
            payload_lines
        ) as payload_lines,
        array_concat(warnings, array(
            select concat('too_long:', regexp_extract(line, r'^"([^"]+)"'))
            from unnest(split(
                if(char_length(payload_lines) > 65536, payload_lines, null), '\n'
            )) as line
            where char_length(line) > 65536
        )) as warnings,
    from rendered
),

final as (
    select
        natural_key,
        {{ record_ref('salt.salt', "'" ~ entity ~ "'", 'record_key') }} as record_ref,
        source_rows,
        exclusion_reason,
        row_reason,
        warnings,
        split(payload_lines, '\n') as payload_entries,
        to_hex(sha256(payload_lines)) as payload_hash,
        regexp_extract_all(payload_lines, r'(?m)^"([^"]+)":""$') as cleared_properties,
        {%- for column in extra_columns %}
        {{ column }},
        {%- endfor %}
    from fitting
    cross join (select min(salt) as salt from {{ source('control', 'reverse_etl_salt') }}) as salt
)
{%- endmacro %}
